"""What all networks here have in common: their arguments, where they begin and how they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from thalweg import activations
from thalweg.core import Tensor, shape_text
from thalweg.core.errors import OptionError, ShapeError
from thalweg.layers import Dense, GlobalAveragePooling2D, GlobalMaxPooling2D, Input
from thalweg.models import Model
from thalweg.options import COUNT, OneOf, OrNone, option_error

from .weights import Pretrained, require_known, set_weights

__all__ = ["Arguments", "Sizes", "finish", "image_input", "pooled", "predictions"]

_POOLING = OrNone(OneOf("avg", "max"))


class Sizes(NamedTuple):
    """The pictures that a network takes.

    Attributes:
        usual: (height, width, channels) where nobody says it.
        least: the least height and width.
        fixed: the sizes that the named weights with a top were trained on; they also fix the
            number of classes.
        classes: that number.
    """

    usual: tuple[int, int, int]
    least: int
    fixed: Sequence[tuple[int, int, int]] = ()
    classes: int | None = None


class Arguments(NamedTuple):
    """The arguments that all networks take, as in Keras; see `vgg16.VGG16`.

    Attributes:
        where: the network's name in messages.
        include_top, weights, input_tensor, input_shape, pooling, classes: as they came.
        classifier_activation: as it came.
    """

    where: str
    include_top: bool
    weights: Any
    input_tensor: Any
    input_shape: Any
    pooling: Any
    classes: int
    classifier_activation: Any

    def name_of_weights(self, named: Sequence[str]) -> str | None:
        """Checks what can be checked before a layer is made; the name of the weights, if any.

        Args:
            named: the names of weights that the network has.

        Raises:
            OptionError: for an argument outside its declared values.
        """
        name = require_known(self.where, self.weights, named)
        _POOLING.check(self.where, "pooling", self.pooling)
        COUNT.check(self.where, "classes", self.classes)
        if self.include_top and self.weights is not None:
            found = activations.get(self.classifier_activation)
            if found not in (activations.softmax, activations.linear):
                raise option_error(
                    self.where,
                    "classifier_activation",
                    self.classifier_activation,
                    "'softmax' or None, with trained weights",
                )
        return name


def image_input(arguments: Arguments, name: str | None, sizes: Sizes) -> Tensor:
    """The tensor at which a network begins.

    Args:
        arguments: as they came.
        name: of the weights, None for a path or none.
        sizes: the pictures that the network takes with these weights.

    Returns:
        (batch, height, width, channels) float32, `input_tensor` if there is one.

    Raises:
        OptionError: if `input_shape` or `classes` are not what the weights were trained on, or
            not of three sizes.
        ShapeError: if `input_tensor` has another shape than `input_shape`.
    """
    where, given = arguments.where, arguments.input_tensor
    shape = _three_sizes(where, arguments.input_shape)
    if given is not None:
        shape = _shape_of(where, given, shape)
    if shape is None:
        channels = sizes.usual[2]
        shape = sizes.usual if arguments.include_top else (None, None, channels)
    if name is not None:
        _require_trained(arguments, name, shape, sizes)
    if any(size is not None and size < sizes.least for size in shape[:2]):
        raise option_error(
            where,
            "input_shape",
            shape,
            f"at least {sizes.least} x {sizes.least} pixels",
            hint="smaller pictures can be enlarged: layers.Resizing, or image.resize",
        )
    if arguments.include_top and None in shape:
        raise option_error(
            where,
            "input_shape",
            shape,
            "sizes that are known, with include_top=True",
            hint="include_top=False takes pictures of any size",
        )
    if given is None:
        return Input(shape)
    is_plain = given.history is None and not given.op.inputs
    return Input(tensor=given) if is_plain else given


def _three_sizes(where: str, shape: Any) -> tuple[int | None, ...] | None:
    """`input_shape` as a tuple."""
    if shape is None:
        return None
    sizes = tuple(shape) if isinstance(shape, list | tuple) else ()
    if len(sizes) != 3 or not all(size is None or type(size) is int for size in sizes):
        raise option_error(
            where, "input_shape", shape, "(height, width, channels), without the batch"
        )
    return sizes


def _shape_of(
    where: str, tensor: Any, shape: tuple[int | None, ...] | None
) -> tuple[int | None, ...]:
    """The sizes of `input_tensor`, which must agree with `input_shape`."""
    if not isinstance(tensor, Tensor):
        raise option_error(where, "input_tensor", tensor, "a tensor of Input() or of layers")
    dims = () if tensor.shape is None else tuple(tensor.shape)
    agrees = shape is None or all(
        None in (a, b) or a == b for a, b in zip(dims[1:], shape, strict=False)
    )
    if len(dims) != 4 or not agrees:
        raise ShapeError(
            where,
            "input_tensor has another shape",
            expected=shape_text((None, *(shape or (None, None, None)))),
            got=shape_text(None if tensor.shape is None else dims),
        )
    return dims[1:]


def _require_trained(
    arguments: Arguments, name: str, shape: tuple[int | None, ...], sizes: Sizes
) -> None:
    """Whether the network is the one that the named weights were trained in."""
    where, channels = arguments.where, sizes.usual[2]
    if arguments.include_top and arguments.classes != sizes.classes:
        raise option_error(
            where,
            "classes",
            arguments.classes,
            f"{sizes.classes} with weights={name!r}",
            hint=f"pass classes={sizes.classes}; or include_top=False, and a Dense layer of your "
            "own behind it",
        )
    if arguments.include_top and shape not in sizes.fixed:
        raise option_error(
            where,
            "input_shape",
            shape,
            f"{' or '.join(map(str, sizes.fixed))} with weights={name!r}",
            hint="include_top=False takes other sizes",
        )
    if shape[2] != channels:
        raise option_error(
            where,
            "input_shape",
            shape,
            f"{channels} channels with weights={name!r}",
        )


def pooled(x: Tensor, pooling: str | None) -> Tensor:
    """The end of a network without its top.

    Args:
        x: (batch, height, width, channels).
        pooling: None leaves it; `"avg"` and `"max"` give (batch, channels).
    """
    layers = {"avg": GlobalAveragePooling2D, "max": GlobalMaxPooling2D}
    kind = _POOLING.check("pooled", "pooling", pooling)
    return layers[kind]()(x) if kind else x


def predictions(arguments: Arguments, x: Tensor) -> Tensor:
    """The last layer of a network with its top.  x: (batch, features) -> (batch, classes)."""
    last = Dense(arguments.classes, activation=arguments.classifier_activation, name="predictions")
    return last(x)  # type: ignore[no-any-return]


def finish(
    arguments: Arguments,
    inputs: Tensor,
    outputs: Tensor,
    named: Mapping[str, Pretrained],
    model_name: str,
) -> Model:
    """The model between two tensors, with its weights.

    Args:
        arguments: as they came.
        inputs: where the network begins; the model begins at what that was computed from.
        outputs: where it ends.
        named: the files of the named weights.
        model_name: of the model.

    Raises:
        DataError, FileFormatError, ShapeError, OSError: as `weights.set_weights`.
    """
    model = Model(_sources(arguments.where, inputs), outputs, name=model_name)
    set_weights(arguments.where, model, arguments.weights, named, include_top=arguments.include_top)
    return model


def _sources(where: str, tensor: Tensor) -> Any:
    """The tensors of `Input` that a tensor is computed from: alone, or in a list."""
    found: dict[Tensor, None] = {}
    seen: set[Tensor] = set()
    stack = [tensor]
    while stack:
        top = stack.pop()
        if top in seen:
            continue
        seen.add(top)
        if top.history is not None and top.history.is_input:
            found[top] = None
        else:
            stack += reversed(top.op.inputs if top.history is None else top.history.sources())
    if not found:
        raise OptionError(
            where, "input_tensor comes from no Input", expected="a tensor of Input() or of layers"
        )
    return next(iter(found)) if len(found) == 1 else list(found)
