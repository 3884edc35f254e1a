"""What the rows of `conformance/cases_conv.py` cannot say: errors, and types of unknown sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from thalweg.core import (
    DtypeError,
    Graph,
    OptionError,
    Session,
    ShapeError,
    ThalwegError,
    apply,
    constant,
    conv1d,
    conv2d,
    conv2d_transpose,
    conv3d,
    convolution,
    convolution_backprop_filter,
    convolution_backprop_input,
    depthwise_conv2d,
    gradients,
    output_size,
    padding_sizes,
    placeholder,
    separable_conv1d,
    shape_of,
)
from thalweg.core.ops.conv import ConvolutionKernelGrad


@pytest.fixture(autouse=True)
def graph() -> Any:
    with Graph().as_default() as graph:
        yield graph


def image(*shape: int | None, dtype: str = "float32") -> Any:
    return placeholder(dtype, shape, name="x")


def message(error: pytest.ExceptionInfo[ThalwegError]) -> list[str]:
    """The lines of an error but the user's own, which must be there and in this file."""
    lines = str(error.value).splitlines()
    [site] = [line for line in lines if line.startswith("  made at ")]
    assert "test_conv.py:" in site
    return [line for line in lines if line != site]


# The shape rule ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "padding", "before", "after", "count"),
    [  # worked out by hand, on squared paper
        (5, 3, 1, 1, "VALID", 0, 0, 3),
        (5, 3, 2, 1, "VALID", 0, 0, 2),
        (5, 2, 1, 3, "VALID", 0, 0, 2),
        (5, 3, 1, 1, "SAME", 1, 1, 5),
        (5, 4, 1, 1, "SAME", 1, 2, 5),
        (6, 3, 2, 1, "SAME", 0, 1, 3),
        (5, 1, 2, 1, "SAME", 0, 0, 3),
        (5, 3, 1, 2, "SAME", 2, 2, 5),
        (5, 3, 2, 1, (1, 0), 1, 0, 2),
        (5, 3, 2, 2, "CAUSAL", 4, 0, 3),
        (2, 3, 1, 1, "VALID", 0, 0, 0),
        (0, 3, 1, 1, "SAME", 1, 1, 0),
    ],
)
def test_shape_rule(
    size: int, kernel: int, stride: int, dilation: int, padding: Any,
    before: int, after: int, count: int,
) -> None:  # fmt: skip
    assert padding_sizes(size, kernel, stride, dilation, padding) == (before, after)
    assert output_size(size, kernel, stride, dilation, padding) == count


def test_types_of_unknown_sizes() -> None:
    kernel = placeholder("float32", [3, 3, 2, 5])
    y = conv2d(image(None, None, 8, 2), kernel, strides=(2, 3))
    assert y.shape == (None, None, 2, 5)
    assert conv2d(image(None, 7, 8, None), kernel, padding="same").shape == (None, 7, 8, 5)
    assert conv2d(placeholder("float32"), kernel).shape == (None, None, None, None)
    dx, dkernel = gradients(y, [y.op.inputs[0], kernel])
    assert dx is not None and dx.shape == (None, None, 8, 2)
    assert dkernel is not None and dkernel.shape == (3, 3, 2, 5)


def test_transpose_of_a_size_known_when_run() -> None:
    x = image(None, None, None, 3)
    kernel = np.ones((2, 2, 3, 4), np.float32)
    small = conv2d(x, kernel, strides=2, padding="SAME")
    back = conv2d_transpose(small, kernel, shape_of(x), strides=2)
    assert back.shape == (None, None, None, 3)
    for shape in ((2, 5, 4, 3), (1, 6, 3, 3)):
        assert Session().run(back, {x: np.ones(shape, np.float32)}).shape == shape


def test_numbers_and_lists_are_inputs_too() -> None:
    y = conv2d([[[[1], [2]]]], [[[[1.0]]]], strides=[1, 1], padding=[[0, 1], [0, 0]])
    assert Session().run(y).tolist() == [[[[1.0], [2.0]], [[0.0], [0.0]]]]


def test_names_of_nodes() -> None:
    kernel = np.ones((2, 2, 3, 4), np.float32)
    assert conv2d(image(1, 4, 4, 3), kernel).op.name == "Conv2D"
    assert conv2d(image(1, 3, 4, 4), kernel, data_format="NCHW", name="c").op.name == "c"
    assert conv1d(image(1, 4, 3), kernel[0]).op.name == "Conv1D"


def test_types_of_signals_and_volumes() -> None:
    kernel = placeholder("float32", [3, 2, 5])
    assert conv1d(image(None, None, 2), kernel, padding="CAUSAL").shape == (None, None, 5)
    assert conv1d(placeholder("float32"), kernel).shape == (None,) * 3
    kernel = placeholder("float32", [3, 3, 3, 2, 5])
    assert convolution(image(None, 9, None, 7, 2), kernel, 2).shape == (None, 4, None, 3, 5)
    assert convolution(placeholder("float32"), kernel).shape == (None,) * 5
    assert conv3d(image(1, 2, 9, 9, 9), kernel, data_format="NCDHW").shape == (1, 5, 7, 7, 7)


def instructions(fetches: Any, feeds: Any = None) -> tuple[list[str], str]:
    """The names of the ops that a run would execute, and who runs them."""
    lines = Session(backend="numpy").explain(fetches, feeds).splitlines()
    return [line.split()[2].partition("(")[0] for line in lines if ") [" in line], lines[-2]


def test_transposes_between_channels_first_convolutions_cancel() -> None:
    x = image(1, 3, 8, 8)
    h = conv2d(x, np.ones((3, 3, 3, 4), np.float32), data_format="NCHW")
    y = conv2d(h, np.ones((3, 3, 4, 2), np.float32), data_format="NCHW")
    assert y.shape == (1, 2, 4, 4)
    names, _ = instructions(y, {x: np.ones((1, 3, 8, 8), np.float32)})
    assert names == ["Transpose", "Convolution", "Convolution", "Transpose"]


def test_numpy_kernels_are_chosen() -> None:
    x, kernel = image(2, 8, 8, 4), placeholder("float32", [3, 3, 4, 4])
    y = conv2d(x, kernel, padding="SAME")
    fetches = [y, *gradients(y, [x, kernel], constant(np.ones((2, 8, 8, 4), np.float32)))]
    feeds = {x: np.ones((2, 8, 8, 4)), kernel: np.ones((3, 3, 4, 4))}
    names, runner = instructions(fetches, feeds)
    assert names == ["Convolution", "ConvolutionInputGrad", "ConvolutionKernelGrad"]
    assert runner == "3 instructions: numpy kernel"


# Errors ------------------------------------------------------------------------------------------


def test_ranks() -> None:
    with pytest.raises(ShapeError) as error:
        conv2d(image(3, 4), image(3, 3, 4, 8))
    assert message(error) == [
        "Convolution: images or kernel have the wrong rank",
        "  expected  x (batch, height, width, in), kernel (height, width, in // groups, out)",
        "  got       x float32 (3, 4), kernel float32 (3, 3, 4, 8)",
        "  node      'Conv2D'",
    ]


def test_channels() -> None:
    with pytest.raises(ShapeError) as error:
        conv2d(image(None, 28, 28, 1), image(3, 3, 3, 8), name="first")
    assert message(error) == [
        "Convolution: the channels of images and kernel differ",
        "  expected  x (batch, height, width, 3)",
        "  got       x float32 (None, 28, 28, 1), kernel float32 (3, 3, 3, 8)",
        "  node      'first'",
    ]


def test_channels_first() -> None:
    with pytest.raises(ShapeError) as error:
        conv2d(image(None, 3, 28, 28), image(3, 3, 3, 8))
    assert message(error)[-1] == "  hint      channels come last: transpose(x, [0, 2, 3, 1])"


def test_groups_do_not_divide() -> None:
    with pytest.raises(ShapeError) as error:
        conv2d(image(1, 8, 8, 6), image(3, 3, 3, 7), groups=2)
    assert message(error) == [
        "Convolution: the channels do not divide into groups",
        "  expected  in and out channels that are multiples of groups=2",
        "  got       x float32 (1, 8, 8, 6), kernel float32 (3, 3, 3, 7)",
        "  node      'Conv2D'",
    ]


def test_channels_of_groups() -> None:
    with pytest.raises(ShapeError) as error:
        conv2d(image(1, 8, 8, 6), image(3, 3, 6, 4), groups=2)
    assert message(error)[1] == "  expected  x (batch, height, width, 12)"


def test_kernel_larger_than_the_images() -> None:
    with pytest.raises(ShapeError) as error:
        conv2d(image(None, 4, 28, 1), image(3, 3, 1, 8), dilations=(2, 2))
    assert message(error) == [
        "Convolution: the window does not fit into the height",
        "  expected  height >= 5",
        "  got       x float32 (None, 4, 28, 1), kernel float32 (3, 3, 1, 8)",
        "  node      'Conv2D'",
        '  hint      padding="SAME" fits windows to any size',
    ]


def test_kernel_larger_than_the_images_when_run() -> None:
    x = image(None, None, 8, 1)
    y = conv2d(x, np.ones((3, 3, 1, 1), np.float32))
    with pytest.raises(ShapeError) as error:
        Session().run(y, {x: np.ones((1, 2, 8, 1), np.float32)})
    assert message(error)[:4] == [
        "Convolution: the window does not fit into the height",
        "  expected  height >= 3",
        "  got       x float32 (1, 2, 8, 1), kernel float32 (3, 3, 1, 1)",
        "  node      'Conv2D'",
    ]


def test_no_images_to_speak_of() -> None:
    with pytest.raises(ShapeError) as error:
        conv2d(image(None, 8, 0, 1), image(3, 3, 1, 8), padding="SAME")
    assert message(error)[:2] == [
        "Convolution: the window does not fit into the width",
        "  expected  width >= 1",
    ]


def test_empty_kernel() -> None:
    with pytest.raises(ShapeError) as error:
        conv2d(image(None, 8, 8, 1), image(0, 3, 1, 8))
    assert message(error)[:2] == ["Convolution: the kernel is empty", "  expected  height >= 1"]


def test_dtypes() -> None:
    with pytest.raises(DtypeError) as error:
        conv2d(image(1, 8, 8, 1), image(3, 3, 1, 8, dtype="float64"))
    assert message(error) == [
        "Convolution: dtypes differ",
        "  expected  one dtype for all of x, kernel",
        "  got       x float32 (1, 8, 8, 1), kernel float64 (3, 3, 1, 8)",
        "  node      'Conv2D'",
        "  hint      cast(x, 'float32') converts",
    ]


def test_output_shape_that_is_none() -> None:
    with pytest.raises(ShapeError) as error:
        conv2d_transpose(image(1, 4, 4, 3), image(2, 2, 5, 3), [1, 9, 8, 5], strides=2)
    assert message(error) == [
        "ConvolutionInputGrad: these images do not give such an output",
        "  expected  g (1, 5, 4, 3)",
        "  got       g float32 (1, 4, 4, 3), kernel float32 (2, 2, 5, 3), "
        "shape of the images (1, 9, 8, 5)",
        "  node      'Conv2DTranspose'",
    ]


def test_output_of_another_kernel() -> None:
    with pytest.raises(ShapeError) as error:
        apply(
            ConvolutionKernelGrad((1, 1), "VALID", (1, 1)),
            image(2, 8, 8, 3),
            image(2, 6, 5, 4),
            constant([3, 3, 3, 4]),
        )
    assert message(error) == [
        "ConvolutionKernelGrad: such a kernel does not give this output",
        "  expected  g (2, 6, 6, 4)",
        "  got       x float32 (2, 8, 8, 3), g float32 (2, 6, 5, 4), "
        "shape of the kernel (3, 3, 3, 4)",
        "  node      'ConvolutionKernelGrad'",
    ]


@pytest.mark.parametrize("strides", [0, (1, 2, 1), (1.5, 1), "2"])
def test_strides(strides: Any) -> None:
    with pytest.raises(OptionError) as error:
        conv2d(image(1, 8, 8, 1), image(3, 3, 1, 8), strides=strides)
    assert message(error) == [
        "conv2d: strides must be one size, or one for each axis",
        "  expected  an integer >= 1, or (height, width)",
        f"  got       {strides!r}",
    ]


@pytest.mark.parametrize("padding", ["FULL", None, 1, ((1, 1),), ((1, 1), (1, -1)), ((1,), (2,))])
def test_padding(padding: Any) -> None:
    with pytest.raises(OptionError) as error:
        conv2d(image(1, 8, 8, 1), image(3, 3, 1, 8), padding=padding)
    assert message(error) == [
        "conv2d: unknown padding",
        '  expected  "SAME", "VALID", or ((top, bottom), (left, right)) of integers >= 0',
        f"  got       {padding!r}",
    ]


def test_no_groups() -> None:
    with pytest.raises(OptionError) as error:
        conv2d(image(1, 8, 8, 1), image(3, 3, 1, 8), groups=0)
    assert message(error) == [
        "conv2d: groups are no count",
        "  expected  an integer >= 1",
        "  got       0",
    ]


def test_data_format() -> None:
    with pytest.raises(OptionError) as error:
        conv2d(image(1, 8, 8, 1), image(3, 3, 1, 8), data_format="NWHC")
    assert message(error) == [
        "conv2d: unknown data_format",
        "  expected  'NHWC' or 'NCHW'",
        "  got       'NWHC'",
        "  hint      did you mean 'NHWC'?",
    ]


def test_padding_of_signals() -> None:
    with pytest.raises(OptionError) as error:
        conv1d(image(1, 8, 1), image(3, 1, 8), padding=(1, 2))
    assert message(error) == [
        "conv1d: unknown padding",
        '  expected  "SAME", "VALID", "CAUSAL", or ((left, right),) of integers >= 0',
        "  got       (1, 2)",
    ]
    with pytest.raises(OptionError, match="unknown padding"):
        conv2d(image(1, 8, 8, 1), image(3, 3, 1, 8), padding="CAUSAL")


def test_rank_of_the_convolution_is_unknown() -> None:
    with pytest.raises(ShapeError) as error:
        convolution(placeholder("float32"), placeholder("float32"))
    assert message(error) == [
        "convolution: the rank is unknown",
        "  expected  input (batch, ..., in) with one, two or three axes between",
        "  got       input float32 (...), filters float32 (...)",
    ]


def test_no_rank_of_images() -> None:
    with pytest.raises(ShapeError, match="convolution: no rank of images"):
        convolution(image(3, 4), image(4, 5))
    with pytest.raises(ShapeError) as error:
        convolution_backprop_input([1, 4], placeholder("float32"), image(1, 2))
    assert message(error) == [
        "convolution_backprop_input: no rank of images",
        "  expected  one, two or three axes between batch and channels",
        "  got       out_backprop float32 (1, 2), filters float32 (...)",
    ]
    with pytest.raises(ShapeError, match="convolution_backprop_filter: the rank is unknown"):
        convolution_backprop_filter(placeholder("float32"), [1, 4, 4], placeholder("float32"))


def test_depthwise_channels_are_unknown() -> None:
    with pytest.raises(ShapeError) as error:
        depthwise_conv2d(image(1, 8, 8, None), image(3, 3, None, 2))
    assert message(error) == [
        "depthwise_conv2d: the rank or the number of channels is unknown, or not as expected",
        "  expected  filters (height, width, channels, multiplier)",
        "  got       input float32 (1, 8, 8, None), filters float32 (3, 3, None, 2)",
    ]
    assert depthwise_conv2d(image(1, 8, 8, 3), image(3, 3, None, 2)).shape == (1, 6, 6, 6)


def test_depthwise_channels_differ() -> None:
    with pytest.raises(ShapeError) as error:
        depthwise_conv2d(image(1, 8, 8, 4), image(3, 3, 2, 2))
    assert message(error)[:2] == [
        "Convolution: the channels of images and kernel differ",
        "  expected  x (batch, height, width, 2)",
    ]


def test_separable_filters_do_not_fit() -> None:
    with pytest.raises(ShapeError) as error:
        separable_conv1d(image(1, 8, 4), image(3, 4, 2), image(1, 4, 5))
    assert message(error)[:2] == [
        "Convolution: the channels of images and kernel differ",
        "  expected  x (batch, width, 4)",
    ]
