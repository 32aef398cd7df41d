"""A barrier for threads that compute the parts of a step together."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from service.backprop.arrays import IndexArray
from service.backprop.compiled.building import compiled

LOOKS = 2000  # how often a thread checks the barrier before it yields the processor
ARRIVED, TURN = 0, 1  # a barrier's entries: how many threads have arrived, and how often all have


@intrinsic
def _add(_: Any, array: Any, index: Any, value: Any) -> Any:
    """Do array[index] += value atomically; return the previous value."""

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        return builder.atomic_rmw("add", builder.gep(data, [given[1]]), given[2], "seq_cst")

    return types.intp(array, types.intp, types.intp), codegen


@intrinsic
def _give_way(_: Any) -> Any:
    """Yield the processor to other threads."""

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.IntType(32), []), "sched_yield")
        builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), codegen


@compiled
def meet(barrier: IndexArray, threads: int) -> None:
    """Wait until all threads have called this; it spins, as the wait is usually a few microseconds."""
    if threads == 1:
        return
    turn = _add(barrier, TURN, 0)
    if _add(barrier, ARRIVED, 1) == threads - 1:
        _add(barrier, ARRIVED, -threads)
        _add(barrier, TURN, 1)
        return
    looks = 0
    while _add(barrier, TURN, 0) == turn:
        looks += 1
        if looks > LOOKS:
            _give_way()
