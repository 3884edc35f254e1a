"""A second backend, as unlike NumPy as a GPU's: it proves that nothing above a backend cheats.

Its arrays live on a pretended device. They never become NumPy arrays unasked, never mix with them
or with arrays of another device, and have only the functions and methods that CuPy has too. It
plugs in through `register_backend` alone.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from conformance.cupy_api import check_call, check_method

from thalweg.core.backends import Backend, register_backend
from thalweg.core.opdef import OpDef
from thalweg.core.types import TensorType

__all__ = ["StrictArray", "StrictBackend", "StrictNamespace"]

_SCALARS = (bool, int, float)  # a NumPy scalar is none: type(x) must be one of these


class StrictArray:
    """An array on a device."""

    __slots__ = ("_array", "device")
    __array_ufunc__ = None  # numpy.exp(x) is a TypeError, and numpy_array + x asks x
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, array: Any, device: str) -> None:
        self._array = np.asarray(array)
        self.device = device

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"an array on {self.device!r} does not become a host value unasked")

    __array__ = __array_function__ = __bool__ = __int__ = __float__ = __index__ = _refuse
    __iter__ = item = tolist = tobytes = _refuse

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._array.dtype

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def size(self) -> int:
        return self._array.size

    @property
    def nbytes(self) -> int:
        return self._array.nbytes

    @property
    def T(self) -> StrictArray:
        return StrictArray(self._array.T, self.device)

    def __len__(self) -> int:
        return len(self._array)

    def __repr__(self) -> str:
        return f"<StrictArray {self.dtype} {self.shape} on {self.device}>"

    def __getitem__(self, key: Any) -> StrictArray:
        return StrictArray(self._array[_unwrap(key, self.device)], self.device)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._array[_unwrap(key, self.device)] = _unwrap(value, self.device)


def _unwrap(value: Any, device: str) -> Any:
    """The NumPy value behind an argument, if it may meet arrays of `device`."""
    if isinstance(value, StrictArray):
        if value.device != device:
            raise TypeError(f"an array on {value.device!r} meets one on {device!r}")
        return value._array
    if isinstance(value, np.ndarray | np.generic):
        raise TypeError(f"a NumPy {type(value).__name__} meets an array on {device!r}")
    if isinstance(value, list | tuple):
        return type(value)(_unwrap(item, device) for item in value)
    if isinstance(value, slice):
        return slice(*(_unwrap(part, device) for part in (value.start, value.stop, value.step)))
    if value is None or value is Ellipsis or isinstance(value, np.dtype | type | str):
        return value
    if type(value) in _SCALARS:
        return value
    raise TypeError(f"a {type(value).__name__} meets an array on {device!r}")


def _wrap(value: Any, device: str) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return StrictArray(value, device)
    if isinstance(value, list):
        return [_wrap(item, device) for item in value]
    if isinstance(value, tuple):  # NumPy's named tuples as well, which CuPy has not
        return tuple(_wrap(item, device) for item in value)
    return value


def _call(function: Callable[..., Any], device: str, *args: Any, **kwargs: Any) -> Any:
    plain = [_unwrap(arg, device) for arg in args]
    named = {name: _unwrap(arg, device) for name, arg in kwargs.items()}
    return _wrap(function(*plain, **named), device)


def _install_methods() -> None:
    """Operators, and the methods that CuPy's arrays have too."""

    def binary(function: Callable[[Any, Any], Any], *, reflected: bool) -> Any:
        def method(self: StrictArray, other: Any) -> Any:
            other = _unwrap(other, self.device)
            pair = (other, self._array) if reflected else (self._array, other)
            return StrictArray(function(*pair), self.device)

        return method

    def in_place(function: Callable[[Any, Any], Any]) -> Any:
        def method(self: StrictArray, other: Any) -> StrictArray:
            self._array = function(self._array, _unwrap(other, self.device))
            return self

        return method

    for name in ("add sub mul truediv floordiv mod pow matmul and or xor lshift rshift").split():
        python_name = {"and": "and_", "or": "or_"}.get(name, name)
        function = getattr(operator, python_name)
        setattr(StrictArray, f"__{name}__", binary(function, reflected=False))
        setattr(StrictArray, f"__r{name}__", binary(function, reflected=True))
        setattr(StrictArray, f"__i{name}__", in_place(getattr(operator, f"i{name}")))
    for name in "lt le gt ge eq ne".split():
        setattr(StrictArray, f"__{name}__", binary(getattr(operator, name), reflected=False))

    def unary(function: Callable[[Any], Any]) -> Any:
        return lambda self: StrictArray(function(self._array), self.device)

    for name in "neg pos abs invert".split():
        setattr(StrictArray, f"__{name}__", unary(getattr(operator, name)))

    def forwarded(name: str) -> Any:
        check_method(name)

        def method(self: StrictArray, *args: Any, **kwargs: Any) -> Any:
            return _call(getattr(self._array, name), self.device, *args, **kwargs)

        return method

    for name in (
        "all any argmax argmin argsort astype clip copy cumprod cumsum diagonal dot fill flatten "
        "max mean min nonzero prod ravel repeat reshape round sort squeeze std sum swapaxes take "
        "trace transpose var view"
    ).split():
        setattr(StrictArray, name, forwarded(name))


_install_methods()


class _Ufunc:
    """A universal function and the methods of it that need no atomic addition of floats."""

    def __init__(self, name: str, function: np.ufunc, device: str) -> None:
        self._name = name
        for name in ("accumulate", "outer", "reduce", "reduceat"):
            setattr(self, name, partial(_call, getattr(function, name), device))
        self._function = function
        self._device = device

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        check_call("cupy", self._name, args, kwargs)
        return _call(self._function, self._device, *args, **kwargs)


def _solve(a: Any, b: Any) -> Any:
    """`numpy.linalg.solve` as CuPy has it: nothing is broadcast, and b has matrices too."""
    if a.ndim != b.ndim or a.shape[:-1] != b.shape[:-1]:
        raise TypeError(f"CuPy's solve does not take a of {a.shape} with b of {b.shape}")
    return np.linalg.solve(a, b)


class StrictNamespace:
    """The array module that `compute` receives: what NumPy and CuPy share.

    Args:
        device: where its arrays live.
        source: the module that computes; `numpy` or a part of it.
    """

    FUNCTIONS = frozenset(
        """
        abs absolute add all allclose amax amin any append arange arccos arccosh arcsin arcsinh
        arctan arctan2 arctanh argmax argmin argsort array array_equal array_split asarray
        ascontiguousarray atleast_1d atleast_2d atleast_3d bincount bitwise_and bitwise_not
        bitwise_or bitwise_xor broadcast_arrays broadcast_to ceil clip column_stack concatenate
        copysign cos cosh count_nonzero cross cumprod cumsum deg2rad diag diagonal diff digitize
        divide divmod dot einsum empty empty_like equal exp exp2 expand_dims expm1 extract eye fabs
        flatnonzero flip fliplr flipud floor floor_divide fmax fmin fmod frexp full full_like
        greater greater_equal hstack hypot identity inner interp invert isclose isfinite isinf
        isnan kron ldexp left_shift less less_equal linspace log log10 log1p log2 logaddexp
        logaddexp2 logical_and logical_not logical_or logical_xor lexsort matmul max maximum mean
        meshgrid min minimum mod moveaxis multiply nan_to_num nanmax nanmean nanmin nansum negative
        nextafter nonzero not_equal ones ones_like outer pad partition permute_dims percentile
        positive power prod put putmask quantile ravel reciprocal remainder repeat reshape
        result_type right_shift rint roll rollaxis rot90 round searchsorted select sign signbit sin
        sinh sort split sqrt square squeeze stack std subtract sum swapaxes take take_along_axis
        tan tanh tensordot tile trace transpose tri tril triu true_divide trunc unique
        unravel_index var vdot vstack where zeros zeros_like as_strided sliding_window_view
        """.split()
    )
    LINALG: ClassVar[dict[str, Callable[..., Any]]] = {
        **{
            name: getattr(np.linalg, name)
            for name in "cholesky det eigh eigvalsh inv norm qr slogdet svd".split()
        },
        "solve": _solve,
    }
    CONSTANTS = frozenset(
        """
        bool_ dtype e euler_gamma finfo float16 float32 float64 iinfo inf int16 int32 int64 int8
        nan newaxis pi uint16 uint32 uint64 uint8
        """.split()
    )

    def __init__(self, device: str, source: Any = np) -> None:
        self._device = device
        self._source = source

    def __getattr__(self, name: str) -> Any:
        if name in self.CONSTANTS:
            return getattr(np, name)
        if self._source is np and name in ("lib", "linalg"):
            return StrictNamespace(self._device, getattr(np, name))
        if self._source is np.linalg:
            if name not in self.LINALG:
                raise AttributeError(f"the strict backend has no function linalg.{name}")
            return partial(_call, self.LINALG[name], self._device)
        if self._source is np.lib and name == "stride_tricks":
            return StrictNamespace(self._device, np.lib.stride_tricks)
        if name not in self.FUNCTIONS:
            raise AttributeError(f"the strict backend has no function {name!r}")
        function = getattr(self._source, name)
        if isinstance(function, np.ufunc):
            return _Ufunc(name, function, self._device)
        module = self._source.__name__.replace("numpy", "cupy")

        def call(*args: Any, **kwargs: Any) -> Any:
            check_call(module, name, args, kwargs)
            return _call(function, self._device, *args, **kwargs)

        return call


class StrictBackend(Backend):
    """Arrays on a pretended device, computed by the ops' own `compute`.

    Args:
        device: the device, or its number; arrays of two do not mix.
    """

    def __init__(self, device: str | int = "strict:0") -> None:
        device = f"strict:{device}" if isinstance(device, int) else device
        self.name = device.partition(":")[0]
        self.device = device
        self.xp = StrictNamespace(device)

    def from_host(self, array: np.ndarray) -> StrictArray:
        if not isinstance(array, np.ndarray):
            raise TypeError(f"a {type(array).__name__} is not a host array")
        return StrictArray(array.copy(), self.device)  # a device has memory of its own

    def to_host(self, array: Any) -> np.ndarray:
        return self._own(array)._array.copy()

    def copy(self, array: Any) -> StrictArray:
        return StrictArray(self._own(array)._array.copy(), self.device)

    def guard(self) -> Any:
        return np.errstate(all="ignore")

    def kernel(self, opdef: OpDef, types: Sequence[TensorType]) -> Callable[..., Any]:
        """The op's `compute`, with what goes in and out checked."""
        del types

        def checked(*inputs: Any) -> Any:
            for position, array in enumerate(inputs):
                if position not in opdef.host_inputs:
                    self._own(array)
                elif not isinstance(array, np.ndarray):
                    raise TypeError(f"host operand {position} is a {type(array).__name__}")
            result = opdef.compute(self.xp, *inputs)
            for array in result if isinstance(result, tuple) else (result,):
                self._own(array)
            return result

        return checked

    def _own(self, array: Any) -> StrictArray:
        if not isinstance(array, StrictArray):
            raise TypeError(f"a {type(array).__name__} is not on {self.device!r}")
        if array.device != self.device:
            raise TypeError(f"an array on {array.device!r} is not on {self.device!r}")
        return array


register_backend("strict", StrictBackend)
