"""Three operations on rows of numbers with vector instructions, for functions that Numba compiles.

The compiler vectorizes loops over short rows only partly, as it cannot know that two arrays do not overlap. Each lane
of a vector is one unit, whose sum is computed in the same order with vector registers of any width.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

VECTOR_BYTES = 64
MOST_VECTORS = 4  # of a row, computed together: that many sums fit the registers
CONTRACT = ("contract",)  # a product and a sum may be fused into one operation
INT32 = ir.IntType(32)

Value = Any
Numbers = Callable[[int], Value]


class Emitter:
    """Writes vector instructions for arrays whose elements are `dtype`."""

    def __init__(self, context: Any, builder: Any, dtype: Any) -> None:
        self.context, self.builder = context, builder
        self.width = dtype.bitwidth // 8
        self.lanes = VECTOR_BYTES // self.width
        self.intp = context.get_value_type(types.intp)
        self.element = context.get_data_type(dtype)
        self.vector = ir.VectorType(self.element, self.lanes)
        self.zeros = ir.Constant(self.vector, [0.0] * self.lanes)
        self.mask = ir.VectorType(ir.IntType(1), self.lanes)
        self.suffix = f"v{self.lanes}f{8 * self.width}"

    def array(self, kind: Any, value: Value) -> Any:
        return self.context.make_array(kind)(self.context, self.builder, value)

    def units(self, array: Any) -> Value:
        """Return the number of entries in a row."""
        return cgutils.unpack_tuple(self.builder, array.shape)[-1]

    def number(self, value: int) -> Value:
        return ir.Constant(self.intp, value)

    def row(self, data: Value, row: Value, units: Value) -> Value:
        return self.builder.gep(data, [self.builder.mul(row, units)])

    def at(self, data: Value, index: Value) -> Value:
        """Load the scalar at `index`; integers are converted to intp."""
        value = self.builder.load(self.builder.gep(data, [index]))
        is_short = isinstance(value.type, ir.IntType) and value.type.width < self.intp.width
        return self.builder.sext(value, self.intp) if is_short else value

    def splat(self, value: Value, kind: Any) -> Value:
        """Return a vector with `value` in every lane."""
        one = self.builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(INT32, 0))
        first = ir.Constant(ir.VectorType(INT32, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), first)

    def below(self, count: Value) -> Value:
        """Return the mask of the first `count` lanes."""
        kind = ir.VectorType(self.intp, self.lanes)
        lanes = ir.Constant(kind, list(range(self.lanes)))
        return self.builder.icmp_signed("<", lanes, self.splat(count, kind))

    def load(self, data: Value, index: Value, mask: Value | None) -> Value:
        at = self._pointer(data, index)
        if mask is None:
            return self.builder.load(at, align=self.width)
        kind = ir.FunctionType(self.vector, [at.type, INT32, self.mask, self.vector])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.masked.load.{self.suffix}.p0")
        return self.builder.call(function, [at, ir.Constant(INT32, self.width), mask, self.zeros])

    def store(self, value: Value, data: Value, index: Value, mask: Value | None) -> None:
        at = self._pointer(data, index)
        if mask is None:
            self.builder.store(value, at, align=self.width)
            return
        kind = ir.FunctionType(ir.VoidType(), [self.vector, at.type, INT32, self.mask])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.masked.store.{self.suffix}.p0")
        self.builder.call(function, [value, at, ir.Constant(INT32, self.width), mask])

    def _pointer(self, data: Value, index: Value) -> Value:
        return self.builder.bitcast(self.builder.gep(data, [index]), self.vector.as_pointer())

    def fused(self, factor: Value, value: Value, total: Value) -> Value:
        """Return factor * value + total as one fused operation."""
        product = self.builder.fmul(factor, value, flags=CONTRACT)
        return self.builder.fadd(total, product, flags=CONTRACT)

    def blocks(self, begin: Value, end: Value, body: Callable[[Value, list[Value | None]], None]) -> None:
        """Emit `body(first unit, masks)` for every block of up to four vectors of a row; the last block is masked."""
        step = MOST_VECTORS * self.lanes
        units = self.builder.sub(end, begin)
        whole = self.builder.mul(self.builder.sdiv(units, self.number(step)), self.number(step))
        whole = self.builder.add(begin, whole)
        with cgutils.for_range_slice(self.builder, begin, whole, self.number(step)) as (unit, _):
            body(unit, [None] * MOST_VECTORS)
        rest = self.builder.sub(end, whole)
        with self.builder.if_then(self.builder.icmp_signed(">", rest, self.number(0))):
            self._rest(whole, rest, 1, body)

    def _rest(self, unit: Value, rest: Value, vectors: int, body: Callable[[Value, list[Value | None]], None]) -> None:
        """Emit the last block of a row with as few vectors as possible."""

        def emit() -> None:
            lefts = [self.builder.sub(rest, self.number(index * self.lanes)) for index in range(vectors)]
            body(unit, [self.below(left) for left in lefts])

        if vectors == MOST_VECTORS:
            emit()
            return
        fits = self.builder.icmp_signed("<=", rest, self.number(vectors * self.lanes))
        with self.builder.if_else(fits) as (then, otherwise):
            with then:
                emit()
            with otherwise:
                self._rest(unit, rest, 2 * vectors, body)


@intrinsic
def add_rows(
    _: Any,
    target: Any,
    row: Any,
    source: Any,
    rows: Any,
    values: Any,
    first: Any,
    count: Any,
    step: Any,
    begin: Any,
    end: Any,
) -> Any:
    """Do target[row] += sum of values[first + i * step] * source[rows[first + i]] for i = 0 to count - 1.

    Only the units from `begin` up to `end` are updated. With `rows` None, the rows are source[0] to source[count - 1].
    All arrays are contiguous, and `target` overlaps none of the others.
    """
    arguments = (target, types.intp, source, rows, values, *[types.intp] * 5)

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        kinds = signature.args
        emit = Emitter(context, builder, kinds[0].dtype)
        sums, source = emit.array(kinds[0], given[0]), emit.array(kinds[2], given[2])
        values = emit.array(kinds[4], given[4]).data
        rows = None if isinstance(kinds[3], types.NoneType) else emit.array(kinds[3], given[3]).data
        first, count, step, begin_unit, end_unit = given[5:]
        units = emit.units(sums)
        begin = emit.row(sums.data, given[1], units)

        def block(unit: Value, masks: list[Value | None]) -> None:
            parts = MOST_VECTORS // len(masks)  # several sums in parallel, as each addition depends on the one before
            totals = [[cgutils.alloca_once(builder, emit.vector) for _ in masks] for _ in range(parts)]
            places = [builder.add(unit, emit.number(index * emit.lanes)) for index in range(len(masks))]
            for part, vectors in enumerate(totals):
                for total, place, mask in zip(vectors, places, masks, strict=True):
                    builder.store(emit.zeros if part else emit.load(begin, place, mask), total)

            def accumulate(index: Value, part: int) -> None:
                at = index if rows is None else emit.at(rows, builder.add(first, index))
                base = emit.row(source.data, at, units)
                value = emit.at(values, builder.add(first, builder.mul(index, step)))
                factor = emit.splat(value, emit.vector)
                for total, place, mask in zip(totals[part], places, masks, strict=True):
                    builder.store(emit.fused(factor, emit.load(base, place, mask), builder.load(total)), total)

            whole = builder.mul(builder.sdiv(count, emit.number(parts)), emit.number(parts))
            with cgutils.for_range_slice(builder, emit.number(0), whole, emit.number(parts)) as (index, _):
                for part in range(parts):
                    accumulate(builder.add(index, emit.number(part)), part)
            with cgutils.for_range_slice(builder, whole, count, emit.number(1)) as (index, _):
                accumulate(index, 0)
            for place, mask, *vectors in zip(places, masks, *totals, strict=True):
                total = builder.load(vectors[0])
                for vector in vectors[1:]:
                    total = builder.fadd(total, builder.load(vector))
                emit.store(total, begin, place, mask)

        emit.blocks(begin_unit, end_unit, block)
        return context.get_dummy_value()

    return types.void(*arguments), codegen


@intrinsic
def add_to_rows(_: Any, target: Any, rows: Any, values: Any, first: Any, count: Any, source: Any, row: Any) -> Any:
    """Do target[rows[j]] += values[j] * source[row] for `count` entries j from `first` on; the rows must differ."""
    arguments = (target, rows, values, types.intp, types.intp, source, types.intp)

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        kinds = signature.args
        emit = Emitter(context, builder, kinds[0].dtype)
        sums, source = emit.array(kinds[0], given[0]), emit.array(kinds[5], given[5])
        rows, values = emit.array(kinds[1], given[1]).data, emit.array(kinds[2], given[2]).data
        units = emit.units(sums)
        begin = emit.row(source.data, given[6], units)

        def block(unit: Value, masks: list[Value | None]) -> None:
            places = [builder.add(unit, emit.number(index * emit.lanes)) for index in range(len(masks))]
            added = [emit.load(begin, place, mask) for place, mask in zip(places, masks, strict=True)]
            last = builder.add(given[3], given[4])

            def add(index: Value) -> None:
                base = emit.row(sums.data, emit.at(rows, index), units)
                factor = emit.splat(emit.at(values, index), emit.vector)
                for vector, place, mask in zip(added, places, masks, strict=True):
                    emit.store(emit.fused(factor, vector, emit.load(base, place, mask)), base, place, mask)

            # every other row if neighbours share vectors, as reading one right after it was written is slow
            apart = builder.icmp_signed("==", builder.srem(units, emit.number(emit.lanes)), emit.number(0))
            with builder.if_else(apart) as (then, otherwise):
                with then, cgutils.for_range_slice(builder, given[3], last, emit.number(1)) as (index, _):
                    add(index)
                with otherwise:
                    for begins in (given[3], builder.add(given[3], emit.number(1))):
                        with cgutils.for_range_slice(builder, begins, last, emit.number(2)) as (index, _):
                            add(index)

        emit.blocks(emit.number(0), units, block)
        return context.get_dummy_value()

    return types.void(*arguments), codegen


@intrinsic
def keep_nonzero(_: Any, source: Any, row: Any, columns: Any, values: Any, first: Any) -> Any:
    """Write the nonzero entries of source[row] and their columns, from `first` on; return the index after the last one.

    `columns` and `values` must have room for a whole row and one vector more.
    """
    arguments = (source, types.intp, columns, values, types.intp)

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        kinds = signature.args
        emit = Emitter(context, builder, kinds[0].dtype)
        source = emit.array(kinds[0], given[0])
        columns, values = emit.array(kinds[2], given[2]).data, emit.array(kinds[3], given[3]).data
        units = emit.units(source)
        begin = emit.row(source.data, given[1], units)
        end = cgutils.alloca_once_value(builder, given[4])
        numbers = ir.VectorType(INT32, emit.lanes)
        lanes = ir.Constant(numbers, list(range(emit.lanes)))
        bits = ir.IntType(emit.lanes)

        def compressed(vector: Value, suffix: str, mask: Value) -> Value:
            kind = ir.FunctionType(vector.type, [vector.type, emit.mask, vector.type])
            name = f"llvm.experimental.vector.compress.{suffix}"
            function = cgutils.get_or_insert_function(builder.module, kind, name)
            return builder.call(function, [vector, mask, ir.Constant(vector.type, ir.Undefined)])

        def keep(unit: Value, mask: Value | None) -> None:
            vector = emit.load(begin, unit, mask)
            selected = builder.fcmp_unordered("!=", vector, emit.zeros)
            which = builder.bitcast(selected, bits)
            with builder.if_then(builder.icmp_unsigned("!=", which, ir.Constant(bits, 0))):
                position = builder.load(end)
                at = builder.add(lanes, emit.splat(builder.trunc(unit, INT32), numbers))
                emit.store(compressed(vector, emit.suffix, selected), values, position, None)
                place = builder.bitcast(builder.gep(columns, [position]), numbers.as_pointer())
                builder.store(compressed(at, f"v{emit.lanes}i32", selected), place, align=4)
                builder.store(builder.add(position, builder.zext(builder.ctpop(which), emit.intp)), end)

        whole = builder.mul(builder.sdiv(units, emit.number(emit.lanes)), emit.number(emit.lanes))
        with cgutils.for_range_slice(builder, emit.number(0), whole, emit.number(emit.lanes)) as (unit, _):
            keep(unit, None)
        rest = builder.sub(units, whole)
        with builder.if_then(builder.icmp_signed(">", rest, emit.number(0))):
            keep(whole, emit.below(rest))
        return builder.load(end)

    return types.intp(*arguments), codegen
