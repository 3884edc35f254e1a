"""Make the reference files of the fidelity tests from real Keras.

Command, in the repository's root:

    python tests/fidelity/make_reference.py --out tests/fidelity/reference

It needs an environment of its own (thalweg need not be in it):

    python -m venv keras-env
    keras-env/bin/pip install tensorflow-cpu "keras>=3" tf_keras
    keras-env/bin/python tests/fidelity/make_reference.py --out tests/fidelity/reference

The digits come from `mnist_640.npz` in the output folder where it exists; otherwise give
`--mnist PATH` (Keras's `mnist.npz`) or set the environment variable THALWEG_DATA to its folder.
`--only PART` (repeatable) makes some of the parts: digits, training, layers, losses, metrics, fit,
hdf5, initializers. Everything takes about five minutes on one core. Two runs on one machine give
the same bytes; another processor or another TensorFlow may change last bits. README.md beside this
file says what each output holds.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import fixtures
import numpy as np
import numpy.typing as npt
import reference_cases as cases
import reference_models as models
from reference_models import keras, tf_keras

Array = npt.NDArray[Any]
DIGITS = 640
NOISE = 2.4e-7  # relative; four times the largest relative rounding error of float32
NOISE_RUNS = 12
HDF5_SEED = 30_004
POSITIVE = ("gamma", "moving_variance")  # these weights are drawn above zero


def say(text: str) -> None:
    """Write one line of progress to standard error."""
    sys.stderr.write(text + "\n")


def replace_file(path: Path, content: bytes) -> None:
    """Write the whole content beside the path, then move it there in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    say(f"  {path.name}: {len(content):,} bytes")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON with the library versions; a flat list stays on one line."""
    text = json.dumps({"made_with": models.versions(), **content}, indent=1, allow_nan=False)
    text = re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found.group().split()), text)
    replace_file(path, (text + "\n").encode())


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write a compressed npz; member dates are constant, so equal arrays give equal bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    replace_file(path, buffer.getvalue())


def host(value: Any) -> Array:
    """Return a Keras tensor or variable as a NumPy array."""
    return np.asarray(keras.ops.convert_to_numpy(value))


# ---------------------------------------------------------------------------------------- digits


def read_digits(out: Path, mnist: Path | None) -> tuple[npt.NDArray[np.uint8], Array]:
    """Return the first 640 training digits, from the output folder or from MNIST itself."""
    stored = out / "mnist_640.npz"
    if mnist is None and not stored.exists() and "THALWEG_DATA" in os.environ:
        mnist = Path(os.environ["THALWEG_DATA"]) / "mnist.npz"
    source, names = (stored, ("x", "y")) if mnist is None else (mnist, ("x_train", "y_train"))
    with np.load(source) as file:
        images, labels = file[names[0]][:DIGITS], file[names[1]][:DIGITS]
    shapes = (images.shape, labels.shape, images.dtype, labels.dtype)
    if shapes != ((DIGITS, 28, 28), (DIGITS,), np.dtype(np.uint8), np.dtype(np.uint8)):
        raise SystemExit(f"{source}: expected {DIGITS} uint8 digits, got {shapes}")
    return images, labels


def make_digits(out: Path, mnist: Path | None) -> None:
    """Store the digits of the training traces."""
    images, labels = read_digits(out, mnist)
    write_arrays(out / "mnist_640.npz", {"x": images, "y": labels})


# -------------------------------------------------------------------------------- training traces


class Trace:
    """One model with one optimizer, compiled once and run from chosen weights many times."""

    def __init__(self, model: str, optimizer: Any, dtype: str, digits: tuple[Array, Array]) -> None:
        """Build and compile the model in the given dtype."""
        keras.backend.clear_session()
        keras.config.set_floatx(dtype)
        self.dtype = dtype
        self.model = models.mlp() if model == "mlp" else models.lenet()
        images, labels = fixtures.pixels(digits[0]), digits[1]
        if model == "mlp":
            self.x: Array = images.reshape(-1, 784)
            self.y: Array = labels.astype(np.int64)
            loss = "sparse_categorical_crossentropy"
        else:
            self.x, self.y = images[..., None], fixtures.one_hot(labels, 10)
            loss = "categorical_crossentropy"
        self.loss = loss
        self.optimizer = optimizer()
        self.model.compile(optimizer=self.optimizer, loss=loss, jit_compile=False)
        self.optimizer.build(self.model.trainable_variables)
        self.slots = [host(variable) for variable in self.optimizer.variables]

    def losses(self, weights: Sequence[Array], noise: int | None = None) -> list[float]:
        """Return the loss of each batch of 100 steps, before that step's update.

        With `noise` (a seed), the weights and every batch are multiplied by 1 + NOISE * u, u in
        -1..1: about what another order of summation may change.
        """
        for variable, value in zip(self.optimizer.variables, self.slots, strict=True):
            variable.assign(value)
        random = None if noise is None else fixtures.generator(noise)

        def disturbed(array: Array) -> Array:
            if random is None:
                return array.astype(self.dtype)
            factor = 1.0 + NOISE * fixtures.uniform(random, array.shape).astype(np.float64)
            return (array * factor).astype(self.dtype)

        self.model.set_weights([disturbed(array) for array in weights])
        result = []
        for step in range(fixtures.TRAINING_STEPS):
            rows = fixtures.batch_rows(step, len(self.x))
            # train_on_batch answers with running means: reset, and it is this batch's loss.
            self.model.reset_metrics()
            result.append(float(self.model.train_on_batch(disturbed(self.x[rows]), self.y[rows])))
        return result


def deviation(losses: Sequence[float], reference: Sequence[float]) -> float:
    """Return the largest relative difference between two traces."""
    difference = np.abs(np.asarray(losses) / np.asarray(reference) - 1.0)
    return float(difference.max())


def make_training(out: Path, mnist: Path | None) -> None:
    """Run every optimizer on both models, and measure how much rounding can change each trace."""
    digits = read_digits(out, mnist)
    traces = []
    for model in ("mlp", "lenet"):
        for name, (kind, *both) in cases.OPTIMIZERS.items():
            arguments = both[model == "lenet"]
            seed = fixtures.MLP_SEED if model == "mlp" else fixtures.LENET_SEEDS[name]
            weights = fixtures.mlp_weights() if model == "mlp" else fixtures.lenet_weights(name)

            def optimizer(kind: str = kind, arguments: Any = arguments) -> Any:
                return getattr(keras.optimizers, kind)(**arguments)

            double = Trace(model, optimizer, "float64", digits).losses(weights)
            trace = Trace(model, optimizer, "float32", digits)
            losses = trace.losses(weights)
            final = [float(np.sqrt(np.sum(np.square(host(w), dtype=np.float64))))
                     for w in trace.model.weights]  # fmt: skip
            noisy = [deviation(trace.losses(weights, k), losses) for k in range(NOISE_RUNS)]
            traces.append(
                {
                    "name": f"{model}/{name}",
                    "model": model,
                    "loss": trace.loss,
                    "optimizer": kind,
                    "arguments": arguments,
                    "optimizer_config": trace.optimizer.get_config(),
                    "weights_seed": seed,
                    "weights_sha256": fixtures.sha256(*weights),
                    "losses": losses,
                    "losses_float64": double,
                    "final_weight_norms": final,
                    "deviation_float64": deviation(losses, double),
                    "deviation_noise": max(noisy),
                }
            )
            say(f"  {model}/{name}: last {losses[-1]:.4f}, float64 {deviation(losses, double):.1e},"
                f" noise {max(noisy):.1e}")  # fmt: skip
    keras.config.set_floatx("float32")
    write_json(
        out / "training.json",
        {
            "steps": fixtures.TRAINING_STEPS,
            "batch_size": fixtures.BATCH_SIZE,
            "digits": "mnist_640.npz",
            "digits_sha256": fixtures.sha256(*digits),
            "noise": NOISE,
            "noise_runs": NOISE_RUNS,
            "traces": traces,
        },
    )


# ----------------------------------------------------------------------------------------- layers


def make_layers(out: Path, mnist: Path | None) -> None:
    """Run every layer case once."""
    random = fixtures.generator(cases.LAYER_SEED)
    arrays: dict[str, Array] = {}
    rows = []

    def keep(key: str, value: Array) -> str:
        arrays[key] = value
        return key

    for case in cases.layer_cases():
        layer = getattr(keras.layers, case.class_name)(**case.arguments)
        inputs = case.inputs or tuple(fixtures.uniform(random, s, -2.0, 2.0) for s in case.shapes)
        feed = list(inputs) if len(inputs) > 1 else inputs[0]
        shapes = [array.shape for array in inputs]
        layer.build(shapes if len(shapes) > 1 else shapes[0])
        weights = [
            fixtures.uniform(
                random, weight.shape, *((0.5, 1.5) if weight.name in POSITIVE else (-0.6, 0.6))
            )
            for weight in layer.weights
        ]
        layer.set_weights(weights)
        said = {} if case.training is None else {"training": case.training}
        output = host(layer(feed, **said))
        rows.append(
            {
                "name": case.name,
                "class_name": case.class_name,
                "arguments": case.arguments,
                "config": {k: v for k, v in layer.get_config().items() if k != "name"},
                "training": case.training,
                "inputs": [keep(f"{case.name}/input_{i}", a) for i, a in enumerate(inputs)],
                "weight_names": [weight.name for weight in layer.weights],
                "weights": [keep(f"{case.name}/weight_{i}", a) for i, a in enumerate(weights)],
                "weights_after": [
                    keep(f"{case.name}/weight_after_{i}", host(weight))
                    for i, weight in enumerate(layer.weights)
                ]
                if case.training
                else [],
                "output": keep(f"{case.name}/output", output),
            }
        )
    write_arrays(out / "layers.npz", arrays)
    write_json(out / "layers.json", {"arrays": "layers.npz", "cases": rows})


# ----------------------------------------------------------------------------- losses and metrics


def make_losses(out: Path, mnist: Path | None) -> None:
    """Run every loss case without and with weights, and unreduced."""
    arrays: dict[str, Array] = {}
    rows = []
    for case in cases.loss_cases():
        for part in ("y_true", "y_pred", "sample_weight"):
            arrays[f"{case.name}/{part}"] = getattr(case, part)

        def loss(reduction: str, weighted: bool, case: cases.LossCase = case) -> Array:
            function = getattr(keras.losses, case.class_name)(**case.arguments, reduction=reduction)
            weight = case.sample_weight if weighted else None
            return host(function(case.y_true, case.y_pred, sample_weight=weight))

        arrays[f"{case.name}/per_sample"] = loss("none", weighted=False)
        function = getattr(keras.losses, case.class_name)(**case.arguments)
        rows.append(
            {
                "name": case.name,
                "class_name": case.class_name,
                "arguments": case.arguments,
                "config": function.get_config(),
                "y_true": f"{case.name}/y_true",
                "y_pred": f"{case.name}/y_pred",
                "sample_weight": f"{case.name}/sample_weight",
                "per_sample": f"{case.name}/per_sample",
                "unweighted": float(loss("sum_over_batch_size", weighted=False)),
                "weighted": float(loss("sum_over_batch_size", weighted=True)),
                "weighted_sum": float(loss("sum", weighted=True)),
                "weighted_mean": float(loss("mean_with_sample_weight", weighted=True)),
            }
        )
    write_arrays(out / "losses.npz", arrays)
    write_json(out / "losses.json", {"arrays": "losses.npz", "cases": rows})


def make_metrics(out: Path, mnist: Path | None) -> None:
    """Run every metric case: results after one and after two updates, without and with weights."""
    arrays: dict[str, Array] = {}
    rows = []
    for case in cases.metric_cases():
        parts = ("y_true", "y_pred") if len(case.updates[0]) == 2 else ("values",)
        keys: list[dict[str, str]] = []
        for i, (update, weight) in enumerate(zip(case.updates, case.sample_weights, strict=True)):
            named = dict(zip((*parts, "sample_weight"), (*update, weight), strict=True))
            keys.append({part: f"{case.name}/{part}_{i}" for part in named})
            arrays.update({f"{case.name}/{part}_{i}": array for part, array in named.items()})
        results: dict[str, Any] = {}
        for word in ("unweighted", "weighted"):
            metric = getattr(keras.metrics, case.class_name)(**case.arguments)
            results[word] = []
            for update, weight in zip(case.updates, case.sample_weights, strict=True):
                metric.update_state(*update, sample_weight=weight if word == "weighted" else None)
                results[word].append(host(metric.result()).astype(np.float64).tolist())
        rows.append(
            {
                "name": case.name,
                "class_name": case.class_name,
                "arguments": case.arguments,
                "config": metric.get_config(),
                "updates": keys,
                **results,
            }
        )
    write_arrays(out / "metrics.npz", arrays)
    write_json(out / "metrics.json", {"arrays": "metrics.npz", "cases": rows})


# -------------------------------------------------------------------------------------- whole fit


def fit_runs() -> dict[str, dict[str, Any]]:
    """Return the whole-fit runs: what is compiled and what is passed to fit and evaluate."""
    data = fixtures.fit_data()
    x, y = data.x, data.y
    hot, hot_validation = fixtures.one_hot(y, 3), fixtures.one_hot(data.y_validation, 3)
    return {
        "class_weight": {
            "optimizer": ("Adam", {"learning_rate": 0.01}),
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
            "weighted_metrics": ["accuracy"],
            "fit": {
                **{"x": x, "y": y, "class_weight": fixtures.CLASS_WEIGHT},
                "validation_data": (data.x_validation, data.y_validation),
            },
            "evaluate": {"x": data.x_validation, "y": data.y_validation},
        },
        "sample_weight": {
            "optimizer": ("SGD", {"learning_rate": 0.05, "momentum": 0.9}),
            "loss": "categorical_crossentropy",
            "metrics": ["accuracy", "mse"],
            "weighted_metrics": ["accuracy", "mae"],
            "fit": {
                **{"x": x, "y": hot, "sample_weight": data.sample_weight},
                "validation_data": (data.x_validation, hot_validation, data.validation_weight),
            },
            "evaluate": {
                **{"x": data.x_validation, "y": hot_validation},
                "sample_weight": data.validation_weight,
            },
        },
        "validation_split": {
            "optimizer": ("RMSprop", {"learning_rate": 0.005}),
            "loss": "sparse_categorical_crossentropy",
            "metrics": ["accuracy"],
            "weighted_metrics": [],
            "fit": {
                **{"x": x, "y": y, "sample_weight": data.sample_weight},
                "validation_split": 0.25,
            },
            "evaluate": {"x": data.x_validation, "y": data.y_validation},
        },
    }


def run_fit(run: Mapping[str, Any], dtype: str) -> tuple[Any, dict[str, Any], dict[str, float]]:
    """Compile, fit and evaluate one run in a dtype; return model, history and evaluation."""
    keras.backend.clear_session()
    keras.config.set_floatx(dtype)
    model = models.fit_model()
    model.set_weights([array.astype(dtype) for array in fixtures.fit_weights()])
    kind, arguments = run["optimizer"]
    model.compile(
        optimizer=getattr(keras.optimizers, kind)(**arguments),
        loss=run["loss"],
        metrics=run["metrics"],
        weighted_metrics=run["weighted_metrics"],
        jit_compile=False,
    )
    common = {"batch_size": fixtures.BATCH_SIZE, "verbose": 0}
    history = model.fit(**run["fit"], epochs=3, shuffle=False, **common).history
    return model, history, model.evaluate(**run["evaluate"], return_dict=True, **common)


def make_fit(out: Path, mnist: Path | None) -> None:
    """Run the whole fits."""
    data = fixtures.fit_data()
    arrays: dict[str, Array] = {}
    for i, weight in enumerate(fixtures.fit_weights()):
        arrays[f"weight_before_{i}"] = weight
    rows = []
    for name, run in fit_runs().items():
        _, double, _ = run_fit(run, "float64")
        model, history, evaluation = run_fit(run, "float32")
        weight_names = [weight.path for weight in model.weights]
        for i, weight in enumerate(model.get_weights()):
            arrays[f"{name}/weight_after_{i}"] = weight
        arrays[f"{name}/predictions"] = model.predict(
            data.x_validation, batch_size=fixtures.BATCH_SIZE, verbose=0
        )
        passed = {key: value for key, value in run["fit"].items() if key == "validation_split"}
        rows.append(
            {
                "name": name,
                "optimizer": run["optimizer"][0],
                "arguments": run["optimizer"][1],
                "loss": run["loss"],
                "metrics": run["metrics"],
                "weighted_metrics": run["weighted_metrics"],
                "fit_arguments": {"epochs": 3, "shuffle": False, **passed},
                "history": history,
                "evaluate": evaluation,
                "deviation_float64": max(deviation(history[key], double[key]) for key in history),
                "predictions": f"{name}/predictions",
                "weight_names": weight_names,
                "weights_before": [f"weight_before_{i}" for i in range(len(weight_names))],
                "weights_after": [f"{name}/weight_after_{i}" for i in range(len(weight_names))],
            }
        )
    keras.config.set_floatx("float32")
    everything = [getattr(data, field) for field in data.__dataclass_fields__]
    write_arrays(out / "fit.npz", arrays)
    write_json(
        out / "fit.json",
        {
            "arrays": "fit.npz",
            "batch_size": fixtures.BATCH_SIZE,
            "class_weight": {str(key): value for key, value in fixtures.CLASS_WEIGHT.items()},
            "data_sha256": fixtures.sha256(*everything),
            "weights_sha256": fixtures.sha256(*fixtures.fit_weights()),
            "runs": rows,
        },
    )


# ------------------------------------------------------------------------------------------- HDF5


def make_hdf5(out: Path, mnist: Path | None) -> None:
    """Let tf_keras write weight files and whole-model files, and note what it predicts."""
    random = fixtures.generator(HDF5_SEED)
    arrays: dict[str, Array] = {}
    described = {}
    for name, build in models.TF_KERAS_MODELS.items():
        tf_keras.backend.clear_session()
        tf_keras.utils.set_random_seed(1)
        model = build()
        model.set_weights(
            [
                fixtures.uniform(random, w.shape, *((0.5, 1.5) if "var" in w.name else (-0.7, 0.7)))
                for w in model.weights
            ]
        )
        x = fixtures.uniform(random, (7, *model.input_shape[1:]))
        if name == "sequential":  # one step, so that the whole-model file has optimizer slots
            labels = np.arange(7) % model.output_shape[-1]
            model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
            model.train_on_batch(x, labels)
        for kind, save in (("weights", model.save_weights), ("model", model.save)):
            temporary = out / f".saved_{os.getpid()}.h5"
            save(str(temporary), save_format="h5")
            replace_file(out / f"tf_keras_{name}_{kind}.h5", temporary.read_bytes())
            temporary.unlink()
        arrays[f"{name}/input"] = x
        arrays[f"{name}/predictions"] = model.predict(x, verbose=0)
        for i, weight in enumerate(model.get_weights()):
            arrays[f"{name}/weight_{i}"] = weight
        described[name] = {
            "layers": [
                {
                    "name": layer.name,
                    "class_name": type(layer).__name__,
                    "config": layer.get_config(),
                    "weight_names": [w.name for w in layer.trainable_weights]
                    + [w.name for w in layer.non_trainable_weights],
                }
                for layer in model.layers
            ],
            "weights": [f"{name}/weight_{i}" for i in range(len(model.weights))],
            "weight_names": [w.name for w in model.weights],
            "input": f"{name}/input",
            "predictions": f"{name}/predictions",
        }
    write_arrays(out / "tf_keras.npz", arrays)
    write_json(out / "tf_keras.json", {"arrays": "tf_keras.npz", "models": described})


# ----------------------------------------------------------------------------------- initializers


def check_draws(row: Mapping[str, Any]) -> None:
    """Draw from the real initializer and stop if the row's moments or bounds do not fit."""
    build: Callable[..., Any] = getattr(keras.initializers, row["class_name"])
    seeded = row["distribution"] in ("uniform", "normal", "truncated_normal", "orthogonal")
    count = max(1, 100_000 // max(1, int(np.prod(row["shape"])))) if seeded else 1
    draws = np.stack(
        [
            host(build(**row["arguments"], **({"seed": k} if seeded else {}))(tuple(row["shape"])))
            for k in range(min(count, 400))
        ]
    ).astype(np.float64)
    slack = 6 * (np.sqrt(row["variance"] / draws.size) if seeded else 0.0) + 1e-6
    problems = [abs(draws.mean() - row["mean"]) > slack]
    spread = 6 * np.sqrt(2 / draws.size) * row["variance"] + 1e-6
    problems.append(abs(draws.var() - row["variance"]) > spread)
    if row["low"] is not None:
        problems.append(draws.min() < row["low"] - 1e-6 or draws.max() > row["high"] + 1e-6)
    if any(problems):
        raise SystemExit(f"Keras draws otherwise than the formula: {row}, {problems}")


def make_initializers(out: Path, mnist: Path | None) -> None:
    """Write the table of the formulas, after checking each row against real draws."""
    rows = []
    for row in cases.initializer_cases():
        check_draws(row)
        config = getattr(keras.initializers, row["class_name"])(**row["arguments"]).get_config()
        rows.append({**row, "config": {k: v for k, v in config.items() if k != "seed"}})
    write_json(out / "initializers.json", {"cases": rows})


PARTS: dict[str, Callable[[Path, Path | None], None]] = {
    "digits": make_digits,
    "training": make_training,
    "layers": make_layers,
    "losses": make_losses,
    "metrics": make_metrics,
    "fit": make_fit,
    "hdf5": make_hdf5,
    "initializers": make_initializers,
}


def main() -> None:
    """Read the arguments and make the parts asked for."""
    parser = argparse.ArgumentParser(description="Make the reference files from real Keras.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--mnist", type=Path, help="mnist.npz, if the folder has no digits yet")
    parser.add_argument("--only", action="append", choices=list(PARTS), help="make this part only")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    models.make_repeatable()
    for name, make in PARTS.items():
        if options.only is None or name in options.only:
            say(name)
            make(options.out, options.mnist)


if __name__ == "__main__":
    main()
