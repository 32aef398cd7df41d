"""Products of matrices by the BLAS that Numba calls, for columns of an array, which are not contiguous."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.linalg import ensure_blas

INT8, INT32 = ir.IntType(8), ir.IntType(32)
KINDS = {types.float32: "s", types.float64: "d"}


@intrinsic
def multiply_turned(_: Any, A: Any, begin: Any, end: Any, delta: Any, product: Any) -> Any:
    """Compute product[begin:end] = A[:, begin:end].T @ delta; all arrays are contiguous."""
    ensure_blas()

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        kinds = signature.args
        left, right, result = (context.make_array(kinds[index])(context, builder, given[index]) for index in (0, 3, 4))
        rows, inputs = cgutils.unpack_tuple(builder, left.shape)
        units = cgutils.unpack_tuple(builder, right.shape)[1]
        element, intp = context.get_data_type(kinds[0].dtype), context.get_value_type(types.intp)
        pointer = cgutils.voidptr_t
        one, zero = (
            builder.bitcast(cgutils.alloca_once_value(builder, ir.Constant(element, value)), pointer)
            for value in (1.0, 0.0)
        )
        kind = ir.FunctionType(
            INT32,
            [INT8, INT8, INT8, intp, intp, intp, pointer, pointer, intp, pointer, intp, pointer, pointer, intp],
        )
        function = cgutils.get_or_insert_function(builder.module, kind, "numba_xxgemm")
        # the BLAS stores matrices by columns, so it sees every array transposed
        part = builder.gep(left.data, [given[1]])
        target = builder.gep(result.data, [builder.mul(given[1], units)])
        letters = [ir.Constant(INT8, ord(letter)) for letter in (KINDS[kinds[0].dtype], "n", "t")]
        sizes = [units, builder.sub(given[2], given[1]), rows]
        matrices = [
            *(builder.bitcast(right.data, pointer), units),
            *(builder.bitcast(part, pointer), inputs),
            zero,
            *(builder.bitcast(target, pointer), units),
        ]
        builder.call(function, [*letters, *sizes, one, *matrices])
        return context.get_dummy_value()

    return types.void(A, types.intp, types.intp, delta, product), codegen
