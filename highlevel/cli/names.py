"""What modules of TensorFlow 1 and Keras 2 are called in thalweg."""

from __future__ import annotations

import importlib.util

import thalweg

__all__ = ["ROOTS", "VERSIONS", "known_names", "translation"]

ROOTS = ("tensorflow", "keras")
VERSIONS = {"tensorflow": "1.15.0", "tensorflow.keras": "2.2.4-tf", "keras": "2.3.1"}
"""What these say of themselves: the versions whose names thalweg speaks."""

_TF1 = "thalweg.tf1"
_FOLDERS = {  # the longest that fits is replaced
    "tensorflow": _TF1,
    "tensorflow.compat.v1": _TF1,
    "tensorflow.keras": "thalweg",
    "tensorflow.compat.v1.keras": "thalweg",
    "tensorflow.python.keras": "thalweg",
    "keras": "thalweg",
}
_EMPTY = ("tensorflow.compat", "tensorflow.python")  # only a way to others
_LAYER_FILES = (
    "advanced_activations convolutional convolutional_recurrent core embeddings local merge noise "
    "normalization pooling recurrent wrappers"
)
_UTILS_FILES = "data_utils generic_utils io_utils layer_utils np_utils vis_utils visualize_util"
_FILES = {  # Keras 2's files, whose names programs import from; found in the first that has them
    **{f"layers.{name}": ("layers",) for name in _LAYER_FILES.split()},
    **{f"utils.{name}": ("utils",) for name in _UTILS_FILES.split()},
    **{f"engine{name}": ("models", "layers") for name in ("", ".topology", ".training")},
    "applications.imagenet_utils": ("applications.imagenet",),
    "engine.base_layer": ("layers",),
    "engine.input_layer": ("layers",),
    "engine.sequential": ("models",),
    "callbacks.callbacks": ("callbacks",),
    "objectives": ("losses",),  # Keras 1's
    "initializations": ("initializers",),
}


def translation(name: str) -> tuple[str, ...] | None:
    """The modules that stand for one of TensorFlow's or Keras's, or None if there is none.

    Args:
        name: a full name, `"keras.layers.core"`.

    Returns:
        Full names; what the first does not have is looked up in the next. Empty for a package
        that only leads to others.

    >>> translation("tensorflow.compat.v1"), translation("keras.layers.core")
    (('thalweg.tf1',), ('thalweg.layers',))
    """
    if name in _EMPTY:
        return ()
    folder = max((f for f in _FOLDERS if f"{name}.".startswith(f"{f}.")), key=len, default=None)
    if folder is None:
        return None
    target, rest = _FOLDERS[folder], name[len(folder) + 1 :]
    if not rest:
        return (target,)
    if target == "thalweg":
        if rest in _FILES:
            return tuple(f"thalweg.{home}" for home in _FILES[rest])
        if rest.partition(".")[0] not in thalweg.__all__:
            return None
    return (f"{target}.{rest}",) if _exists(f"{target}.{rest}") else None


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # a folder on the way is missing, or is a file
        return False


def known_names() -> list[str]:
    """Names of modules that have a translation, for suggestions."""
    public = [name for name in thalweg.__all__ if _exists(f"thalweg.{name}")]
    keras = [*public, *_FILES]
    return [*_FOLDERS, *_EMPTY, *(f"{f}.{k}" for f in ("keras", "tensorflow.keras") for k in keras)]
