"""Transfer learning in a minute: LeNet learns the digits 0-4, and with few pictures then 5-9.

    python examples/transfer_digits.py [--each 100] [--seeds 3]

Three ways from the same pictures, measured on all test digits 5-9:
  scratch   a new LeNet
  frozen    LeNet's convolutions and dense layer as 0-4 left them, computed once; a new last layer
  tuned     the same, and then all layers trained on with small steps

Yosinski, Clune, Bengio and Lipson, "How transferable are features in deep neural networks?", 2014.
"""

import argparse

import numpy as np

import thalweg as keras
from thalweg import layers
from thalweg.applications import lenet
from thalweg.datasets import mnist


def compiled(model, rate):
    """The model, ready to train on integer labels."""
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def fitted(model, x, y, steps, rate=1e-3, batch=50):
    """The model after so many steps, whatever the number of pictures."""
    epochs = -(-steps * batch // len(x))
    compiled(model, rate).fit(x, y, batch_size=batch, epochs=epochs, verbose=0)
    return model


def few(x, y, each, seed):
    """So many pictures of each class, drawn by a seed."""
    order = np.random.default_rng(seed).permutation(len(y))
    chosen = np.concatenate([order[y[order] == label][:each] for label in np.unique(y)])
    return x[chosen], y[chosen]


def accuracies(source, train, test, steps):
    """Test accuracy of the three ways, in percent."""
    (x, y), (x_test, y_test) = train, test
    scratch = fitted(lenet.LeNet(weights=None, classes=5), x, y, steps)
    body = keras.Model(source.input, source.layers[-2].output)
    head = keras.Sequential([layers.Input((500,)), layers.Dense(5, "softmax")])
    features = body.predict(x, verbose=0)  # once: the body does not change
    fitted(head, features, y, steps)
    whole = keras.Sequential([body, head])
    frozen = compiled(whole, 1e-3).evaluate(x_test, y_test, batch_size=500, verbose=0)[1]
    tuned = fitted(whole, x, y, steps, rate=2e-4)
    tuned = tuned.evaluate(x_test, y_test, batch_size=500, verbose=0)[1]
    alone = scratch.evaluate(x_test, y_test, batch_size=500, verbose=0)[1]
    return {"scratch": alone * 100, "frozen": frozen * 100, "tuned": tuned * 100}


def main():
    """Trains on 0-4, then on a few of 5-9."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--each", type=int, default=100, help="pictures of each digit 5-9")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4, help="on the digits 0-4")
    parser.add_argument("--steps", type=int, default=600, help="of each training on few pictures")
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = mnist.load_data()
    x, x_test = lenet.preprocess_input(x), lenet.preprocess_input(x_test)
    low, high, test = y < 5, y >= 5, y_test >= 5
    source = compiled(lenet.LeNet(weights=None, classes=5), 1e-3)
    source.fit(x[low], y[low], batch_size=128, epochs=options.epochs, verbose=2)
    test = x_test[test], y_test[test] - 5
    results = []
    for seed in range(options.seeds):
        keras.utils.set_random_seed(seed)
        weights = source.get_weights()
        chosen = few(x[high], y[high] - 5, options.each, seed)
        results.append(accuracies(source, chosen, test, options.steps))
        source.set_weights(weights)  # the body was tuned
        print(f"seed {seed}: " + ", ".join(f"{k} {v:.2f} %" for k, v in results[-1].items()))
    for name in results[0]:
        values = [result[name] for result in results]
        print(f"{name:8} {np.mean(values):.2f} % ± {np.std(values):.2f}")


if __name__ == "__main__":
    main()
