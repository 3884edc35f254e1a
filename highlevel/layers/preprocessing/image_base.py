"""`ImageTransform`: a layer that makes images of images, at once, in a model or in a pipeline.

A layer draws what it does to each image (`get_random_transformation`) apart from doing it
(`transform_images`), as in Keras 3, so that labels and masks can follow, and so that one can look
at the numbers or give others. Subclasses write `draw` and `apply`, for a batch with the channels
last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from thalweg import core
from thalweg.core import (
    Graph,
    Tensor,
    as_dtype,
    current_context,
    flatten,
    rebuild,
    uint8,
    use_context,
    user_site,
)
from thalweg.core.errors import OptionError, ShapeError

from ...eager import call_at_once, is_symbolic
from ...options import DATA_FORMAT, OrNone
from ..calls import CallState
from .base import DataLayer
from .image_draws import Draws
from .image_options import SEED

__all__ = ["ImageTransform", "RandomImageTransform", "sizes_of", "stands_alone", "wide"]


class ImageTransform(DataLayer):
    """A layer on (batch, height, width, channels) or one image (height, width, channels).

    Its output has the layer's dtype, whatever comes in: integers are computed in float32, and
    rounded and held within the dtype's range at the end where that is an integer dtype.

    Instead of images it takes a dict of `"images"` and what belongs to them: `"labels"`, and
    `"segmentation_masks"` (batch, height, width, channels), which follow. Anything else in it is
    passed on.

    Args:
        data_format: `"channels_last"`, which None means, or `"channels_first"`:
            (batch, channels, height, width).
        kwargs: `Layer`'s arguments.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        checked = OrNone(DATA_FORMAT).check(self, "data_format", data_format)
        self.data_format: str = checked or "channels_last"

    # What subclasses write ----------------------------------------------------------------------

    def apply(self, x: Tensor, transformation: Any) -> Tensor:
        """Transformed images: (batch, height, width, channels) of any dtype -> the same rank."""
        raise NotImplementedError(type(self).__name__)

    def apply_to_masks(self, x: Tensor, transformation: Any) -> Tensor:
        """Transformed masks, which are classes of pixels: by default as they are."""
        return x

    def apply_to_labels(self, labels: Tensor, transformation: Any) -> Tensor:
        """The labels of transformed images: by default those of the images."""
        return labels

    def at_rest(self, x: Tensor) -> Tensor:
        """What becomes of images while nothing trains: by default they stay."""
        return x

    def masks_at_rest(self, x: Tensor) -> Tensor:
        """What becomes of masks while nothing trains: by default they stay."""
        return x

    # Calling ------------------------------------------------------------------------------------

    takes_dicts = True

    def call(self, inputs: Any) -> Any:
        """The transformed images, or a dict of them and what belongs to them."""
        self._images_of(inputs)
        return self._transformed(inputs, None, True)

    def transform_images(
        self, images: Any, transformation: Any = None, training: Any = True
    ) -> Any:
        """The images, transformed by what was drawn, or given.

        Args:
            images: as the layer takes them; arrays are computed at once.
            transformation: what `get_random_transformation` returned.
            training: False leaves them as they are.
        """

        build = self._choosing(self.apply, self.at_rest)
        return self._computed("transform_images", build, images, transformation, training)

    def transform_labels(
        self, labels: Any, transformation: Any = None, training: Any = True
    ) -> Any:
        """The labels of images that were transformed; arguments as of `transform_images`."""

        def build(labels: Any, transformation: Any, training: Any) -> Tensor:
            rest = core.convert(labels)
            if self._rests(transformation, training):
                return rest
            y = self.apply_to_labels(rest, transformation)
            return y if y is rest else core.choose(training, y, core.cast(rest, y.dtype))

        return self._computed("transform_labels", build, labels, transformation, training)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: Any = True
    ) -> Any:
        """The masks of images that were transformed; arguments as of `transform_images`."""

        build = self._choosing(self.apply_to_masks, self.masks_at_rest)
        name = "transform_segmentation_masks"
        return self._computed(name, build, segmentation_masks, transformation, training)

    def _choosing(
        self, apply: Callable[[Tensor, Any], Tensor], at_rest: Callable[[Tensor], Tensor]
    ) -> Callable[..., Tensor]:
        """The function that transforms images while something trains, and else lets them rest."""

        def build(images: Any, transformation: Any, training: Any) -> Tensor:
            x = self.batch_of(images)
            rest = self._finished(at_rest(x))
            if self._rests(transformation, training):
                return self._as_given(rest, images)
            y = self._finished(apply(x, transformation))
            return self._as_given(core.choose(training, y, rest), images)

        return build

    # Whether images are transformed where nothing is drawn.
    _always_acts = True

    def _rests(self, transformation: Any, training: Any) -> bool:
        """Whether it is known that nothing is to be done."""
        return training is False or (transformation is None and not self._always_acts)

    def _transformed(self, data: Any, transformation: Any, training: Any) -> Any:
        """Images, or a dict, of which every entry is transformed alike."""
        if not isinstance(data, dict):
            return self.transform_images(data, transformation, training)
        methods = {
            "images": self.transform_images,
            "labels": self.transform_labels,
            "segmentation_masks": self.transform_segmentation_masks,
        }
        return {
            name: methods[name](value, transformation, training) if name in methods else value
            for name, value in data.items()
        }

    def _images_of(self, data: Any) -> Any:
        """The images among data."""
        if not isinstance(data, dict):
            return data
        if "images" not in data or "bounding_boxes" in data:
            raise OptionError(
                type(self).__name__,
                "a dict of other things",
                expected="'images', and perhaps 'labels' and 'segmentation_masks'",
                got=", ".join(map(repr, data)),
                site=user_site(),
                hint="bounding boxes are not moved along; MaxNumBoundingBoxes alone takes them"
                if "bounding_boxes" in data
                else None,
            )
        return data["images"]

    def _computed(self, name: str, build: Callable[..., Any], *data: Any) -> Any:
        """What a function of tensors makes of tensors, or of arrays at once."""
        *values, training = data
        if is_symbolic(data):
            return build(*data)
        arrays = [self._array(value) for value in flatten(values) if value is not None]

        def on_tensors(*tensors: Tensor) -> Any:
            context = current_context()
            context = replace(context, stream=self._stream, owner=self._label, is_library=True)
            feed = iter(tensors)
            with use_context(context):
                filled = [None if value is None else rebuild(value, feed) for value in values]
                return build(*filled, training)

        structure = str(rebuild(values, iter(lambda: ".", None)))
        return call_at_once(on_tensors, arrays, self._eager_calls, (name, structure, training))

    def _array(self, value: Any) -> Any:
        """Data as they are computed with."""
        array = self._data(value)
        is_float = isinstance(array, np.ndarray) and array.dtype.kind == "f"
        return array.astype(self.working_dtype) if is_float else array

    # Batches ------------------------------------------------------------------------------------

    def batch_of(self, images: Any) -> Tensor:
        """The images as (batch, height, width, channels).

        Raises:
            ShapeError: if they have neither three nor four axes.
        """
        x = core.convert(images)
        if x.ndim not in (3, 4):
            raise ShapeError(
                type(self).__name__,
                "takes images",
                expected="(batch, height, width, channels), or one (height, width, channels)",
                got=str(x.type),
                layer=self._label,
                site=user_site(),
            )
        x = core.expand_dims(x, 0) if x.ndim == 3 else x
        return x if self.data_format == "channels_last" else core.transpose(x, [0, 2, 3, 1])

    def _as_given(self, y: Tensor, images: Any) -> Tensor:
        """Images in the layer's order of axes; one alone if one came."""
        if self.data_format == "channels_first":
            y = core.transpose(y, [0, 3, 1, 2])
        return core.squeeze(y, [0]) if core.convert(images).ndim == 3 else y

    @property
    def working_dtype(self) -> str:
        """What colours are computed in."""
        return self.dtype if as_dtype(self.dtype).is_float else "float32"

    def floats(self, x: Tensor) -> Tensor:
        """Images to compute with."""
        return core.cast(x, self.working_dtype)

    def pickable(self, x: Tensor) -> Tensor:
        """Images for `core.image.warp`, which makes floats of bytes on the way."""
        return x if x.dtype is uint8 else self.floats(x)

    def _finished(self, y: Tensor) -> Tensor:
        """Images of the layer's dtype."""
        wanted = as_dtype(self.dtype)
        if wanted.is_integer:
            return core.saturate_cast(core.round(y) if y.dtype.is_float else y, wanted)
        return core.cast(y, wanted)


class RandomImageTransform(ImageTransform):
    """A layer that transforms images only while something trains, each in its own way.

    Called by itself it takes `training` as True, as in Keras 3; in a model it does what the model
    does, and in `predict` and `evaluate` images stay as they are.

    Args:
        seed: an integer >= 0; layers of equal seeds draw equal numbers.
        data_format: as of `ImageTransform`.
        kwargs: `Layer`'s arguments.
    """

    _always_acts = False

    def __init__(
        self, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.seed = SEED.check(self, "seed", seed)

    def draw(self, draws: Draws, x: Tensor) -> Any:
        """What is to be done to each image: a dict of tensors.

        Args:
            draws: what numbers are drawn from.
            x: (batch, height, width, channels), of which only the sizes count.
        """
        raise NotImplementedError(type(self).__name__)

    def get_random_transformation(
        self, data: Any, training: Any = True, seed: int | None = None
    ) -> Any:
        """Draws what is to be done to images.

        Args:
            data: images, or a dict of them; arrays are computed at once.
            training: False draws nothing.
            seed: instead of the layer's.

        Returns:
            a dict, for `transform_images`; None if there is nothing to do.
        """
        if training is False:
            return None

        def build(images: Any, training: Any) -> Any:
            chosen = self.seed if seed is None else SEED.check(self, "seed", seed)
            x = self.batch_of(images)
            return self.draw(Draws.begin(chosen, core.shape_of(x)[0]), x)

        name = f"get_random_transformation {seed}"
        return self._computed(name, build, self._images_of(data), True)

    def call(self, inputs: Any, training: Any = True) -> Any:
        """The transformed images if `training`, or a dict of them and what belongs to them."""
        self._images_of(inputs)
        transformation = None
        if training is not False:
            transformation = self.get_random_transformation(inputs)
        return self._transformed(inputs, transformation, training)

    def _resolve_training(
        self, kwargs: dict[str, Any], outer: CallState | None, is_edge: bool, graph: Graph
    ) -> Any:
        if stands_alone(kwargs, outer, is_edge, graph):
            return True
        return super()._resolve_training(kwargs, outer, is_edge, graph)


def stands_alone(
    kwargs: dict[str, Any], outer: CallState | None, is_edge: bool, graph: Graph
) -> bool:
    """Whether a layer that is called with these arguments is in no model, nobody saying `training`:
    called on arrays, or in a function of a data set's elements."""
    is_in_function = graph.outer is not None
    return kwargs.get("training") is None and outer is None and (not is_edge or is_in_function)


def sizes_of(x: Tensor) -> tuple[Any, Any]:
    """Height and width of (batch, height, width, channels): integers where they are known."""
    _, height, width, _ = x.type.dims()
    sizes = core.shape_of(x)
    return (
        sizes[1] if height is None else height,
        sizes[2] if width is None else width,
    )


def wide(numbers: Any) -> Tensor:
    """One number an image, in any shape, as (batch, 1, 1, 1)."""
    return core.reshape(core.convert(numbers), [-1, 1, 1, 1])
