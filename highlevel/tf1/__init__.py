"""TensorFlow 1's spelling of thalweg: `import thalweg.tf1 as tf`.

Programs of the years 2015 to 2019 run as they were written: graphs, placeholders, variables and
their scopes, sessions, `tf.nn`, `tf.layers`, `tf.losses`, the optimizers and savers of `tf.train`,
and the MNIST reader of the tutorials. Names, argument order and defaults are those of TensorFlow
1.15, old argument names included. What is not here raises an AttributeError that suggests the
nearest name.

A module here is a theme, and its `__all__` is the one list of the names it adds to `tf`. Folders
and modules such as `train` and `layers` are namespaces of their own, imported at their first use.

Differences, all in the direction of safety: variables need no initializer (it is accepted); a
read sees the value at the start of the run unless edges order it after a write; `log(softmax(x))`
does not overflow.

>>> import thalweg.tf1 as tf
>>> x = tf.placeholder(tf.float32, [None, 2])
>>> y = tf.nn.relu(tf.matmul(x, [[1.0], [-1.0]]))
>>> session = tf.Session()
>>> session.run(y, feed_dict={x: [[3, 1], [1, 3]]}).tolist()
[[2.0], [0.0]]
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from thalweg.core import (
    Dimension,
    DType,
    TensorShape,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
)
from thalweg.core import bool_ as bool

from . import (
    arrays,
    assertions,
    behavior,
    clipping,
    collections,
    control,
    derivatives,
    draws,
    effects,
    elementwise,
    further,
    graph,
    initializer_classes,
    inputs,
    linear_algebra,
    named_variables,
    nn,
    ordering,
    rearranging,
    reductions,
    sampling,
    scattering,
    segments,
    session,
    special,
    state,
    template,
    tensor_array,
    text,
    variable_scopes,
    variables,
    version,
)
from .arguments import missing_name

# Each theme's `__all__` is the one list of its names.
from .arrays import *  # noqa: F403
from .assertions import *  # noqa: F403
from .behavior import *  # noqa: F403
from .clipping import *  # noqa: F403
from .collections import *  # noqa: F403
from .control import *  # noqa: F403
from .derivatives import *  # noqa: F403
from .draws import *  # noqa: F403
from .effects import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .further import *  # noqa: F403
from .graph import *  # noqa: F403
from .initializer_classes import *  # noqa: F403
from .inputs import *  # noqa: F403
from .linear_algebra import *  # noqa: F403
from .named_variables import *  # noqa: F403
from .ordering import *  # noqa: F403
from .rearranging import *  # noqa: F403
from .reductions import *  # noqa: F403
from .sampling import *  # noqa: F403
from .scattering import *  # noqa: F403
from .segments import *  # noqa: F403
from .session import *  # noqa: F403
from .special import *  # noqa: F403
from .state import *  # noqa: F403
from .template import *  # noqa: F403
from .tensor_array import *  # noqa: F403
from .text import *  # noqa: F403
from .variable_scopes import *  # noqa: F403
from .variables import *  # noqa: F403
from .version import *  # noqa: F403

if TYPE_CHECKING:
    import thalweg as keras

    from . import app as app
    from . import bitwise as bitwise
    from . import compat as compat
    from . import contrib as contrib
    from . import data as data
    from . import debugging as debugging
    from . import errors as errors
    from . import examples as examples
    from . import flags as flags
    from . import gfile as gfile
    from . import image as image
    from . import initializers as initializers
    from . import io as io
    from . import layers as layers
    from . import linalg as linalg
    from . import logging as logging
    from . import losses as losses
    from . import manip as manip
    from . import math as math
    from . import metrics as metrics
    from . import random as random
    from . import strings as strings
    from . import summary as summary
    from . import test as test
    from . import train as train

__version__ = version.VERSION
__git_version__ = version.GIT_VERSION
__compiler_version__ = version.COMPILER_VERSION
double = float64
half = float16
newaxis = None

# Namespaces that are imported at their first use.
_NAMESPACES = [
    "app",
    "bitwise",
    "compat",
    "contrib",
    "data",
    "debugging",
    "errors",
    "examples",
    "flags",
    "gfile",
    "image",
    "initializers",
    "io",
    "layers",
    "linalg",
    "logging",
    "losses",
    "manip",
    "math",
    "metrics",
    "random",
    "strings",
    "summary",
    "test",
    "train",
    "version",
]

__all__ = [
    "DType",
    "Dimension",
    "TensorShape",
    "bool",
    "double",
    "float16",
    "float32",
    "float64",
    "half",
    "int8",
    "int16",
    "int32",
    "int64",
    "newaxis",
    "nn",
    "string",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]
__all__ += ["__compiler_version__", "__git_version__", "__version__", "keras", *_NAMESPACES]
__all__ += arrays.__all__
__all__ += assertions.__all__
__all__ += behavior.__all__
__all__ += clipping.__all__
__all__ += collections.__all__
__all__ += control.__all__
__all__ += derivatives.__all__
__all__ += graph.__all__
__all__ += initializer_classes.__all__
__all__ += inputs.__all__
__all__ += elementwise.__all__
__all__ += named_variables.__all__
__all__ += ordering.__all__
__all__ += draws.__all__
__all__ += reductions.__all__
__all__ += session.__all__
__all__ += state.__all__
__all__ += template.__all__
__all__ += tensor_array.__all__
__all__ += text.__all__
__all__ += variable_scopes.__all__
__all__ += special.__all__
__all__ += linear_algebra.__all__
__all__ += segments.__all__
__all__ += rearranging.__all__
__all__ += sampling.__all__
__all__ += scattering.__all__
__all__ += effects.__all__
__all__ += further.__all__
__all__ += variables.__all__
__all__ += version.__all__

_MESSAGES = ("Event", "Summary")  # of `summary`; not in __all__: they need an extra package

_RENAMED = {  # what TensorFlow before 1.0 called otherwise
    "batch_matmul": "matmul",
    "mul": "multiply",
    "neg": "negative",
    "pack": "stack",
    "select": "where",
    "sub": "subtract",
    "unpack": "unstack",
}
_missing_name = missing_name(__name__, __all__, _RENAMED)


def __getattr__(name: str) -> Any:
    """Imports a namespace at its first use."""
    if name in _NAMESPACES:
        return importlib.import_module(f"{__name__}.{name}")
    if name == "keras":
        return importlib.import_module("thalweg")
    if name in _MESSAGES:
        return getattr(importlib.import_module(f"{__name__}.summary"), name)
    return _missing_name(name)


def __dir__() -> list[str]:
    """Lists the public names, loaded or not."""
    return sorted({*globals(), *__all__, *_MESSAGES})
