"""`Optimizer`: turns gradients into one step of training.

An optimizer says which formula it follows (`rule`). Everything else is done here, once, or in the
files beside: the learning rate and its schedules, clipping, weight decay, moving averages,
constraints, the state, the configuration.
"""

from __future__ import annotations

import inspect
import re
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np

from thalweg.core import (
    DType,
    Operation,
    Tensor,
    UpdateRule,
    Variable,
    cast,
    changed_context,
    convert,
    current_session,
    gradients,
    group,
    library,
    name_scope,
    update,
)
from thalweg.core.errors import GraphError, OptionError, ShapeError, nearest

from ..options import COUNT, Interval, OrNone
from ..saving.config import Configurable
from . import schedules
from .clipping import clipper
from .learning_rate import LearningRate, StepCount
from .schedules import LearningRateSchedule
from .slots import MovingAverages, Slots

__all__ = ["Optimizer", "epsilon_option"]

_Self = TypeVar("_Self", bound="Optimizer")
_IGNORED = {"is_legacy_optimizer", "jit_compile"}  # in Keras's files; they mean nothing here
_ABSENT = {"gradient_accumulation_steps", "loss_scale_factor"}  # accepted while None


class Optimizer(Configurable):
    """Base of all optimizers.

    The learning rate and the state are variables: their values belong to the session, and they
    may be read and set between two runs without planning anything anew.

    Args:
        learning_rate: finite number >= 0, or a `LearningRateSchedule`.
        weight_decay: each step first shrinks every variable by `learning_rate * weight_decay` of
            itself (Loshchilov and Hutter, 2019, algorithm 2); >= 0, None for none.
        clipnorm: largest norm of each gradient, > 0.
        clipvalue: largest absolute value of each element of the gradients, > 0.
        global_clipnorm: largest norm of all gradients together, > 0.
        use_ema: keep a moving average of every variable.
        ema_momentum: weight of the past in it, 0 <= ema_momentum <= 1.
        ema_overwrite_frequency: every so many steps the average becomes the variable; None
            leaves that to `finalize_variable_values`.
        name: scope of the state's names; the class's name in lower case if None.
        lr: Keras 2's name of `learning_rate`.
        decay: Keras 2's decay: step i, from 0, uses learning_rate / (1 + decay * i).

    Raises:
        OptionError: an option outside its values, or an unknown one.

    An optimizer of your own passes options on to this class and gives a `rule`:

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class SignRule(UpdateRule):
    ...     def step(self, xp, w, g, slots, rate, t):
    ...         return (w - rate * xp.sign(g),)
    >>> class SignDescent(Optimizer):
    ...     @property
    ...     def rule(self):
    ...         return SignRule()
    >>> w = Variable([1.0, -2.0])
    >>> train = SignDescent(0.5).minimize(w * w, [w])
    >>> current_session().run(train)
    >>> current_session().run(w).tolist()
    [0.5, -1.5]
    """

    listed_apart: ClassVar[tuple[str, ...]] = ()  # slots that Keras lists after all others

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        name: str | None = None,
        lr: float | LearningRateSchedule | None = None,
        decay: float = 0.0,
        **others: Any,
    ) -> None:
        where = type(self).__name__
        self._refuse_unknown(others)
        self.name: str = name or where.lower()
        self.weight_decay = OrNone(Interval(0)).check(where, "weight_decay", weight_decay)
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self._clip = clipper(where, clipnorm, clipvalue, global_clipnorm)
        self.use_ema = use_ema
        self.ema_momentum = Interval(0, 1).check(where, "ema_momentum", ema_momentum)
        self.ema_overwrite_frequency = OrNone(COUNT).check(
            where, "ema_overwrite_frequency", ema_overwrite_frequency
        )
        self._averages = MovingAverages(ema_momentum, ema_overwrite_frequency)
        self._slots = Slots()
        self._excluded: weakref.WeakSet[Variable] = weakref.WeakSet()
        self._excluded_names: list[str] = []
        self.built = False
        with name_scope(f"{self.name}/"):
            self.iterations = StepCount(np.int64(0), trainable=False, name="iteration")
            self._rate = LearningRate(where, learning_rate if lr is None else lr, decay)

    def _refuse_unknown(self, others: Mapping[str, Any]) -> None:
        where = type(self).__name__
        for option, value in others.items():
            if option in _ABSENT and value is not None:
                raise OptionError(
                    where, f"{option} is not available", expected="None", got=repr(value)
                )
            if option not in _ABSENT | _IGNORED:
                known = {
                    name
                    for cls in (type(self), Optimizer)
                    for name in inspect.signature(cls.__init__).parameters
                }
                raise OptionError(where, f"has no argument {option!r}", hint=nearest(option, known))

    # What subclasses write ----------------------------------------------------------------------

    @property
    def rule(self) -> UpdateRule:
        """The formula of a step, with its hyperparameters."""
        raise NotImplementedError(type(self).__name__)

    def derived_state(self, steps: int) -> list[Any]:
        """() arrays that Keras 3 keeps after the slots, though the number of steps tells them."""
        return []

    # State --------------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The rate of the next step: a float, or a tensor inside an open trace.

        Assigning a number sets it for the steps to come, in the current session. Keras 2's decay
        is not in it, as there.
        """
        return self._rate.read(self.iterations)

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        self._rate.assign(rate)

    lr = learning_rate  # Keras 2's name

    @property
    def decay(self) -> float:
        """Keras 2's decay."""
        return self._rate.decay

    @property
    def variables(self) -> list[Variable]:
        """Its state in Keras's order: iterations, learning rate, averages, slots."""
        rate = self._rate.source
        return [
            self.iterations,
            *([rate] if isinstance(rate, Variable) else []),
            *self._averages.listed(),
            *self._slots.listed(self.listed_apart),
        ]

    def build(self, variables: Iterable[Variable]) -> None:
        """Makes the state for these variables; done by the first `apply` if not before.

        To train several models with one optimizer, compile them with it, or build it for the
        variables of all of them.

        Raises:
            GraphError: if it was built before, and not for all of these.
        """
        wanted = list(variables)
        for variable in wanted:
            if not isinstance(variable, Variable):
                raise GraphError(
                    type(self).__name__,
                    "cannot be optimized",
                    expected="Variables",
                    got=repr(variable),
                )
        if self.built:
            self._require_known(wanted)
        else:
            self.extend(wanted)

    def extend(self, variables: Iterable[Variable]) -> None:
        """Makes the state of variables that have none, also where `build` made that of others.

        `compile` does it: in Keras 2's GAN scripts two models share an optimizer.
        """
        with changed_context(scope=f"{self.name}/"):
            for variable in variables:
                if variable in self._slots.rows:
                    continue
                if self.use_ema:
                    self._averages.make(variable, {"average": 0.0})
                self._slots.make(variable, self.rule.slots)
        self.built = True

    def _require_known(self, variables: Sequence[Variable]) -> None:
        known = self._slots.rows
        unknown = [variable.name for variable in variables if variable not in known]
        if unknown:
            raise GraphError(
                type(self).__name__,
                "was built for other variables",
                expected=_some([v.name for v in known]) if known else "those of a model now gone",
                got=_some(unknown),
                hint="an optimizer serves one model: make a new one, or first call "
                "optimizer.build() with the variables of all models",
            )

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Exempts variables from weight decay; call it before the optimizer is built.

        Args:
            var_list: variables.
            var_names: regular expressions; a variable is exempt if one is found in its name.

        Raises:
            OptionError: if the optimizer is built.
        """
        if self.built:
            raise OptionError(
                type(self).__name__,
                "weight decay cannot change once the optimizer is built",
                hint="call exclude_from_weight_decay() before compile() and build()",
            )
        self._excluded = weakref.WeakSet(var_list or ())
        self._excluded_names = list(var_names or ())

    def _decay_of(self, variable: Variable) -> float:
        is_excluded = variable in self._excluded or any(
            re.search(pattern, variable.name) for pattern in self._excluded_names
        )
        return 0.0 if is_excluded else self.weight_decay or 0.0

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Gives the variables their moving averages as values, if `use_ema` keeps them."""
        if self.use_ema:
            session = current_session()
            for variable in var_list:
                session.load(variable, session.value(self._averages.of(variable)))

    # A step -------------------------------------------------------------------------------------

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None
    ) -> list[Operation]:
        """Adds one step to the graph, within the open trace if there is one.

        Args:
            grads: one a variable, of its shape; None leaves that variable as it is.
            trainable_variables: what to change; those the optimizer was built for if None.

        Returns:
            The operations that write the variables and the optimizer's state.

        Raises:
            GraphError: if there is no gradient at all, or a variable is unknown.
            ShapeError: if a gradient does not fit its variable.

        >>> from thalweg.optimizers import SGD
        >>> w = Variable([1.0, 2.0])
        >>> step = SGD(0.5).apply([[1.0, 1.0]], [w])
        >>> _ = current_session().run(step)
        >>> current_session().run(w).tolist()
        [0.5, 1.5]
        """
        known = self._slots.rows
        variables = list(known if trainable_variables is None else trainable_variables)
        self.build(variables)
        self._check_pairs(grads, variables)
        place: dict[str, Any] = {"is_library": True, "scope": f"{self.name}/"}
        for gradient in grads:
            if isinstance(gradient, Tensor):
                place["graph"] = gradient.graph
        with changed_context(**place):
            present = {
                variable: self._fitting(variable, gradient)
                for variable, gradient in zip(variables, grads, strict=True)
                if gradient is not None
            }
            return self._step(variables, present)

    def _check_pairs(self, grads: Sequence[Any], variables: Sequence[Variable]) -> None:
        where = type(self).__name__
        if len(grads) != len(variables) or len(set(variables)) != len(variables):
            raise GraphError(
                where,
                "gradients and variables do not fit",
                expected="one gradient a variable, and each variable once",
                got=f"{len(grads)} gradients, {len(variables)} variables, "
                f"{len(set(variables))} of them different",
            )
        missing = [v.name for v, g in zip(variables, grads, strict=True) if g is None]
        if len(missing) == len(variables):
            raise GraphError(
                where,
                "there is no gradient for any variable",
                expected="a loss that depends on the variables",
                got=_some(missing) if missing else "no variables",
                hint="is every layer frozen, or does the loss not use the model's output?",
            )
        if missing:
            warnings.warn(
                f"thalweg: {where} '{self.name}': the loss does not depend on {_some(missing)}, "
                "which will not change.",
                UserWarning,
                stacklevel=3,
            )

    def _fitting(self, variable: Variable, gradient: Any) -> Tensor:
        if not isinstance(gradient, Tensor):
            gradient = convert(gradient, variable.dtype)
        if not variable.type.accepts_shape(gradient.shape):
            raise ShapeError(
                type(self).__name__,
                "a gradient does not fit its variable",
                expected=f"{variable.type}, the type of '{variable.name}'",
                got=str(gradient.type),
                node=gradient.op.name,
                site=gradient.op.site,
            )
        return cast(gradient, variable.dtype)

    def _step(
        self, variables: Sequence[Variable], present: Mapping[Variable, Tensor]
    ) -> list[Operation]:
        steps = self.iterations.value()
        rate = self._rate.decayed(steps)
        next_steps = self.iterations.assign_add(1)
        writes = [next_steps.op]
        clipped = dict(zip(present, self._clip(list(present.values())), strict=True))
        groups: dict[tuple[DType, float], list[Variable]] = {}
        for variable in clipped:
            groups.setdefault((variable.dtype, self._decay_of(variable)), []).append(variable)
        new: dict[Variable, Tensor] = {}
        for (dtype, weight_decay), members in groups.items():
            columns = self._slots.columns(members)
            values, new_columns = update(
                self.rule,
                cast(rate, dtype),
                cast(next_steps, dtype),
                [variable.value() for variable in members],
                [clipped[variable] for variable in members],
                [[slot.value() for slot in column] for column in columns],
                weight_decay,
            )
            new.update(zip(members, values, strict=True))
            for column, new_column in zip(columns, new_columns, strict=True):
                writes += [s.assign(value).op for s, value in zip(column, new_column, strict=True)]
        if self.use_ema:
            writes += [average.op for average in self._averages.step(variables, new, steps)]
        for variable, value in new.items():
            constraint = getattr(variable, "constraint", None)
            writes.append(variable.assign(constraint(value) if constraint else value).op)
        return writes

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Variable]], name: str | None = None
    ) -> Operation:
        """`apply` for pairs, as one operation (in Keras it returns the number of steps).

        Args:
            grads_and_vars: (gradient, variable) pairs.
            name: of the operation.
        """
        pairs = list(grads_and_vars)
        writes = self.apply([g for g, _ in pairs], [v for _, v in pairs])
        with library():
            return group(*writes, name=name or self.name)

    def minimize(
        self,
        loss: Tensor,
        var_list: Sequence[Variable] | Callable[[], Sequence[Variable]],
        name: str | None = None,
    ) -> Operation:
        """One operation that takes a step down the loss.

        Args:
            loss: scalar; of a larger tensor the sum is minimised.
            var_list: variables, or a function that returns them.
            name: of the operation.
        """
        variables = list(var_list() if callable(var_list) else var_list)
        return self.apply_gradients(zip(gradients(loss, variables), variables, strict=True), name)

    def get_updates(self, loss: Tensor, params: Sequence[Variable]) -> list[Operation]:
        """The operations of a step down the loss (Keras 2)."""
        return self.apply(gradients(loss, list(params)), params)

    # Configuration ------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """What it was made with, and the rate it has now in the current session, as JSON data."""
        config = super().get_config()
        for option in ("lr", "decay", *_IGNORED, *_ABSENT):
            config.pop(option, None)
        for option in (
            "name", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema",
            "ema_momentum", "ema_overwrite_frequency",
        ):  # fmt: skip
            config[option] = getattr(self, option)
        config["learning_rate"] = self._rate.config()
        if self.decay:
            config["decay"] = self.decay
        return config

    @classmethod
    def from_config(
        cls: type[_Self],
        config: Mapping[str, Any],
    ) -> _Self:
        """An optimizer from what `get_config`, Keras 3's or Keras 2's returned."""
        arguments = dict(config)
        for option in ("learning_rate", "lr"):
            if isinstance(arguments.get(option), Mapping):
                arguments[option] = schedules.deserialize(arguments[option])
        return cls(**arguments)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}'>"


def epsilon_option(optimizer: Optimizer, epsilon: float | None) -> float:
    """The option `epsilon`, >= 0; None, as Keras 2 wrote it, means 1e-7."""
    value = 1e-7 if epsilon is None else epsilon
    return float(Interval(0).check(optimizer, "epsilon", value))


def _some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(f"'{name}'" for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
