"""MNIST's digits read row by row: a static RNN, or one that reads both ways.

    python -m thalweg run examples/tf1/static_rnn.py [static|bidirectional] [steps]

The last line gives the accuracy on test images: above 0.9 after 400 batches of 128.
"""

import sys

import tensorflow as tf
from tensorflow.contrib import rnn
from tensorflow.examples.tutorials.mnist import input_data

kind = sys.argv[1] if len(sys.argv) > 1 else "static"
steps = int(sys.argv[2]) if len(sys.argv) > 2 else 400
mnist = input_data.read_data_sets("MNIST_data", one_hot=True)
tf.set_random_seed(1)

timesteps, num_input, num_hidden, num_classes = 28, 28, 64, 10
X = tf.placeholder("float", [None, timesteps, num_input])
Y = tf.placeholder("float", [None, num_classes])
width = num_hidden if kind == "static" else 2 * num_hidden  # both directions' outputs
weights = tf.get_variable("weights", [width, num_classes])
biases = tf.get_variable("biases", [num_classes], initializer=tf.zeros_initializer())


def RNN(x):
    rows = tf.unstack(x, timesteps, 1)  # one (batch, num_input) a time step
    if kind == "static":
        cell = rnn.BasicLSTMCell(num_hidden, forget_bias=1.0)
        outputs, state = rnn.static_rnn(cell, rows, dtype=tf.float32)
        last = outputs[-1]
    else:
        forward = rnn.BasicLSTMCell(num_hidden, forget_bias=1.0)
        backward = rnn.BasicLSTMCell(num_hidden, forget_bias=1.0)
        outputs, state_fw, state_bw = rnn.static_bidirectional_rnn(
            forward, backward, rows, dtype=tf.float32
        )
        last = tf.concat([state_fw.h, state_bw.h], 1)  # each has read the whole digit
    return tf.matmul(last, weights) + biases


logits = RNN(X)
loss_op = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=Y))
optimizer = tf.train.AdamOptimizer(learning_rate=0.005)
gradients, variables = zip(*optimizer.compute_gradients(loss_op))
gradients, _ = tf.clip_by_global_norm(gradients, 5.0)
train_op = optimizer.apply_gradients(zip(gradients, variables))
correct = tf.equal(tf.argmax(logits, 1), tf.argmax(Y, 1))
accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(steps):
        batch_x, batch_y = mnist.train.next_batch(128)
        sess.run(train_op, {X: batch_x.reshape((128, timesteps, num_input)), Y: batch_y})
    test_x = mnist.test.images[:2000].reshape((-1, timesteps, num_input))
    score = sess.run(accuracy, {X: test_x, Y: mnist.test.labels[:2000]})
    print("test accuracy: %.4f" % score)
