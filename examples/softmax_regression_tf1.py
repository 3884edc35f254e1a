"""Softmax regression on MNIST, as TensorFlow's tutorial "MNIST for beginners" wrote it in 2015.

Only the import differs: python softmax_regression_tf1.py [--data FOLDER]
"""

import argparse

import thalweg.tf1 as tf
from thalweg.tf1.examples.tutorials.mnist import input_data


def main() -> None:
    """Trains for 1,000 steps and prints the accuracy on the test images."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="MNIST_data", help="folder that may hold MNIST's files")
    parser.add_argument("--rate", type=float, default=0.5, help="step size")
    options = parser.parse_args()

    tf.set_random_seed(1)
    mnist = input_data.read_data_sets(options.data, one_hot=True)

    x = tf.placeholder(tf.float32, [None, 784])
    W = tf.Variable(tf.zeros([784, 10]))
    b = tf.Variable(tf.zeros([10]))
    y = tf.nn.softmax(tf.matmul(x, W) + b)

    y_ = tf.placeholder(tf.float32, [None, 10])
    cross_entropy = tf.reduce_mean(-tf.reduce_sum(y_ * tf.log(y), reduction_indices=[1]))
    train_step = tf.train.GradientDescentOptimizer(options.rate).minimize(cross_entropy)

    init = tf.initialize_all_variables()
    sess = tf.Session()
    sess.run(init)
    for _ in range(1000):
        batch_xs, batch_ys = mnist.train.next_batch(100)
        sess.run(train_step, feed_dict={x: batch_xs, y_: batch_ys})

    correct_prediction = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
    accuracy = tf.reduce_mean(tf.cast(correct_prediction, "float"))
    loss, result = sess.run(
        [cross_entropy, accuracy], feed_dict={x: mnist.test.images, y_: mnist.test.labels}
    )
    print(f"test loss: {loss:.4f}")
    print(f"test accuracy: {result:.4f}")


if __name__ == "__main__":
    main()
