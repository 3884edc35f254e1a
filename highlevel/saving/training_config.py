"""What `compile` was told, as JSON data in Keras 2's layout, both ways."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from thalweg.core.errors import FileFormatError, ThalwegError

from .. import losses, metrics, optimizers
from ..training.compiled import Compiled, PlacedMetric, check_metric
from .arguments import known_arguments
from .config import custom_object, get_custom_objects, serialize
from .optimizer_state import is_written_as_legacy
from .spellings import is_function, read_dtype, written_config

__all__ = ["compile_arguments", "in_keras_2_words", "training_config"]

# What the optimizers take and do not look at, or accept only as None.
_WITHOUT_MEANING = {
    *("is_legacy_optimizer", "jit_compile"),
    *("gradient_accumulation_steps", "loss_scale_factor"),
}
_NOT_LEGACY = ("weight_decay", "use_ema", "ema_momentum", "ema_overwrite_frequency")
# What the words "accuracy" and "crossentropy" may mean.
_MEANINGS = {
    f"{kind}{word}"
    for kind in ("Binary", "Categorical", "SparseCategorical")
    for word in ("Accuracy", "Crossentropy")
}
_HINT = "load_model(path, compile=False) loads the model without it"


def training_config(arguments: tuple[Any, ...], compiled: Compiled | None = None) -> dict[str, Any]:
    """`compile`'s arguments as files hold them.

    Args:
        arguments: optimizer, loss, loss weights, metrics, weighted metrics.
        compiled: what became of them, if the model has seen data. Then "accuracy" is written as
            the metric that it means: tf_keras would guess another one.

    Raises:
        OptionError: for a function without a name.
    """
    optimizer, loss, loss_weights, metric_list, weighted = arguments
    described = optimizers.serialize(optimizer)
    described["config"] = _optimizer_config(optimizer, described["config"])
    placed = compiled.placed() if compiled is not None else None
    return {
        "loss": _written(loss),
        "metrics": _written(metric_list) if placed is None else _placed(placed, False),
        "weighted_metrics": _written(weighted) if placed is None else _placed(placed, True),
        "loss_weights": serialize(loss_weights),
        "sample_weight_mode": None,
        "optimizer_config": described,
    }


def _placed(placed: list[list[tuple[Any, PlacedMetric]]], is_weighted: bool) -> Any:
    """The metrics of each output under their full names, which Keras 2 does not make again."""
    found: list[list[Any]] = []
    for output in placed:
        found.append([])
        for identifier, metric in output:
            if metric.is_weighted != is_weighted:
                continue
            is_wrapped = type(metric.metric) is metrics.MeanMetricWrapper
            data = _written(identifier if is_wrapped else metric.metric)
            if isinstance(data, dict):
                data["config"]["name"] = metric.name
            found[-1].append(data)
    return found if any(found) else None


def _optimizer_config(optimizer: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """tf_keras has two optimizers of each name: only the legacy ones know Keras 2's decay."""
    if is_written_as_legacy(optimizer):
        return {name: value for name, value in config.items() if name not in _NOT_LEGACY}
    return {**config, "is_legacy_optimizer": False}


def _written(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _written(item) for name, item in value.items()}
    data = serialize(value)
    if not isinstance(data, dict):
        return data
    name, config = data["class_name"], written_config(data["class_name"], data["config"])
    if config.get("dtype", "") is None:  # Keras 2's losses have none
        del config["dtype"]
    return {"class_name": name, "config": config}  # no module: Keras would import it


def in_keras_2_words(value: Any) -> Any:
    """What Keras 3 wrote, with the names of functions and registered classes in their places."""
    if isinstance(value, list):
        return [in_keras_2_words(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if is_function(value):
        return value["config"]
    words = {
        str(name): in_keras_2_words(read_dtype(item) if name == "dtype" else item)
        for name, item in value.items()
    }
    registered = value.get("registered_name")
    if "class_name" in value and isinstance(registered, str) and custom_object(registered):
        words["class_name"] = registered
    return words


def compile_arguments(
    config: Mapping[str, Any], where: str, outputs: list[str], ignored: list[str]
) -> dict[str, Any]:
    """The arguments for `compile` that a file tells.

    Args:
        config: what Keras 2 or 3, or `training_config`, wrote.
        where: the file.
        outputs: names of the model's outputs.
        ignored: to which the names of options are added that are left out.

    Raises:
        FileFormatError: for names that are not known.
    """
    with _making(where, "the optimizer"):
        optimizer = _optimizer(config.get("optimizer_config"), ignored)
    with _making(where, "the loss"):
        loss = _each(config.get("loss"), _loss)
    with _making(where, "the metrics"):
        found = _metrics(config.get("metrics"), outputs)
        weighted = _metrics(config.get("weighted_metrics"), outputs)
    return {
        "optimizer": optimizer,
        "loss": loss,
        "metrics": found,
        "weighted_metrics": weighted,
        "loss_weights": config.get("loss_weights"),
    }


@contextlib.contextmanager
def _making(where: str, what: str) -> Iterator[None]:
    try:
        yield
    except ThalwegError as error:
        raise FileFormatError(
            where,
            f"{what} cannot be made again: {error.problem}",
            expected=error.expected,
            got=error.got,
            hint="; ".join(filter(None, (error.hint, _HINT))),
        ) from error
    except Exception as error:
        raise FileFormatError(
            where,
            f"{what} cannot be made again",
            got=f"{type(error).__name__}: {error}"[:200],
            hint=_HINT,
        ) from error


def _optimizer(data: Any, ignored: list[str]) -> Any:
    if not isinstance(data, Mapping):
        raise TypeError("there is none")
    name = str(data.get("class_name"))
    if name not in get_custom_objects():
        name = name.rpartition(">")[2]  # tf_keras registers its own as "Custom>Adam"
    config = dict(data.get("config") or {})
    classes = {known.lower(): known for known in optimizers.__all__ if known[0].isupper()}
    if name.lower() in classes and name not in get_custom_objects():
        known = known_arguments(getattr(optimizers, classes[name.lower()])) or set()
        for key in sorted(set(config) - known - _WITHOUT_MEANING):
            ignored.append(f"{key!r} of {name}")
            del config[key]
    return optimizers.deserialize({"class_name": name, "config": config})


def _each(value: Any, make: Any) -> Any:
    """A nest of descriptions; a dict with a class's name is one of them."""
    if isinstance(value, list):
        return [_each(item, make) for item in value]
    if isinstance(value, Mapping) and "class_name" not in value:
        return {name: _each(item, make) for name, item in value.items()}
    return value if value is None else make(value)


def _custom(value: Any) -> Any:
    """A user's function that a name means: it may be unknown when it is needed."""
    return get_custom_objects().get(value) if isinstance(value, str) else None


def _loss(value: Any) -> Any:
    found = _custom(value)
    if found is not None:
        return found
    if isinstance(value, Mapping):
        config = dict(value["config"])
        if str(value["class_name"]) != "LossFunctionWrapper":
            config.pop("fn", None)  # tf_keras names the function beside its class
        return losses.deserialize({**value, "config": config})
    losses.get(value)
    return value


def _metrics(value: Any, outputs: list[str]) -> Any:
    """Metrics by output where there are several; one flat list for a single output."""
    if len(outputs) == 1 and isinstance(value, list):
        [name] = outputs
        flat = [item for part in value for item in (part if isinstance(part, list) else [part])]
        return [_metric(item, name, False) for item in flat]
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        pairs = zip(value, outputs, strict=True)
        return [[_metric(item, name, True) for item in part or []] for part, name in pairs]
    return _each(value, lambda item: _metric(item, "", False))


def _metric(value: Any, output: str, several: bool) -> Any:
    """A metric; the output's name, which tf_keras puts before the metric's, is taken off."""
    found = _custom(value)
    if found is not None:
        return found
    if not isinstance(value, Mapping):
        check_metric(value)
        return value
    config = dict(value["config"])
    name = config.get("name")
    if several and isinstance(name, str):
        config["name"] = name = name.removeprefix(f"{output}_")
    kind = str(value["class_name"])
    if name in metrics.WORDS and (kind == "MeanMetricWrapper" or kind in _MEANINGS):
        return name  # the word that the user gave; what it means follows from the shapes
    if "reduction" in config and kind in losses.__all__:
        return _loss({**value, "config": config})  # compile takes a loss as a metric
    if kind != "MeanMetricWrapper":
        config.pop("fn", None)
    return metrics.deserialize({**value, "config": config})
