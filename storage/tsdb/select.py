"""One SELECT from statement to series: groups, intervals, fill, arithmetic, limits. Speaks SQL only through `calls`."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from storage.tsdb import streams
from storage.tsdb.arithmetic import evaluate
from storage.tsdb.calls import SELECTORS, SIMPLE, TRANSFORMS, Rows
from storage.tsdb.condition import MAX_TIME, MIN_TIME, Condition
from storage.tsdb.naming import calls_in, refs_in
from storage.tsdb.newest import newest_rows, newest_values
from storage.tsdb.relation import Relation, Selection
from storage.tsdb.streams import SECOND, Point
from storage.tsdb.syntax import Binary, Call, Duration, Expr, Field, Lit, QueryError, Ref, Select
from storage.tsdb.window import Window

MAX_INTERVALS = 2_000_000
"""Intervals that one statement may fill, over all its series and columns."""


@dataclass(slots=True)
class Table:
    """One series of an answer; times are ns and stand in the first column."""

    name: str
    tags: dict[str, str]
    columns: list[str]
    values: list[list[Any]] = field(default_factory=list)


class Run:
    """The evaluation of one SELECT over one relation."""

    def __init__(
        self,
        statement: Select,
        fields: tuple[Field, ...],
        rows: Rows,
        condition: Condition,
        *,
        cursor: duckdb.DuckDBPyConnection,
    ) -> None:
        """Take the statement with its wildcards spelled out and the rows it reads."""
        self._statement = statement
        self._fields = fields
        self._rows = rows
        self._relation: Relation = rows.relation
        self._selection: Selection = rows.selection
        self._window: Window = rows.window
        self._condition = condition
        self._cursor = cursor
        self._span = (condition.low, condition.high)
        self._descending = statement.descending
        self._intervals = 0

    def groups(self) -> Iterator[tuple[int, list[list[Any]]]]:
        """Yield (group, rows of [time, columns …]) of each group that has any, in InfluxDB's order."""
        calls = list(dict.fromkeys(call for one in self._fields for call in calls_in(one.expr)))
        calls = [call for call in calls if self._known(call)]
        had_calls = any(calls_in(one.expr) for one in self._fields)
        if not self._selection.groups or (had_calls and not calls):
            return
        if not had_calls:
            found = self._plain()
        elif len(calls) == 1 and self._is_selector(calls[0]):
            found = self._selector(calls[0])
        else:
            found = self._aggregates(calls)
        for number in sorted(found, reverse=self._descending):
            if found[number]:
                yield number, found[number]

    def _known(self, call: Call) -> bool:
        inner: Expr = call
        while isinstance(inner, Call):
            inner = inner.args[0]
        return isinstance(inner, Ref) and inner.name in self._relation.columns

    def _is_selector(self, call: Call) -> bool:
        """Whether the call picks whole points, so that other columns of the same points may stand beside it."""
        return call.name in SELECTORS

    # rows as they are

    def _plain(self) -> dict[int, list[list[Any]]]:
        refs = list(dict.fromkeys(ref for one in self._fields for ref in refs_in(one.expr)))
        positions = {ref: self._relation.columns[ref.name][0] for ref in refs if self._is_field(ref)}
        if not positions:
            return {}
        limits = self._statement.limits
        cap = limits.limit + limits.offset if limits.limit else 0
        wanted = list(dict.fromkeys(positions.values()))
        found = None
        if self._descending and cap == 1:
            found = newest_rows(self._relation, self._selection, self._span, wanted)
        if found is None:
            found = self._rows.plain(wanted, self._span, descending=self._descending, cap=cap)
        tags = self._tags_by_series()
        place = {position: number for number, position in enumerate(wanted)}
        out: dict[int, list[list[Any]]] = {}
        exprs = [one.expr for one in self._fields]
        simple = all(isinstance(expr, Ref) for expr in exprs)
        getters = [
            (place[positions[expr]], "") if expr in positions else (-1, expr.name)
            for expr in exprs
            if isinstance(expr, Ref)
        ]
        for g, at, series, *values in found:
            if simple:
                row = [values[n] if n >= 0 else (tags[series].get(name) or None) for n, name in getters]
            else:
                known: dict[Expr, Any] = {ref: values[place[p]] for ref, p in positions.items()}
                known |= {ref: tags[series].get(ref.name) or None for ref in refs if ref not in positions}
                row = [streams.finite(evaluate(expr, known)) for expr in exprs]
            out.setdefault(g, []).append([at, *row])
        return {g: self._cut(rows) for g, rows in out.items()}

    def _is_field(self, ref: Ref) -> bool:
        kind = self._relation.kind(ref.name)
        return bool(kind) and ref.kind in ("", "field", kind)

    def _tags_by_series(self) -> dict[int, dict[str, str]]:
        return {one.id: one.tags for group in self._selection.groups for one in group.series}

    # one selector

    def _selector(self, call: Call) -> dict[int, list[list[Any]]]:
        refs = list(dict.fromkeys(ref for one in self._fields for ref in refs_in(one.expr)))
        positions = {ref: self._relation.columns[ref.name][0] for ref in refs if self._is_field(ref)}
        if not refs and not self._window.length and call.name == "last":
            newest = newest_values(self._relation, self._selection, self._span, self._position(call))
            if newest is not None and [one.expr for one in self._fields] == [call]:
                return {g: self._cut([[at, streams.finite(value)]]) for g, (at, value) in newest.items()}
            if newest is not None:
                return self._finish({g: [(at, {call: value})] for g, (at, value) in newest.items()})
        if not refs and self._window.length and call.name not in ("top", "bottom"):
            return self._aggregates([call])
        found = self._rows.selected(call, self._span, positions.values())
        place = {position: number for number, position in enumerate(dict.fromkeys(positions.values()))}
        tags = self._tags_by_series()
        picked: dict[int, list[tuple[int, dict[Expr, Any]]]] = {}
        for g, b, t, series, value, *aux in found:
            known: dict[Expr, Any] = {call: value}
            for ref in refs:
                known[ref] = aux[place[positions[ref]]] if ref in positions else tags[series].get(ref.name) or None
            own_time = not self._window.length or call.name in ("top", "bottom")
            picked.setdefault(g, []).append((t if own_time else b, known))
        if self._window.length and call.name not in ("top", "bottom") and self._statement.fill != "none":
            picked = {g: self._fill_known(points, call) for g, points in picked.items()}
        if self._descending:
            picked = {g: points[::-1] for g, points in picked.items()}
        return self._finish(picked)

    def _fill_known(self, points: list[tuple[int, dict[Expr, Any]]], call: Call) -> list[tuple[int, dict[Expr, Any]]]:
        """Fill a selector's intervals; what stands beside it stays empty."""
        known = dict(points)
        filled = self._filled([(at, values[call]) for at, values in points], call, ascending=True)
        return [(at, known.get(at, {call: value})) for at, value in filled]

    def _position(self, call: Call) -> int:
        ref = call.args[0]
        assert isinstance(ref, Ref)
        return self._relation.columns[ref.name][0]

    # any number of calls

    def _aggregates(self, calls: list[Call]) -> dict[int, list[list[Any]]]:
        simple = [call for call in calls if call.name in SIMPLE and isinstance(call.args[0], Ref)]
        found: dict[Call, dict[int, list[Point]]] = {}
        if simple:
            found = dict(zip(simple, self._rows.simple(simple, self._span), strict=True))
            found = {call: self._after(call, stream) for call, stream in found.items()}
        for call in calls:
            if call not in found:
                found[call] = self._stream(call, self._span)
        if len(calls) == 1:
            [(call, stream)] = found.items()
            return self._finish({g: [(at, {call: v}) for at, v in points] for g, points in stream.items()})
        found = {call: {g: self._cut(points) for g, points in stream.items()} for call, stream in found.items()}
        defaults = {call: self._default(call) for call in found}
        out: dict[int, list[tuple[int, dict[Expr, Any]]]] = {}
        for g in {g for stream in found.values() for g in stream}:
            here = {call: dict(stream.get(g, [])) for call, stream in found.items()}
            times = sorted({at for points in here.values() for at in points}, reverse=self._descending)
            held: dict[Expr, Any] = {}
            rows = []
            for at in times:
                known: dict[Expr, Any] = {}
                for call, points in here.items():
                    missing = held.get(call) if self._statement.fill == "previous" else defaults[call]
                    known[call] = points.get(at, missing)
                held = known
                rows.append((at, known))
            out[g] = rows
        return self._finish(out, cut=False)

    def _stream(self, call: Call, span: tuple[int, int]) -> dict[int, list[Point]]:
        """Return group -> points of one call, filled, in the order in which the answer runs."""
        inner = call.args[0]
        if call.name in TRANSFORMS:
            if isinstance(inner, Call):
                span = self._earlier(span, call)
                source = self._stream(inner, span)
            else:
                assert isinstance(inner, Ref)
                source = self._rows.raw(inner, span, descending=self._descending)
            argument = _argument(call, self._window)
            found = {g: streams.transform(call.name, points, argument) for g, points in source.items()}
            return {g: points for g, points in found.items() if points}
        if call.name == "integral":
            assert isinstance(inner, Ref)
            start = span[0] if span[0] > MIN_TIME else 0
            source = self._rows.raw(inner, span, descending=False)
            unit = _argument(call, self._window)
            found = {g: list(streams.integral(points, unit, self._window, start)) for g, points in source.items()}
            return {g: points[::-1] if self._descending else points for g, points in found.items()}
        if call.name == "count" and isinstance(inner, Call):
            [stream] = self._rows.simple([replace(inner, name="count_distinct")], span)
        elif call.name in SIMPLE:
            [stream] = self._rows.simple([call], span)
        else:
            stream = self._rows.values(call, span)
        return self._after(call, stream, span)

    def _earlier(self, span: tuple[int, int], call: Call) -> tuple[int, int]:
        """Widen a range by the interval before it, as InfluxDB does (one, also for a moving average)."""
        low, high = span
        reach = 0 if call.name == "cumulative_sum" else self._window.length
        if self._descending:
            return low, min(high + reach, MAX_TIME)
        return (low - reach if low > MIN_TIME else low), high

    def _after(
        self, call: Call, stream: dict[int, list[Point]], span: tuple[int, int] | None = None
    ) -> dict[int, list[Point]]:
        """Fill, and turn round for a descending answer."""
        if self._window.length and self._statement.fill != "none" and call.name != "distinct":
            return {g: self._filled(points, call, span=span) for g, points in stream.items()}
        return {g: points[::-1] for g, points in stream.items()} if self._descending else stream

    def _filled(
        self, points: list[Point], call: Call, *, span: tuple[int, int] | None = None, ascending: bool = False
    ) -> list[Point]:
        how = self._statement.fill
        number = how if not isinstance(how, str) else 0 if how == "null" and call.name == "count" else "null"
        low, high = span or self._span
        first, last = max(low, points[0][0]) if low == MIN_TIME else low, points[-1][0] if high == MAX_TIME else high
        self._intervals += (last - first) // self._window.length + 1
        if self._intervals > MAX_INTERVALS:
            raise QueryError(f"max-select-buckets limit exceeded: ({self._intervals}/{MAX_INTERVALS})")
        filled = streams.fill(points, self._window, (low, high), self._typed(number, call))
        if self._descending and not ascending:
            filled.reverse()
        if how == "previous":
            return streams.carry(filled)
        return streams.interpolate(filled) if how == "linear" else filled

    def _default(self, call: Call) -> float | None:
        """Return what stands for a call without a value at a time at which another call has one."""
        number = self._typed(self._statement.fill, call)
        return None if isinstance(number, str) else number

    def _typed(self, number: str | float, call: Call) -> str | float:
        """Return a fill number in the type of the call's values."""
        if isinstance(number, str):
            return number
        kind = kind_of(call, self._relation)
        if kind in ("string", "boolean"):
            return "null"
        return int(number) if kind == "integer" else float(number)

    # what comes out

    def _finish(
        self, found: dict[int, list[tuple[int, dict[Expr, Any]]]], *, cut: bool = True
    ) -> dict[int, list[list[Any]]]:
        exprs = [one.expr for one in self._fields]
        out = {}
        for g, points in found.items():
            rows = [[at, *(streams.finite(evaluate(expr, known)) for expr in exprs)] for at, known in points]
            out[g] = self._cut(rows) if cut else rows
        return out

    def _cut(self, rows: list[Any]) -> list[Any]:
        limits = self._statement.limits
        rows = rows[limits.offset :] if limits.offset else rows
        return rows[: limits.limit] if limits.limit else rows


def _argument(call: Call, window: Window) -> int:
    """Return the unit (ns) or the count that a function works with."""
    if len(call.args) > 1:
        given = call.args[1]
        if isinstance(given, Duration):
            return given.ns
        assert isinstance(given, Lit)
        return int(given.value)
    if call.name in ("derivative", "non_negative_derivative"):
        return window.length if window.length and isinstance(call.args[0], Call) else SECOND
    return 1 if call.name == "elapsed" else SECOND


def kind_of(expr: Expr, relation: Relation) -> str:  # noqa: PLR0911 - one return per case
    """Return the type of a column's values; strings for tags."""
    if isinstance(expr, Call):
        if expr.name in ("count", "elapsed", "count_distinct"):
            return "integer"
        if expr.name in ("mean", "median", "stddev", "moving_average", "integral") or "derivative" in expr.name:
            return "float"
        return kind_of(expr.args[0], relation)
    if isinstance(expr, Ref):
        return relation.kind(expr.name) or "string"
    if isinstance(expr, Binary):
        sides = kind_of(expr.left, relation), kind_of(expr.right, relation)
        return "integer" if sides == ("integer", "integer") and expr.op != "/" else "float"
    if isinstance(expr, Lit):
        return {bool: "boolean", int: "integer", float: "float", str: "string"}[type(expr.value)]
    return "float"
