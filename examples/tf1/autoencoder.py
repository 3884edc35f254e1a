"""An autoencoder: squeezes digits through 32 numbers and draws them again.

    python -m thalweg run examples/tf1/autoencoder.py [steps]

The last line gives the mean squared error of a pixel in 0..1: below 0.03 after 600 batches.
"""

import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 600
mnist = input_data.read_data_sets("MNIST_data", one_hot=True)
tf.set_random_seed(1)


def layer(inputs, units, activation, name):
    with tf.variable_scope(name):
        size = inputs.get_shape()[1].value
        w = tf.get_variable("w", [size, units], initializer=tf.glorot_uniform_initializer())
        b = tf.get_variable("b", [units], initializer=tf.zeros_initializer())
        return activation(tf.matmul(inputs, w) + b)


x = tf.placeholder(tf.float32, [None, 784])
code = layer(layer(x, 128, tf.nn.relu, "encoder_1"), 32, tf.nn.relu, "encoder_2")
drawn = layer(layer(code, 128, tf.nn.relu, "decoder_1"), 784, tf.nn.sigmoid, "decoder_2")
error = tf.reduce_mean(tf.square(x - drawn))
train = tf.train.RMSPropOptimizer(0.001).minimize(error)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(steps):
        images, _ = mnist.train.next_batch(128)
        sess.run(train, feed_dict={x: images})
    print("test error: %.4f" % sess.run(error, feed_dict={x: mnist.test.images[:2000]}))
