"""Whole programs in the manner of the courses, small: they run unchanged and learn."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg.tf1 as tf


def test_linear_regression() -> None:
    random = np.random.RandomState(0)
    train_x = random.rand(17)
    train_y = 3 * train_x + 1
    X = tf.placeholder("float")
    Y = tf.placeholder("float")
    W = tf.Variable(random.randn(), name="weight")
    b = tf.Variable(random.randn(), name="bias")
    pred = tf.add(tf.multiply(X, W), b)
    cost = tf.reduce_sum(tf.pow(pred - Y, 2)) / (2 * len(train_x))
    optimizer = tf.train.GradientDescentOptimizer(0.5).minimize(cost)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(500):
            sess.run(optimizer, feed_dict={X: train_x, Y: train_y})
        assert cost.eval({X: train_x, Y: train_y}) < 1e-4
        assert sess.run([W, b]) == [pytest.approx(3, abs=0.05), pytest.approx(1, abs=0.05)]


def test_two_layer_convnet_with_decay_momentum_and_regularizers() -> None:
    batch_size, seed = 16, 66478
    random = np.random.default_rng(0)
    images = tf.placeholder(tf.float32, shape=(batch_size, 12, 12, 1))
    labels = tf.placeholder(tf.int64, shape=(batch_size,))
    conv1_weights = tf.Variable(tf.truncated_normal([5, 5, 1, 4], stddev=0.1, seed=seed))
    conv1_biases = tf.Variable(tf.zeros([4], dtype=tf.float32))
    conv2_weights = tf.Variable(tf.truncated_normal([5, 5, 4, 8], stddev=0.1, seed=seed))
    conv2_biases = tf.Variable(tf.constant(0.1, shape=[8], dtype=tf.float32))
    fc_weights = tf.Variable(tf.truncated_normal([12 // 4 * 12 // 4 * 8, 3], stddev=0.1))
    fc_biases = tf.Variable(tf.constant(0.1, shape=[3]))

    def model(data, train=False):  # type: ignore[no-untyped-def]
        conv = tf.nn.conv2d(data, conv1_weights, strides=[1, 1, 1, 1], padding="SAME")
        relu = tf.nn.relu(tf.nn.bias_add(conv, conv1_biases))
        pool = tf.nn.max_pool(relu, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
        conv = tf.nn.conv2d(pool, conv2_weights, strides=[1, 1, 1, 1], padding="SAME")
        relu = tf.nn.relu(tf.nn.bias_add(conv, conv2_biases))
        pool = tf.nn.max_pool(relu, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
        pool_shape = pool.get_shape().as_list()
        hidden = tf.reshape(pool, [pool_shape[0], pool_shape[1] * pool_shape[2] * pool_shape[3]])
        if train:
            hidden = tf.nn.dropout(hidden, 0.5, seed=seed)
        return tf.matmul(hidden, fc_weights) + fc_biases

    logits = model(images, True)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
    loss += 5e-4 * (tf.nn.l2_loss(fc_weights) + tf.nn.l2_loss(fc_biases))
    batch = tf.Variable(0, dtype=tf.float32, trainable=False)
    learning_rate = tf.train.exponential_decay(0.05, batch * batch_size, 160, 0.5, staircase=True)
    optimizer = tf.train.MomentumOptimizer(learning_rate, 0.9).minimize(loss, global_step=batch)
    prediction = tf.nn.softmax(model(images))

    with tf.Session() as sess:
        tf.global_variables_initializer().run()
        for _ in range(30):
            y = random.integers(0, 3, batch_size)
            x = random.normal(0, 0.3, (batch_size, 12, 12, 1))
            x[np.arange(batch_size), 4 * y] += 2.0  # a bright line whose height is the class
            feed_dict = {images: x, labels: y}
            _, lr = sess.run([optimizer, learning_rate], feed_dict=feed_dict)
        error = 100.0 - 100.0 * np.mean(sess.run(prediction, feed_dict).argmax(1) == y)
        assert sess.run(batch) == 30
        assert lr == pytest.approx(0.0125)
        assert error == 0


def test_recurrent_network_written_out() -> None:
    random = np.random.default_rng(0)
    words = random.integers(0, 20, (64, 4))
    classes = words[:, 1] % 3
    x = tf.placeholder(tf.int32, [None, 4])
    y = tf.placeholder(tf.int32, [None])
    embedding = tf.Variable(tf.random_uniform([20, 8], -1.0, 1.0, seed=1))
    W = tf.Variable(tf.random_normal([16, 8], stddev=0.3, seed=2))
    b = tf.Variable(tf.zeros([8]))
    inputs = tf.gather(embedding, x)
    state = tf.zeros([tf.shape(x)[0], 8])
    for i in range(4):
        state = tf.tanh(tf.matmul(tf.concat([inputs[:, i, :], state], 1), W) + b)
    logits = tf.matmul(state, tf.Variable(tf.truncated_normal([8, 3], seed=3)))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    optimizer = tf.train.AdamOptimizer(0.05)
    gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
    clipped, _ = tf.clip_by_global_norm(gradients, 1.0)
    train = optimizer.apply_gradients(zip(clipped, variables, strict=True))
    accuracy = tf.reduce_mean(tf.cast(tf.nn.in_top_k(logits, y, 1), tf.float32))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(100):
            sess.run(train, feed_dict={x: words, y: classes})
        assert sess.run(accuracy, feed_dict={x: words, y: classes}) > 0.95
