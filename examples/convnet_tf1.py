"""A convnet on MNIST, as TensorFlow's tutorial "Deep MNIST for Experts" wrote it.

The import differs; and to be done in a minute in place of an hour, it has half as many units, He
et al.'s initial weights, and a learning rate that starts high and falls.
"""

import argparse
import math

import thalweg.tf1 as tf
from thalweg.tf1.examples.tutorials.mnist import input_data


def weight_variable(shape):
    """Random numbers as small as the number of inputs asks for."""
    inputs = math.prod(shape[:-1])
    return tf.Variable(tf.truncated_normal(shape, stddev=math.sqrt(2.0 / inputs)))


def bias_variable(shape):
    """Small positive numbers, so that no unit starts dead."""
    return tf.Variable(tf.constant(0.1, shape=shape))


def conv2d(x, W):
    """A convolution that keeps height and width."""
    return tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME")


def max_pool_2x2(x):
    """A pooling that halves height and width."""
    return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


def main():
    """Trains, and prints the accuracy on the test images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="MNIST_data", help="folder that may hold MNIST's files")
    parser.add_argument("--steps", type=int, default=1800, help="batches of 50 images")
    options = parser.parse_args()

    tf.set_random_seed(1)
    mnist = input_data.read_data_sets(options.data, one_hot=True)
    sess = tf.InteractiveSession()

    x = tf.placeholder(tf.float32, shape=[None, 784])
    y_ = tf.placeholder(tf.float32, shape=[None, 10])
    x_image = tf.reshape(x, [-1, 28, 28, 1])

    W_conv1 = weight_variable([5, 5, 1, 16])
    b_conv1 = bias_variable([16])
    h_conv1 = tf.nn.relu(conv2d(x_image, W_conv1) + b_conv1)
    h_pool1 = max_pool_2x2(h_conv1)

    W_conv2 = weight_variable([5, 5, 16, 32])
    b_conv2 = bias_variable([32])
    h_conv2 = tf.nn.relu(conv2d(h_pool1, W_conv2) + b_conv2)
    h_pool2 = max_pool_2x2(h_conv2)

    W_fc1 = weight_variable([7 * 7 * 32, 512])
    b_fc1 = bias_variable([512])
    h_pool2_flat = tf.reshape(h_pool2, [-1, 7 * 7 * 32])
    h_fc1 = tf.nn.relu(tf.matmul(h_pool2_flat, W_fc1) + b_fc1)

    keep_prob = tf.placeholder(tf.float32)
    h_fc1_drop = tf.nn.dropout(h_fc1, keep_prob)

    W_fc2 = weight_variable([512, 10])
    b_fc2 = bias_variable([10])
    y_conv = tf.matmul(h_fc1_drop, W_fc2) + b_fc2

    cross_entropy = tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=y_conv)
    )
    global_step = tf.Variable(0, trainable=False)
    rate = tf.train.exponential_decay(2e-3, global_step, 400, 0.5)
    train_step = tf.train.AdamOptimizer(rate).minimize(cross_entropy, global_step=global_step)
    correct_prediction = tf.equal(tf.argmax(y_conv, 1), tf.argmax(y_, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))
    sess.run(tf.global_variables_initializer())

    for i in range(options.steps):
        batch = mnist.train.next_batch(50)
        if i % 100 == 0:
            train_accuracy = accuracy.eval(feed_dict={x: batch[0], y_: batch[1], keep_prob: 1.0})
            print(f"step {i}, training accuracy {train_accuracy:g}")
        train_step.run(feed_dict={x: batch[0], y_: batch[1], keep_prob: 0.5})

    test, count = mnist.test, mnist.test.num_examples
    correct = 0.0
    for _ in range(count // 1000):
        images, labels = test.next_batch(1000, shuffle=False)
        correct += 1000 * accuracy.eval(feed_dict={x: images, y_: labels, keep_prob: 1.0})
    print(f"test accuracy: {correct / count:.4f}")


if __name__ == "__main__":
    main()
