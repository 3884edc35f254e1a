"""A multilayer perceptron on MNIST out of plain variables, with dropout by a placeholder.

    python -m thalweg run examples/tf1/mlp.py [steps]

The last line gives the accuracy on all test images: above 0.95 after 1000 batches of 100.
"""

import sys

import tensorflow as tf
from tensorflow.examples.tutorials.mnist import input_data

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
mnist = input_data.read_data_sets("MNIST_data", one_hot=True)
tf.set_random_seed(1)

n_input, n_hidden_1, n_hidden_2, n_classes = 784, 256, 256, 10
x = tf.placeholder("float", [None, n_input])
y = tf.placeholder("float", [None, n_classes])
keep_prob = tf.placeholder(tf.float32)

weights = {
    "h1": tf.Variable(tf.random_normal([n_input, n_hidden_1], stddev=0.05)),
    "h2": tf.Variable(tf.random_normal([n_hidden_1, n_hidden_2], stddev=0.05)),
    "out": tf.Variable(tf.random_normal([n_hidden_2, n_classes], stddev=0.05)),
}
biases = {
    "b1": tf.Variable(tf.zeros([n_hidden_1])),
    "b2": tf.Variable(tf.zeros([n_hidden_2])),
    "out": tf.Variable(tf.zeros([n_classes])),
}


def multilayer_perceptron(x):
    layer_1 = tf.nn.relu(tf.add(tf.matmul(x, weights["h1"]), biases["b1"]))
    layer_2 = tf.nn.relu(tf.add(tf.matmul(layer_1, weights["h2"]), biases["b2"]))
    dropped = tf.nn.dropout(layer_2, keep_prob)
    return tf.matmul(dropped, weights["out"]) + biases["out"]


pred = multilayer_perceptron(x)
cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(logits=pred, labels=y))
optimizer = tf.train.AdamOptimizer(learning_rate=0.001).minimize(cost)
correct_prediction = tf.equal(tf.argmax(pred, 1), tf.argmax(y, 1))
accuracy = tf.reduce_mean(tf.cast(correct_prediction, "float"))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(steps):
        batch_x, batch_y = mnist.train.next_batch(100)
        _, c = sess.run([optimizer, cost], {x: batch_x, y: batch_y, keep_prob: 0.75})
        if step % 200 == 0:
            print("step %4d cost %.4f" % (step, c))
    score = accuracy.eval({x: mnist.test.images, y: mnist.test.labels, keep_prob: 1.0})
    print("test accuracy: %.4f" % score)
