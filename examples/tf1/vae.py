"""A variational autoencoder on MNIST (Kingma and Welling, 2014), two latent numbers a digit.

    python -m thalweg run examples/tf1/vae.py [steps]

The last line gives the negative evidence lower bound of test images in nats: below 180 after 1500
batches of 100. A model that knows only the mean image stays at 206.
"""

import sys

import numpy as np
import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
mnist = input_data.read_data_sets("MNIST_data", one_hot=True)
tf.set_random_seed(1)

n_hidden, n_latent = 256, 2
x = tf.placeholder(tf.float32, [None, 784])


def encoder(x):
    with tf.variable_scope("encoder", initializer=tf.glorot_uniform_initializer()):
        hidden = tf.layers.dense(x, n_hidden, activation=tf.nn.tanh)
        return tf.layers.dense(hidden, n_latent), tf.layers.dense(hidden, n_latent)


def decoder(z, reuse=None):
    with tf.variable_scope("decoder", reuse=reuse):
        hidden = tf.layers.dense(z, n_hidden, activation=tf.nn.tanh, name="hidden")
        return tf.layers.dense(hidden, 784, name="logits")


z_mean, z_log_sigma_sq = encoder(x)
epsilon = tf.random_normal(tf.shape(z_mean))
z = z_mean + tf.exp(0.5 * z_log_sigma_sq) * epsilon  # the reparameterisation
logits = decoder(z)

reconstruction = tf.reduce_sum(
    tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), axis=1
)
latent = -0.5 * tf.reduce_sum(
    1 + z_log_sigma_sq - tf.square(z_mean) - tf.exp(z_log_sigma_sq), axis=1
)
cost = tf.reduce_mean(reconstruction + latent)
train_op = tf.train.AdamOptimizer(0.002).minimize(cost)

z_given = tf.placeholder(tf.float32, [None, n_latent])
generated = tf.sigmoid(decoder(z_given, reuse=True))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(steps):
        batch, _ = mnist.train.next_batch(100)
        sess.run(train_op, {x: batch})
    images = sess.run(generated, {z_given: np.random.RandomState(0).normal(size=(16, n_latent))})
    print("16 new digits, mean brightness %.3f" % images.mean())
    print("test bound: %.2f nats" % sess.run(cost, {x: mnist.test.images[:2000]}))
