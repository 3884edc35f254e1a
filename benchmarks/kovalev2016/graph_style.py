"""The benchmark's program as one wrote it with TensorFlow 1: `tf` is `thalweg.tf1`."""

import importlib
import json
import sys
import time

import numpy as np

library, activation, hidden, epochs, seed, data = sys.argv[1:]
tf = importlib.import_module(library)
tf.set_random_seed(int(seed))
with np.load(data) as file:
    x, y, x_test, y_test = (file[name] for name in ("x", "y", "x_test", "y_test"))

images = tf.placeholder(tf.float32, [None, 784])
labels = tf.placeholder(tf.int64, [None])
top, width = images, 784
for units in [*map(int, hidden.split("-")), 10]:
    weights = tf.Variable(tf.glorot_uniform_initializer()([width, units]))
    top = tf.matmul(top, weights) + tf.Variable(tf.zeros([units]))
    if units != 10:
        top, width = getattr(tf.nn, activation)(top), units
losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=top)
optimizer = tf.train.MomentumOptimizer(0.01, 0.9, use_nesterov=True)
step = optimizer.minimize(tf.reduce_mean(losses))
answer = tf.argmax(top, 1)

session = tf.Session()
session.run(tf.global_variables_initializer())
random = np.random.default_rng(int(seed))
start = time.perf_counter()
for _ in range(int(epochs)):
    order = random.permutation(len(x))
    for first in range(0, len(x), 128):
        batch = order[first : first + 128]
        session.run(step, {images: x[batch], labels: y[batch]})
trained = time.perf_counter()
answers = session.run(answer, {images: x_test})
done = time.perf_counter()
accuracy = float((answers == y_test).mean())
print(json.dumps({"train_s": trained - start, "predict_s": done - trained, "accuracy": accuracy}))
