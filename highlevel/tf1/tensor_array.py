"""`tf.TensorArray`: the core's, with TF1's constructor."""

from __future__ import annotations

from typing import Any

import thalweg.core

from .arguments import refuse

__all__ = ["TensorArray"]


class TensorArray(thalweg.core.TensorArray):
    """Tensors of one type, written and read by number, also in loops.

    Args:
        dtype: of the elements.
        size: how many.
        dynamic_size: whether a write beyond the end makes it longer.
        clear_after_read: accepted: elements may be read as often as wanted.
        tensor_array_name: accepted.
        handle: must be None.
        flow: must be None.
        infer_shape: accepted: elements have one shape in any case.
        element_shape: shape of the elements, as far as it is known.
        colocate_with_first_write_call: accepted.
        name: accepted.

    >>> from thalweg.core import Session
    >>> array = TensorArray("float32", size=2).write(0, 1.0).write(1, 2.0)
    >>> Session().run(array.stack()).tolist()
    [1.0, 2.0]
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        del clear_after_read, tensor_array_name, infer_shape, colocate_with_first_write_call, name
        refuse("TensorArray", "the array itself is its handle and flow", handle=handle, flow=flow)
        super().__init__(dtype, 0 if size is None else size, bool(dynamic_size), element_shape)
