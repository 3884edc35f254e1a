"""`tf.data`: a classifier fed by datasets, through iterators instead of feed_dict.

    python -m thalweg run examples/tf1/dataset_iterator.py [epochs]

One reinitializable iterator serves training and test data; each pass ends with OutOfRangeError.
The last line gives the accuracy on test images: above 0.9 after 5 epochs of 10,000 images.
"""

import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
mnist = input_data.read_data_sets("MNIST_data")
tf.set_random_seed(1)

count = min(10000, len(mnist.train.images))
images = tf.placeholder(tf.float32, [None, 784])
labels = tf.placeholder(tf.int32, [None])


def brighten(image, label):
    return tf.minimum(image * 1.1, 1.0), tf.one_hot(label, 10)


train = tf.data.Dataset.from_tensor_slices((images, labels))
train = train.shuffle(buffer_size=1000).map(brighten).batch(100)
test = tf.data.Dataset.from_tensor_slices((images, labels)).map(brighten).batch(500)

iterator = tf.data.Iterator.from_structure(train.output_types, train.output_shapes)
start_training = iterator.make_initializer(train)
start_testing = iterator.make_initializer(test)
x, y = iterator.get_next()

hidden = tf.layers.dense(x, 100, activation=tf.nn.relu)
logits = tf.layers.dense(hidden, 10)
loss = tf.losses.softmax_cross_entropy(y, logits)
train_op = tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss)
correct = tf.reduce_sum(tf.cast(tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1)), tf.int32))
size = tf.shape(y)[0]

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for epoch in range(epochs):
        feeds = {images: mnist.train.images[:count], labels: mnist.train.labels[:count]}
        sess.run(start_training, feeds)
        batches, total = 0, 0.0
        while True:
            try:
                value, _ = sess.run([loss, train_op])
            except tf.errors.OutOfRangeError:
                break
            batches, total = batches + 1, total + value
        print("epoch %d: %d batches, mean loss %.4f" % (epoch + 1, batches, total / batches))

    sess.run(start_testing, {images: mnist.test.images[:2000], labels: mnist.test.labels[:2000]})
    right, seen = 0, 0
    while True:
        try:
            r, n = sess.run([correct, size])
        except tf.errors.OutOfRangeError:
            break
        right, seen = right + r, seen + n
    print("test accuracy: %.4f" % (right / seen))
