"""Linear regression by gradient descent: finds the line behind noisy points.

The last line gives the slope and the intercept; the points lie on y = 3 x - 1.
"""

import numpy as np
import tensorflow as tf

rng = np.random.RandomState(0)
train_x = rng.uniform(-1, 1, 200)
train_y = 3.0 * train_x - 1.0 + rng.normal(scale=0.1, size=200)

X = tf.placeholder("float")
Y = tf.placeholder("float")
W = tf.Variable(rng.randn(), name="weight", dtype=tf.float32)
b = tf.Variable(rng.randn(), name="bias", dtype=tf.float32)
pred = tf.add(tf.multiply(X, W), b)
cost = tf.reduce_sum(tf.pow(pred - Y, 2)) / (2 * len(train_x))
optimizer = tf.train.GradientDescentOptimizer(0.5).minimize(cost)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for epoch in range(200):
        sess.run(optimizer, feed_dict={X: train_x, Y: train_y})
    print("slope: %.3f intercept: %.3f" % (sess.run(W), sess.run(b)))
