"""Where numbers cease to be finite: `check_numerics` and its like.

The search runs where the tensor is; only its three numbers go to the host, which raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..errors import CheckError, DtypeError
from ..graph import Operation, Tensor, changed_context, control_dependencies, get_default_graph
from ..opdef import OpDef, apply, apply_many, no_gradient, register, require
from ..types import TensorType, int64, types_text
from .elementwise import shape_of
from .printing import after
from .source import convert
from .state import group, no_op

__all__ = ["add_check_numerics_ops", "check_numerics", "verify_tensor_all_finite"]


@register
class CountNonFinite(OpDef):
    """What is not finite in x.

    x: (...) float -> (3,) int64: how many NaN, how many infinities, the number of the first.
    """

    def infer(self, x: TensorType) -> TensorType:
        """Three numbers."""
        require(self, "float", x=x)
        return TensorType(int64, (3,))

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """The same."""
        return (self.infer(x),)

    def compute(self, xp: Any, x: Any) -> Any:
        """Counted among the flattened elements."""
        flat = x.reshape(-1)
        if not flat.shape[0]:
            return xp.zeros((3,), "int64")
        parts = (xp.isnan(flat).sum(), xp.isinf(flat).sum(), (~xp.isfinite(flat)).argmax())
        return xp.stack([part.astype("int64") for part in parts])

    gradient = no_gradient


@register
class AssertFinite(OpDef):
    """Raises if something is not finite.

    report: (3,) int64, shape: (rank,) integer -> nothing.
    """

    tensor: str
    message: str
    runs_on_host: ClassVar[bool] = True
    has_effect: ClassVar[bool] = True
    is_pure: ClassVar[bool] = False

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        """No outputs."""
        return ()

    infer_unknown = infer

    def compute(self, xp: Any, report: Any, shape: Any) -> Any:
        """Looks at the counts."""
        del xp
        nans, infinities, first = report.tolist()
        if nans or infinities:
            sizes = shape.tolist()
            place = [int(i) for i in np.unravel_index(first, sizes)] if sizes else "the scalar"
            raise CheckError(
                "check_numerics",
                self.message,
                expected=f"finite numbers in '{self.tensor}'",
                got=f"{nans} NaN and {infinities} infinite of {int(np.prod(sizes))} elements, "
                f"the first at {place}",
            )
        return ()

    gradient = no_gradient


@register
class Finite(OpDef):
    """x itself, which was checked; its gradient is checked as well.  x: (...) float -> the same."""

    message: str
    is_view: ClassVar[bool] = True

    def infer(self, x: TensorType) -> TensorType:
        """The same type."""
        require(self, "float", x=x)
        return x

    def infer_unknown(self, x: TensorType) -> tuple[TensorType, ...]:
        """The same."""
        return (self.infer(x),)

    def compute(self, xp: Any, x: Any) -> Any:
        """Nothing to do."""
        return x

    def gradient(self, node: Operation, g: Tensor) -> Sequence[Tensor | None]:
        """Checked too."""
        return [check_numerics(g, f"gradient of: {self.message}")]


def _check(x: Tensor, message: str, name: str | None) -> Operation:
    report = apply(CountNonFinite(), x, name="check_numerics/count")
    return apply_many(AssertFinite(x.name, message), report, shape_of(x), name=name)


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """`tensor` itself; a run that needs it raises if something in it is NaN or infinite.

    So is the gradient that flows back through it.

    Args:
        tensor: (...) float.
        message: what is wrong if it is not finite.
        name: of the node.

    Returns:
        `tensor`.

    Raises:
        DtypeError: if it is not float.
        CheckError: in the run, with how many elements are not finite and where the first is.

    >>> from thalweg.core import CheckError, Session, log
    >>> try:
    ...     Session().run(check_numerics(log([1.0, 0.0]), "the loss explodes"))
    ... except CheckError as error:
    ...     print(error.problem, "-", error.got)
    the loss explodes - 0 NaN and 1 infinite of 2 elements, the first at [1]
    """
    x = convert(tensor)
    if not x.dtype.is_float:
        raise DtypeError(
            "check_numerics", "takes float tensors", got=types_text(tensor=x.type), node=x.op.name
        )
    return after(_check(x, message, "check_numerics/assert"), x, Finite(message), name)


def verify_tensor_all_finite(t: Any, msg: str, name: str | None = None) -> Tensor:
    """`t` itself; a run that needs it raises if something in it is NaN or infinite.

    TensorFlow 1's other name of `check_numerics`.

    Args:
        t: (...) float.
        msg: what is wrong if it is not finite.
        name: of the node.

    >>> from thalweg.core import Session
    >>> Session().run(verify_tensor_all_finite([1.0, 2.0], "not finite")).tolist()
    [1.0, 2.0]
    """
    return check_numerics(t, msg, name=name or "verify_finite")


def add_check_numerics_ops() -> Operation:
    """One operation that checks every float tensor in the graph so far, the first made first.

    Running it runs all of the graph, so all placeholders have to be fed; what only writes
    variables is left out. The error names the operation that made the first number that is not
    finite, its layer, and the user's line.

    Raises:
        CheckError: in the run, at the first tensor that is not finite.

    >>> from thalweg.core import CheckError, Graph, Session, constant, log
    >>> with Graph().as_default():
    ...     x = log(constant(-1.0), name="my_log") * 2.0
    ...     try:
    ...         Session().run([x, add_check_numerics_ops()])
    ...     except CheckError as error:
    ...         print(error.expected, "-", error.got)
    finite numbers in 'my_log:0' - 1 NaN and 0 infinite of 1 elements, the first at the scalar
    """
    checks: list[Operation] = []
    for op in get_default_graph().get_operations():
        if op.opdef.has_effect or getattr(op.opdef, "writes", False):
            continue
        for output in op.outputs:
            if output.dtype.is_float:
                where = changed_context(scope="", site=op.site, owner=op.owner)
                with where, control_dependencies(checks[-1:]):
                    checks.append(_check(output, f"'{op.name}' is not finite", f"{op.name}/check"))
    return group(*checks, name="check_numerics") if checks else no_op("check_numerics")
