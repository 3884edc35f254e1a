"""A convnet on MNIST by `tf.layers`, as TensorFlow's guide to layers wrote it.

    python -m thalweg run examples/tf1/convnet_layers.py [steps]

The last line gives the accuracy on test images: above 0.96 after 400 batches of 64.
"""

import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 400
mnist = input_data.read_data_sets("MNIST_data")
tf.set_random_seed(1)


def cnn_model(features, training):
    input_layer = tf.reshape(features, [-1, 28, 28, 1])
    conv1 = tf.layers.conv2d(input_layer, 16, [5, 5], padding="same", activation=tf.nn.relu)
    pool1 = tf.layers.max_pooling2d(conv1, pool_size=[2, 2], strides=2)
    conv2 = tf.layers.conv2d(pool1, 32, [5, 5], padding="same", activation=tf.nn.relu)
    pool2 = tf.layers.max_pooling2d(conv2, pool_size=[2, 2], strides=2)
    flat = tf.layers.flatten(pool2)
    dense = tf.layers.dense(flat, 128, activation=tf.nn.relu)
    dropout = tf.layers.dropout(dense, rate=0.4, training=training)
    return tf.layers.dense(dropout, 10)


images = tf.placeholder(tf.float32, [None, 784])
labels = tf.placeholder(tf.int64, [None])
training = tf.placeholder_with_default(False, [])
logits = cnn_model(images, training)
loss = tf.losses.sparse_softmax_cross_entropy(labels=labels, logits=logits)
global_step = tf.train.get_or_create_global_step()
rate = tf.train.exponential_decay(0.002, global_step, 200, 0.7)
train_op = tf.train.AdamOptimizer(rate).minimize(loss, global_step=global_step)
accuracy, update_accuracy = tf.metrics.accuracy(labels, tf.argmax(logits, axis=1))

with tf.Session() as sess:
    sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    while sess.run(global_step) < steps:
        batch_images, batch_labels = mnist.train.next_batch(64)
        sess.run(train_op, {images: batch_images, labels: batch_labels, training: True})
    for start in range(0, 2000, 500):
        part = slice(start, start + 500)
        feeds = {images: mnist.test.images[part], labels: mnist.test.labels[part]}
        sess.run(update_accuracy, feeds)
    print("test accuracy: %.4f" % sess.run(accuracy))
