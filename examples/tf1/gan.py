"""A generative adversarial network (Goodfellow et al., 2014) that learns a ring of eight blobs.

    python -m thalweg run examples/tf1/gan.py [steps]

The last line gives the part of the samples that lie within three standard deviations of a blob:
above 0.7 after 4000 steps. An untrained generator's lie in the middle of the ring, far from all.
"""

import sys

import numpy as np
import tensorflow as tf

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
rng = np.random.RandomState(0)
tf.set_random_seed(3)

angles = np.arange(8) * np.pi / 4
centres = 2.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
scale, batch_size, noise_dim = 0.2, 256, 16


def real_batch():
    return centres[rng.randint(8, size=batch_size)] + rng.normal(scale=scale, size=(batch_size, 2))


def noise_batch():
    return rng.normal(size=(batch_size, noise_dim))


def generator(z):
    with tf.variable_scope("generator"):
        hidden = tf.layers.dense(z, 64, activation=tf.nn.relu)
        hidden = tf.layers.dense(hidden, 64, activation=tf.nn.relu)
        return tf.layers.dense(hidden, 2)


def discriminator(x):
    with tf.variable_scope("discriminator", reuse=tf.AUTO_REUSE):
        hidden = tf.layers.dense(x, 64, activation=tf.nn.leaky_relu, name="first")
        hidden = tf.layers.dense(hidden, 64, activation=tf.nn.leaky_relu, name="second")
        return tf.layers.dense(hidden, 1, name="logit")


x = tf.placeholder(tf.float32, [None, 2])
z = tf.placeholder(tf.float32, [None, noise_dim])
sample = generator(z)
real_logits, fake_logits = discriminator(x), discriminator(sample)


def cross_entropy(logits, label):
    labels = tf.fill(tf.shape(logits), label)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))


d_loss = cross_entropy(real_logits, 0.9) + cross_entropy(fake_logits, 0.0)  # one-sided smoothing
g_loss = cross_entropy(fake_logits, 1.0)
d_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="discriminator")
g_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="generator")
d_train = tf.train.AdamOptimizer(0.001, beta1=0.5).minimize(d_loss, var_list=d_vars)
g_train = tf.train.AdamOptimizer(0.001, beta1=0.5).minimize(g_loss, var_list=g_vars)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(steps):
        sess.run(d_train, {x: real_batch(), z: noise_batch()})
        sess.run(g_train, {z: noise_batch()})
    points = np.concatenate([sess.run(sample, {z: noise_batch()}) for _ in range(8)])
    distance = np.linalg.norm(points[:, None] - centres, axis=2)
    near = distance.min(axis=1) < 3 * scale
    found = len(np.unique(distance.argmin(axis=1)[near]))
    print("near a blob: %.4f of %d samples, %d of 8 blobs" % (near.mean(), len(points), found))
