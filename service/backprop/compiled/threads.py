"""Threads that step together: each does its parts of a phase, then waits for the others."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from service.backprop.arrays import IndexArray
from service.backprop.compiled.building import compiled

LOOKS = 2000  # before others are let on the processor
ARRIVED, TURN = 0, 1  # a barrier's entries: how many are there, and how often all were


@intrinsic
def _add(_: Any, array: Any, index: Any, value: Any) -> Any:
    """array[index] += value at one stroke, whatever other threads do; what was there before."""

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        return builder.atomic_rmw("add", builder.gep(data, [given[1]]), given[2], "seq_cst")

    return types.intp(array, types.intp, types.intp), codegen


@intrinsic
def _give_way(_: Any) -> Any:
    """Let other threads have the processor."""

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.IntType(32), []), "sched_yield")
        builder.call(function, [])
        return context.get_dummy_value()

    return types.void(), codegen


@compiled
def meet(barrier: IndexArray, threads: int) -> None:
    """Wait until all threads have come here: awake, as that mostly takes microseconds."""
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
