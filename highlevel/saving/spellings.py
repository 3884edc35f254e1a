"""How Keras 2 and 3 spell configurations, and how they are spelt here: one table a difference.

Files are written as Keras 2 writes them, in the words that most of its versions know. They are
read in the words of Keras 2.0 to 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "LIBRARY_NAMES",
    "is_function",
    "keras_3_class",
    "keras_3_config",
    "read_config",
    "read_dtype",
    "written_config",
]

# Names in files -> names here.
LIBRARY_NAMES = {
    "Functional": "Model",
    "Network": "Model",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}
_READ_NAMES = {"LeakyReLU": {"alpha": "negative_slope"}}
_WRITTEN_NAMES = {
    cls: {here: keras for keras, here in names.items()} for cls, names in _READ_NAMES.items()
}
# Written only if they are not these: older versions of Keras 2 refuse words they do not know.
_YOUNG: dict[str, dict[str, Any]] = {
    "AdditiveAttention": {"seed": None},
    "Attention": {"seed": None},
    "BatchNormalization": {"synchronized": False},
    **{f"Conv{rank}D": {"groups": 1} for rank in (1, 2, 3)},
    "Discretization": {"trainable": True},
    **{f"GlobalAveragePooling{rank}D": {"keepdims": False} for rank in (1, 2, 3)},
    **{f"GlobalMaxPooling{rank}D": {"keepdims": False} for rank in (1, 2, 3)},
    "GRU": {"use_cudnn": "auto"},
    "LSTM": {"use_cudnn": "auto"},
    "MultiHeadAttention": {
        "flash_attention": None,
        "seed": None,
        "sliding_window": None,
        "use_gate": False,
    },
    "Pipeline": {"trainable": True, "dtype": "float32"},
    "SimpleRNN": {"implementation": 2, "use_cudnn": "auto"},
    "SparseCategoricalCrossentropy": {"axis": -1, "ignore_class": None},
}
_SHAPES = ("query_shape", "key_shape", "value_shape")
# What Keras 2 will not do without, though it need not say anything.
_NEEDED: dict[str, dict[str, Any]] = {"MultiHeadAttention": dict.fromkeys(_SHAPES)}
# Classes here -> those of Keras 3 that compute the same.
_KERAS_3_CLASSES = {"Model": "Functional", "CuDNNLSTM": "LSTM", "CuDNNGRU": "GRU"}
_ANY: Any = object()
# What may be ignored because it asks for nothing: a key, and the value with which it does not.
_EMPTY: dict[str, dict[str, Any]] = {
    "": {"quantization_config": None, "lora_rank": None, "lora_alpha": None, "time_major": False},
    "BatchNormalization": {
        "renorm": False,
        "renorm_clipping": _ANY,
        "renorm_momentum": _ANY,
        "virtual_batch_size": None,
        "fused": _ANY,
    },
    **{f"Conv{rank}DTranspose": {"groups": 1} for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": {"groups": 1} for rank in (1, 2)},
    "InputLayer": {"sparse": False, "ragged": False, "optional": False, "type_spec": None},
    "Lambda": {
        "module": _ANY,
        "function_type": _ANY,
        "output_shape": _ANY,  # the graph knows shapes
        "output_shape_type": _ANY,
        "output_shape_module": _ANY,
    },
    **{
        f"SeparableConv{rank}D": {
            "groups": 1,
            "kernel_initializer": _ANY,
            "kernel_regularizer": None,
            "kernel_constraint": None,
        }
        for rank in (1, 2)
    },
    **{f"SpatialDropout{rank}D": {"noise_shape": None} for rank in (1, 2, 3)},
    "LayerNormalization": {"rms_scaling": False},
    "MultiHeadAttention": {**dict.fromkeys(_SHAPES, _ANY), "softmax_robust_masking": False},
    "StringLookup": {"oov_method": "floormod"},
}

# What Keras 3 does not take; a value is written if it is another one than here.
_KERAS_3_DROPPED: dict[str, dict[str, Any]] = {
    "": {"batch_input_shape": _ANY},
    "Discretization": {"trainable": _ANY},
    "Pipeline": {"trainable": _ANY, "dtype": "float32"},
    "SimpleRNN": {"implementation": _ANY, "use_cudnn": _ANY},
    **{f"SpatialDropout{rank}D": {"trainable": _ANY} for rank in (1, 2, 3)},
}


def written_config(class_name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as files hold it.

    >>> written_config("LeakyReLU", {"negative_slope": 0.1})
    {'alpha': 0.1}
    """
    young = _YOUNG.get(class_name, {})
    names = _WRITTEN_NAMES.get(class_name, {})
    written = {
        names.get(key, key): value
        for key, value in config.items()
        if key not in young or young[key] != value
    }
    return {**written, **_NEEDED.get(class_name, {})}


def keras_3_class(item: Any) -> str:
    """The name of an object's class in Keras 3's files."""
    cls = type(item)
    name = str(cls.__name__)
    is_ours = cls.__module__.startswith("thalweg.")
    return _KERAS_3_CLASSES.get(name, name) if is_ours else name


def keras_3_config(class_name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration of one of the library's layers in the words of Keras 3."""
    dropped = {**_KERAS_3_DROPPED[""], **_KERAS_3_DROPPED.get(class_name, {})}
    return {
        key: value
        for key, value in config.items()
        if key not in dropped or (dropped[key] is not _ANY and dropped[key] != value)
    }


def read_config(class_name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration out of a file, in the words used here; what asks for nothing is left out.

    >>> read_config("LeakyReLU", {"alpha": 0.1, "dtype": {"config": {"name": "float32"}}})
    {'negative_slope': 0.1, 'dtype': 'float32'}
    """
    names = _READ_NAMES.get(class_name, {})
    empty = {**_EMPTY[""], **_EMPTY.get(class_name, {})}
    found = {}
    for key, value in config.items():
        if key in empty and (empty[key] is _ANY or empty[key] == value):
            continue
        found[names.get(key, key)] = read_dtype(value) if key == "dtype" else value
    return found


def read_dtype(dtype: Any) -> Any:
    """The dtype of the weights that a policy names; other data stay."""
    if isinstance(dtype, Mapping):
        inner = dtype.get("config")
        dtype = inner.get("name") if isinstance(inner, Mapping) else dtype
    return dtype


def is_function(data: Any) -> bool:
    """Whether data are a function as Keras 3 writes it, by name.

    >>> is_function({"class_name": "function", "config": "relu"})
    True
    """
    return (
        isinstance(data, Mapping)
        and data.get("class_name") == "function"
        and isinstance(data.get("config"), str)
    )
