"""word2vec's skip-gram with noise-contrastive estimation, on a language made up here.

Words of a theme follow each other; the last line gives how often a word's nearest neighbour among
the vectors is of its own theme: above 0.9.
"""

import numpy as np
import tensorflow as tf

THEMES, WORDS, WINDOW = 5, 8, 2
rng = np.random.RandomState(0)
themes = np.repeat(rng.randint(THEMES, size=1500), 6)
text = themes * WORDS + rng.randint(WORDS, size=len(themes))
vocabulary = THEMES * WORDS

centers = np.repeat(text[WINDOW:-WINDOW], 2 * WINDOW)
shifts = [s for s in range(-WINDOW, WINDOW + 1) if s]
around = np.stack([text[WINDOW + s : len(text) - WINDOW + s] for s in shifts], 1).reshape(-1)

tf.set_random_seed(1)
inputs = tf.placeholder(tf.int32, [None])
labels = tf.placeholder(tf.int32, [None, 1])
embeddings = tf.Variable(tf.random_uniform([vocabulary, 16], -1.0, 1.0))
embed = tf.nn.embedding_lookup(embeddings, inputs)
weights = tf.Variable(tf.truncated_normal([vocabulary, 16], stddev=0.25))
biases = tf.Variable(tf.zeros([vocabulary]))
loss = tf.reduce_mean(tf.nn.nce_loss(weights, biases, labels, embed, 8, vocabulary))
train = tf.train.AdamOptimizer(0.02).minimize(loss)
normal = embeddings / tf.sqrt(tf.reduce_sum(tf.square(embeddings), 1, keepdims=True))
similarity = tf.matmul(normal, normal, transpose_b=True)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(1500):
        picked = rng.randint(len(centers), size=128)
        sess.run(train, feed_dict={inputs: centers[picked], labels: around[picked, None]})
    scores = sess.run(similarity)
np.fill_diagonal(scores, -2)
same = scores.argmax(1) // WORDS == np.arange(vocabulary) // WORDS
print("neighbours of the same theme: %.3f" % same.mean())
