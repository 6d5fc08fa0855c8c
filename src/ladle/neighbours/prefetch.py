"""Ask memory for a row before it is read: LLVM's prefetch, for compiled loops that read rows at random."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

LINE = 64  # bytes fetched at once


@intrinsic
def _prefetch(typing_context: Any, array: Any, row: Any, column: Any) -> Any:
    """Begin to load array[row, column]; never waits, never fails."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array_type, *place_types = signature.args
        view = context.make_array(array_type)(context, builder, arguments[0])
        place = [
            context.cast(builder, value, kind, types.intp)
            for value, kind in zip(arguments[1:], place_types, strict=True)
        ]
        item = cgutils.get_item_pointer(context, builder, array_type, view, place, wraparound=False)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        # for reading, into the nearest cache, of data
        builder.call(function, [builder.bitcast(item, cgutils.voidptr_t), number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, row, column), generate


@register_jitable
def prefetch_row(array: Any, row: Any) -> None:
    """Begin to load array[row] of a C-contiguous array."""
    for column in range(0, array.shape[1], LINE // array.itemsize):
        _prefetch(array, row, column)  # type: ignore[call-arg]
