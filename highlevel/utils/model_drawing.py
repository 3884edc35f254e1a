"""`plot_model`, `model_to_dot`, `print_summary`: models for the eye, with nothing to install."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from typing import Any

from thalweg.core import Tensor, flatten, user_site
from thalweg.core.drawing import Drawing, Part, Wire, diagram
from thalweg.core.errors import GraphError, OptionError

__all__ = ["ModelDrawing", "model_to_dot", "plot_model", "print_summary"]

_WORDS = {"op": "layer", "placeholder": "input", "scope": "model"}
_FORMATS = ("svg", "png")


class ModelDrawing(Drawing):
    """A picture of a model. It has the methods of pydot's `Dot` that programs call.

    Attributes:
        dpi: pixels an inch, where it is drawn as pixels.
    """

    dpi: float = 200

    def create(self, prog: Any = None, format: str = "svg", encoding: Any = None) -> bytes:
        """The bytes of a file.

        Args:
            prog: ignored: no program is called.
            format: `"svg"` or `"png"`.
            encoding: ignored.

        Raises:
            OptionError: for another format.
        """
        if format not in _FORMATS:
            raise OptionError(
                "model_to_dot",
                "unknown format",
                expected=" or ".join(_FORMATS),
                got=repr(format),
                site=user_site(),
            )
        return self.svg.encode() if format == "svg" else self.png(self.dpi)

    def create_svg(self, prog: Any = None) -> bytes:
        """The bytes of an SVG file."""
        return self.create(prog, "svg")

    def create_png(self, prog: Any = None) -> bytes:
        """The bytes of a PNG file."""
        return self.create(prog, "png")

    def write_svg(self, path: str | os.PathLike[str], prog: Any = None) -> None:
        """Writes an SVG file."""
        self.save(path, "svg")

    def write_png(self, path: str | os.PathLike[str], prog: Any = None) -> None:
        """Writes a PNG file."""
        self.save(path, "png", self.dpi)


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] | None = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,  # differs from Keras 3, and is as in Keras 2
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> ModelDrawing:
    """Draws the layers of a model, and writes the picture to a file.

    Args:
        model: functional or sequential, and built.
        to_file: the file, `.png` or `.svg`; None writes none.
        show_shapes: write shapes beside the lines.
        show_dtype: write dtypes there.
        show_layer_names: write names of layers, and not only their classes.
        rankdir: ignored: data flow downwards.
        expand_nested: draw what is inside of models that are layers of this one.
        dpi: pixels an inch in a `.png` file; an inch is 96 units of the picture.
        show_layer_activations: write the activations of layers.
        show_trainable: say which layers do not train.

    Returns:
        The picture, which notebooks show.

    Raises:
        GraphError: if the model has no graph of layers.
        OptionError: for a file of another kind.

    >>> import thalweg as keras
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="scores")])
    >>> "scores" in plot_model(model, to_file=None, show_shapes=True).svg
    True
    """
    drawing = model_to_dot(
        model,
        show_shapes,
        show_dtype,
        show_layer_names,
        rankdir,
        expand_nested,
        dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
    )
    if to_file is not None:
        kind = os.path.splitext(os.fspath(to_file))[1].lstrip(".").lower()
        if kind not in _FORMATS:
            raise OptionError(
                "plot_model",
                "a picture of another kind",
                expected="a file that ends in .svg or .png",
                got=repr(os.fspath(to_file)),
                site=user_site(),
            )
        drawing.save(to_file, kind, dpi)
    return drawing


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> ModelDrawing:
    """Draws the layers of a model; `create(format="svg")` of the result gives a file's bytes.

    Args:
        model: functional or sequential, and built.
        show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi,
            show_layer_activations, show_trainable: as of `plot_model`.
        subgraph: ignored.

    Raises:
        GraphError: if the model has no graph of layers.
    """
    del rankdir, subgraph
    if getattr(model, "network", None) is None:
        raise GraphError(
            "plot_model",
            f"{getattr(model, 'name', model)!r} has no graph of layers",
            expected="a functional model, or a sequential one that is built",
            got=type(model).__name__,
            site=user_site(),
            hint="an Input as first layer, or build(input_shape), makes a sequential model whole",
        )
    drawn = _Drawn(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable,
        expand_nested,
    )  # fmt: skip
    drawn.add(model.network, (), ())
    drawing = ModelDrawing(diagram(drawn.parts, drawn.wires, None, model.name, _WORDS))
    drawing.dpi = dpi
    return drawing


def print_summary(
    model: Any, line_length: int | None = None, positions: Any = None, print_fn: Any = None
) -> None:
    """`model.summary(line_length, positions, print_fn)`, as Keras 2 spells it."""
    model.summary(line_length=line_length, positions=positions, print_fn=print_fn)


class _Drawn:
    """The calls of layers as parts, and the tensors between them as wires."""

    def __init__(
        self, shapes: bool, dtypes: bool, names: bool, activations: bool, frozen: bool, nested: bool
    ) -> None:
        self._shapes, self._dtypes, self._names = shapes, dtypes, names
        self._activations, self._frozen, self._nested = activations, frozen, nested
        self.parts: list[Part] = []
        self.wires: list[Wire] = []

    def add(self, network: Any, scopes: tuple[str, ...], path: tuple[Any, ...]) -> None:
        """Adds all calls of a network.

        Args:
            network: the network.
            scopes: the names of the models around it.
            path: the calls of these.
        """
        results = set() if path else set(network.flat_outputs)
        for call in network.calls:
            inside = self._inside(call)
            if inside is not None:
                self.add(inside, (*scopes, call.layer.name), (*path, call))
                targets = [(*path, call, tensor.history) for tensor in inside.flat_inputs]
            else:
                self.parts.append(self._part(call, scopes, (*path, call), results))
                targets = [(*path, call)] * len(call.sources())
            for tensor, target in zip(call.sources(), targets, strict=False):
                for source, value in self._sources(tensor, path):
                    self.wires.append(Wire(source, target, value, self._text(value)))

    def _inside(self, call: Any) -> Any:
        """The network that is drawn instead of a call, or None."""
        return getattr(call.layer, "network", None) if self._nested else None

    def _sources(self, tensor: Tensor, path: tuple[Any, ...]) -> Iterator[tuple[Any, Tensor]]:
        """The parts that a tensor comes from, through plain ops, and what they give."""
        stack, seen = [tensor], set()
        while stack:
            value = stack.pop()
            if value in seen:
                continue
            seen.add(value)
            call = value.history
            if call is None:
                stack.extend(reversed(value.op.inputs))
            elif (inside := self._inside(call)) is not None:
                place = list(flatten(call.outputs)).index(value)
                yield from self._sources(inside.flat_outputs[place], (*path, call))
            else:
                yield (*path, call), value

    def _part(
        self, call: Any, scopes: tuple[str, ...], key: Any, results: Collection[Tensor]
    ) -> Part:
        layer = call.layer
        kind = type(layer).__name__
        detail = [kind] if self._names else []
        activation = getattr(getattr(layer, "activation", None), "__name__", None)
        if self._activations and activation:
            detail.append(activation)
        if self._frozen and not layer.trainable and layer.weights:
            detail.append("frozen")
        inside = getattr(layer, "network", None)
        if inside is not None:
            detail.append(f"{len(inside.layers)} layers")
        detail += [self._text(tensor) for tensor in flatten(call.outputs) if tensor in results]
        shape = "scope" if inside is not None else "placeholder" if call.is_input else "op"
        title = layer.name if self._names else kind
        return Part(key, scopes, shape, title, tuple(filter(None, detail)), tooltip=repr(layer))

    def _text(self, tensor: Tensor) -> str:
        """What is written beside a line."""
        words = [tensor.dtype.name] if self._dtypes else []
        if self._shapes:
            words.append("?" if tensor.shape is None else str(tuple(tensor.shape)))
        return " ".join(words)
