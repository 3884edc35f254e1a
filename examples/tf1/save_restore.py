"""Trains half-way, saves, and goes on from the checkpoint in a fresh session.

The last line says whether that gave the weights of a training without a break.
"""

import os
import tempfile

import numpy as np
import tensorflow as tf

rng = np.random.RandomState(1)
data = rng.normal(size=(64, 5)).astype("float32")
target = data.dot([[1.0], [-2.0], [0.5], [0.0], [3.0]]).astype("float32")

x = tf.placeholder(tf.float32, [None, 5])
y = tf.placeholder(tf.float32, [None, 1])
tf.set_random_seed(2)
w = tf.get_variable("w", [5, 1])
global_step = tf.train.get_or_create_global_step()
loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
train = tf.train.AdamOptimizer(0.05).minimize(loss, global_step=global_step)
saver = tf.train.Saver(max_to_keep=2)
feed = {x: data, y: target}

with tempfile.TemporaryDirectory() as folder, tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(50):
        sess.run(train, feed)
    saver.save(sess, os.path.join(folder, "model"), global_step=global_step)
    for step in range(50):
        sess.run(train, feed)
    unbroken = sess.run(w)
    with tf.Session() as again:
        saver.restore(again, tf.train.latest_checkpoint(folder))
        for step in range(50):
            again.run(train, feed)
        print(
            "equal: %s after %d steps" % ((again.run(w) == unbroken).all(), again.run(global_step))
        )
