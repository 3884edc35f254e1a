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


def test_an_adversarial_pair_with_shared_scopes() -> None:
    """Two networks, one of them used twice; each optimizer changes the variables of one scope."""

    def generator(z):  # type: ignore[no-untyped-def]
        with tf.variable_scope("generator"):
            h = tf.layers.dense(z, 16, activation=tf.nn.relu)
            return tf.layers.dense(h, 1)

    def discriminator(x, reuse=None):  # type: ignore[no-untyped-def]
        with tf.variable_scope("discriminator", reuse=reuse) as scope:
            if reuse:
                scope.reuse_variables()
            h = tf.layers.dense(x, 16, activation=tf.nn.leaky_relu)
            return tf.layers.dense(h, 1)

    tf.set_random_seed(1)
    random = np.random.default_rng(0)
    x = tf.placeholder(tf.float32, [None, 1])
    z = tf.placeholder(tf.float32, [None, 2])
    fake = generator(z)
    real_logits, fake_logits = discriminator(x), discriminator(fake, reuse=True)
    loss = tf.losses.sigmoid_cross_entropy
    d_loss = loss(tf.ones_like(real_logits), real_logits) + loss(
        tf.zeros_like(fake_logits), fake_logits
    )
    g_loss = loss(tf.ones_like(fake_logits), fake_logits)
    d_vars = [v for v in tf.trainable_variables() if v.name.startswith("discriminator")]
    g_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="generator/")
    assert len(d_vars) == len(g_vars) == 4
    d_step = tf.train.AdamOptimizer(0.02, beta1=0.5).minimize(d_loss, var_list=d_vars)
    g_step = tf.train.AdamOptimizer(0.02, beta1=0.5).minimize(g_loss, var_list=g_vars)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(300):
            noise = random.normal(size=(32, 2))
            sess.run(d_step, {x: random.normal(3.0, 0.5, (32, 1)), z: noise})
            sess.run(g_step, {z: noise})
        made = sess.run(fake, {z: random.normal(size=(500, 2))})
    assert abs(made.mean() - 3.0) < 1.0


def _classifier(checkpoint_dir, steps):  # type: ignore[no-untyped-def]
    """Trains up to a global step, from the last checkpoint on; returns the loss of each step."""
    random = np.random.default_rng(3)
    data = random.normal(size=(64, 6)).astype(np.float32)
    answers = (data[:, 0] * data[:, 1] > 0).astype(np.int64)
    losses = []
    with tf.Graph().as_default():
        tf.set_random_seed(4)
        x, y = tf.placeholder(tf.float32, [None, 6]), tf.placeholder(tf.int64, [None])
        global_step = tf.train.get_or_create_global_step()
        net = tf.layers.dense(x, 16, kernel_regularizer=tf.contrib.layers.l2_regularizer(1e-3))
        net = tf.nn.relu(tf.layers.batch_normalization(net, momentum=0.9, training=True))
        logits = tf.layers.dense(net, 2)
        tf.losses.sparse_softmax_cross_entropy(labels=y, logits=logits)
        loss = tf.losses.get_total_loss()
        rate = tf.train.exponential_decay(0.05, global_step, 10, 0.9, staircase=True)
        ema = tf.train.ExponentialMovingAverage(0.9, global_step)
        optimizer = tf.train.MomentumOptimizer(rate, 0.9)
        gradients, variables = zip(*optimizer.compute_gradients(loss), strict=True)
        clipped, _ = tf.clip_by_global_norm(gradients, 1.0)
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            step = optimizer.apply_gradients(zip(clipped, variables, strict=True), global_step)
        with tf.control_dependencies([step]):
            train = ema.apply(tf.trainable_variables())
        hooks = [tf.train.StopAtStepHook(last_step=steps), tf.train.NanTensorHook(loss)]
        with tf.train.MonitoredTrainingSession(
            checkpoint_dir=checkpoint_dir, hooks=hooks, save_checkpoint_steps=7
        ) as sess:
            while not sess.should_stop():
                at = sess.run_step_fn(lambda context: context.session.run(global_step))
                batch = slice(at % 4 * 16, at % 4 * 16 + 16)
                losses.append(sess.run([loss, train], {x: data[batch], y: answers[batch]})[0])
    return losses


def test_training_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(tmp_path) -> None:  # type: ignore[no-untyped-def]
    whole = _classifier(str(tmp_path / "whole"), 30)
    parts = _classifier(str(tmp_path / "parts"), 11) + _classifier(str(tmp_path / "parts"), 30)
    assert [float(loss) for loss in parts] == [float(loss) for loss in whole]
    assert np.mean(whole[-4:]) < 0.8 * np.mean(whole[:4])
    names = dict(tf.train.list_variables(str(tmp_path / "parts")))
    assert len(names) == 6 + 2 + 2 * 6 + 1  # trained, moving, slots and averages, the step
    assert {"dense/kernel/Momentum", "dense/kernel/ExponentialMovingAverage"} <= set(names)
    kernels = [
        tf.train.load_variable(str(tmp_path / folder), "dense/kernel/ExponentialMovingAverage")
        for folder in ("whole", "parts")
    ]
    np.testing.assert_array_equal(*kernels)


def test_layers_named_after_their_scopes() -> None:
    """`tf.nn.relu(x, name=scope)`: the activation is called like the layer."""

    def conv(x, channels, name):  # type: ignore[no-untyped-def]
        with tf.name_scope(name) as scope:
            kernel = tf.Variable(tf.truncated_normal([3, 3, 1, channels]), name="weights")
            y = tf.nn.conv2d(x, kernel, [1, 1, 1, 1], padding="SAME")
            return tf.nn.relu(y, name=scope)

    x = tf.zeros([1, 8, 8, 1])
    assert [conv(x, 2, "conv").op.name for _ in range(2)] == ["conv", "conv_1"]
    graph = tf.get_default_graph()
    assert graph.get_tensor_by_name("conv:0").shape == (1, 8, 8, 2)
    assert [v.op.name for v in tf.global_variables()] == ["conv/weights", "conv_1/weights"]


def test_sharing_by_custom_getter_and_averages_for_evaluation() -> None:
    """Evaluation reads the averages of the variables, by a getter of the variable scope."""
    ema = tf.train.ExponentialMovingAverage(decay=0.5)

    def averaged(getter, name, *args, **kwargs):  # type: ignore[no-untyped-def]
        variable = getter(name, *args, **kwargs)
        return ema.average(variable) if ema.average(variable) is not None else variable

    def model(x, getter=None):  # type: ignore[no-untyped-def]
        with tf.variable_scope("model", reuse=tf.AUTO_REUSE, custom_getter=getter):
            return x * tf.get_variable("w", [], initializer=tf.constant_initializer(1.0))

    y = model(2.0)
    [w] = tf.trainable_variables()
    with tf.control_dependencies([w.assign(3.0)]):
        step = ema.apply([w])
    smooth = model(2.0, averaged)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(step)
        assert sess.run([y, smooth]) == [6.0, 4.0]
