"""The benchmark's program as one writes it with Keras: `keras` is thalweg or Keras itself."""

import importlib
import json
import sys
import time

import numpy as np

library, activation, hidden, epochs, seed, data = sys.argv[1:]
keras = importlib.import_module(library)
keras.utils.set_random_seed(int(seed))
with np.load(data) as file:
    x, y, x_test, y_test = (file[name] for name in ("x", "y", "x_test", "y_test"))

model = keras.Sequential([keras.layers.Input((784,))])
for units in hidden.split("-"):
    model.add(keras.layers.Dense(int(units), activation=activation))
model.add(keras.layers.Dense(10, activation="softmax"))
optimizer = keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True)
model.compile(optimizer, "sparse_categorical_crossentropy")

start = time.perf_counter()
model.fit(x, y, batch_size=128, epochs=int(epochs), verbose=0)
trained = time.perf_counter()
answers = model.predict(x_test, batch_size=128, verbose=0).argmax(axis=1)
done = time.perf_counter()
accuracy = float((answers == y_test).mean())
print(json.dumps({"train_s": trained - start, "predict_s": done - trained, "accuracy": accuracy}))
