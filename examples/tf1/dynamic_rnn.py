"""An LSTM that reads MNIST's digits row by row, by `tf.nn.dynamic_rnn`.

    python -m thalweg run examples/tf1/dynamic_rnn.py [steps]

The last line gives the accuracy on test images: above 0.9 after 400 batches of 128.
"""

import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 400
mnist = input_data.read_data_sets("MNIST_data", one_hot=True)
tf.set_random_seed(1)

n_steps, n_input, n_hidden, n_classes = 28, 28, 64, 10
x = tf.placeholder(tf.float32, [None, n_steps, n_input])
y = tf.placeholder(tf.float32, [None, n_classes])

cell = tf.nn.rnn_cell.BasicLSTMCell(n_hidden, forget_bias=1.0)
outputs, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
logits = tf.layers.dense(state.h, n_classes)
loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=logits))
train = tf.train.AdamOptimizer(0.004).minimize(loss)
correct = tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1))
accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(steps):
        images, labels = mnist.train.next_batch(128)
        sess.run(train, {x: images.reshape(-1, n_steps, n_input), y: labels})
    images, labels = mnist.test.images[:2000], mnist.test.labels[:2000]
    score = sess.run(accuracy, {x: images.reshape(-1, n_steps, n_input), y: labels})
    print("test accuracy: %.4f" % score)
