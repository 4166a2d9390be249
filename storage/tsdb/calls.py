"""Aggregates and selectors as SQL over the chosen rows, per group and interval. Fills nothing."""

# ruff: noqa: S608 - names in this SQL are numbers that we gave out; values are bound

import math
from collections.abc import Iterable
from typing import Any

import duckdb

from storage.tsdb.condition import MIN_TIME, Sql
from storage.tsdb.relation import Relation, Selection
from storage.tsdb.streams import Point
from storage.tsdb.syntax import Call, Expr, Lit, QueryError, Ref
from storage.tsdb.window import Window

SELECTORS = frozenset({"first", "last", "min", "max", "percentile", "top", "bottom"})
SIMPLE = frozenset(
    {"count", "sum", "mean", "min", "max", "first", "last", "spread", "stddev", "median", "count_distinct"}
)
TRANSFORMS = frozenset(
    {
        "derivative",
        "non_negative_derivative",
        "difference",
        "non_negative_difference",
        "moving_average",
        "cumulative_sum",
        "elapsed",
    }
)
FUNCTIONS = SIMPLE | SELECTORS | TRANSFORMS | {"mode", "distinct", "integral"}

_ORDER = {
    "first": "t, v DESC",
    "last": "t DESC, v DESC",
    "min": "v, t",
    "max": "v DESC, t",
    "top": "v DESC, t",
    "bottom": "v, t",
    "percentile": "v, t",
}


class Rows:
    """The rows of one statement, ready to be asked about by group and interval."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, relation: Relation, selection: Selection, window: Window
    ) -> None:
        """Take a cursor of the reading thread and what to read."""
        self._cursor = cursor
        self.relation = relation
        self.selection = selection
        self.window = window

    def field(self, call: Call) -> str:
        """Return the SQL column of a call's field. Raises QueryError when the call has none."""
        ref = call.args[0]
        assert isinstance(ref, Ref)
        return f"f{self.relation.columns[ref.name][0]}"

    def simple(self, calls: list[Call], span: tuple[int, int]) -> list[dict[int, list[Point]]]:
        """Return, for each call, group -> points, all from one pass over the rows."""
        columns = []
        for call in calls:
            column = self.field(call)
            ref = call.args[0]
            assert isinstance(ref, Ref)
            value = _aggregate(call.name, column, self.relation.kind(ref.name))
            columns += [f"count({column}) > 0", value]
        wanted = [self.relation.columns[call.args[0].name][0] for call in calls]  # type: ignore[union-attr]
        found = self._run(f"SELECT g, b, {', '.join(columns)} FROM r GROUP BY g, b ORDER BY g, b", span, wanted)
        streams: list[dict[int, list[Point]]] = [{} for _ in calls]
        for g, b, *pairs in found:
            for number, stream in enumerate(streams):
                if pairs[2 * number]:
                    stream.setdefault(g, []).append((b, pairs[2 * number + 1]))
        return streams

    def values(self, call: Call, span: tuple[int, int]) -> dict[int, list[Point]]:
        """Return group -> points of percentile, mode and distinct, at the start of their intervals."""
        column = self.field(call)
        counts = (
            f"SELECT g, b, {column} AS v, count(*) AS c, min(t) AS t, max(t) AS u FROM r "
            f"WHERE {column} IS NOT NULL GROUP BY g, b, v"
        )
        if call.name == "distinct":
            text = f"SELECT g, b, v FROM ({counts}) ORDER BY g, b, t, v"
        elif call.name == "mode":
            most = "QUALIFY c = max(c) OVER (PARTITION BY g, b)"
            text = f"SELECT g, b, v, c, t, u FROM (SELECT * FROM ({counts}) {most}) ORDER BY g, b, v"
        else:
            rank = f"floor(n * {_percent(call)!r} / 100.0 + 0.5)"
            sums = "sum(c) OVER (PARTITION BY g, b ORDER BY v) AS upto, sum(c) OVER (PARTITION BY g, b) AS n"
            pick = f"upto >= {rank} AND upto - c < {rank} AND {rank} > 0"
            text = f"SELECT g, b, v FROM (SELECT *, {sums} FROM ({counts})) WHERE {pick} ORDER BY g, b"
        found = self._run(text, span, [int(column[1:])])
        stream: dict[int, list[Point]] = {}
        for g, b, v in _modes(found) if call.name == "mode" else found:
            stream.setdefault(g, []).append((b, v))
        return stream

    def raw(self, ref: Ref, span: tuple[int, int], *, descending: bool) -> dict[int, list[Point]]:
        """Return group -> the field's own points in time order."""
        position = self.relation.columns[ref.name][0]
        text = f"SELECT g, t, f{position} FROM r WHERE f{position} IS NOT NULL ORDER BY g, t{' DESC' * descending}, s"
        stream: dict[int, list[Point]] = {}
        for g, t, v in self._run(text, span, [position]):
            stream.setdefault(g, []).append((t, v))
        return stream

    def selected(self, call: Call, span: tuple[int, int], aux: Iterable[int]) -> list[tuple[Any, ...]]:
        """Return the rows that a selector picks, as (group, interval, time, series, value, aux …)."""
        column = self.field(call)
        extra = list(dict.fromkeys(aux))
        source = "r"
        params: list[object] = []
        if call.name in ("top", "bottom") and len(call.args) > 2:
            combos, params = self._combinations([arg.name for arg in call.args[1:-1] if isinstance(arg, Ref)])
            best = f"PARTITION BY g, b, combo ORDER BY {column}{' DESC' * (call.name == 'top')}, t"
            joined = f"SELECT r.* FROM r JOIN {combos} k ON r.s = k.ks WHERE {column} IS NOT NULL"
            source = f"({joined} QUALIFY row_number() OVER ({best}) = 1)"
        columns = "".join(f", f{position} AS x{number}" for number, position in enumerate(extra))
        inner = f"SELECT g, b, t, s, {column} AS v{columns} FROM {source} WHERE {column} IS NOT NULL"
        rank = f"row_number() OVER (PARTITION BY g, b ORDER BY {_ORDER[call.name]}, s) AS rn"
        ranked = f"SELECT *, {rank}, count(*) OVER (PARTITION BY g, b) AS n FROM ({inner})"
        if call.name == "percentile":
            pick = f"rn = floor(n * {_percent(call)!r} / 100.0 + 0.5)"
        elif call.name in ("top", "bottom"):
            pick = f"rn <= {_count(call)}"
        else:
            pick = "rn = 1"
        names = ", ".join(["g", "b", "t", "s", "v", *(f"x{number}" for number in range(len(extra)))])
        text = f"SELECT {names} FROM ({ranked}) WHERE {pick} ORDER BY g, t, v"
        return self._run(text, span, [int(column[1:]), *extra], params)

    def plain(
        self, positions: list[int], span: tuple[int, int], *, descending: bool, cap: int
    ) -> list[tuple[Any, ...]]:
        """Return rows (group, time, series, columns …) in which some column has a value; `cap` per group, 0 for all."""
        columns = ", ".join(f"f{position}" for position in positions)
        some = " OR ".join(f"f{position} IS NOT NULL" for position in positions)
        if self.relation.measurement is None:
            some = "TRUE"  # a subquery's rows are all shown
        order = f"t{' DESC' * descending}, s{' DESC' * descending}"
        text = f"SELECT g, t, s, {columns} FROM r WHERE {some}"
        if cap and len(self.selection.groups) > 1:
            text += f" QUALIFY row_number() OVER (PARTITION BY g ORDER BY {order}) <= {cap}"
        text += f" ORDER BY g, {order}"
        if cap and len(self.selection.groups) == 1:
            text += f" LIMIT {cap}"
        return self._run(text, span, positions, bucket=False)

    def _combinations(self, names: list[str]) -> tuple[str, list[object]]:
        """Return SQL that numbers each series by the values of some tags."""
        numbers: dict[tuple[str, ...], int] = {}
        series = [one for group in self.selection.groups for one in group.series]
        combos = [numbers.setdefault(tuple(one.tags.get(n, "") for n in names), len(numbers)) for one in series]
        text = "(SELECT unnest(?::INTEGER[]) AS ks, unnest(?::INTEGER[]) AS combo)"
        return text, [[one.id for one in series], combos]

    def _run(
        self,
        text: str,
        span: tuple[int, int],
        positions: list[int],
        params: list[object] | None = None,
        *,
        bucket: bool = True,
    ) -> list[tuple[Any, ...]]:
        """Run `text`, which reads from `r`: the chosen rows with their group `g` and interval `b`."""
        low, high = span
        sql = Sql()
        needed = {*positions, *self._filtered()}
        chosen = self.selection.sql(self.relation.rows_sql(low, high, needed), self.relation, sql)
        if not bucket:
            start = "0"
        elif self.window.length:
            start = self.window.sql(low, high)
        else:
            start = str(low if low > MIN_TIME else 0)
        full = f"WITH r AS (SELECT *, {start}::BIGINT AS b FROM ({chosen})) {text}"
        return self._cursor.execute(full, sql.params + (params or [])).fetchall()

    def _filtered(self) -> set[int]:
        """Return the positions of the columns that conditions on rows look at."""
        found: set[int] = set()
        waiting: list[Expr | None] = [expr for expr, _ in self.selection.filters]
        while waiting:
            expr = waiting.pop()
            if isinstance(expr, Ref) and expr.name in self.relation.columns:
                found.add(self.relation.columns[expr.name][0])
            waiting += [getattr(expr, side) for side in ("left", "right") if hasattr(expr, side)]
        return found


def _aggregate(name: str, column: str, kind: str) -> str:
    """Return SQL for one aggregate of one column."""
    if name in ("first", "last"):
        if kind == "boolean":
            return f"{'arg_min' if name == 'first' else 'arg_max'}({column}, t)"
        sign = "-" if name == "first" else ""
        return f"max({{'a': {sign}t, 'v': {column}}}) FILTER ({column} IS NOT NULL).v"
    if name == "sum":
        return f"sum({column})::BIGINT" if kind == "integer" else f"sum({column})"
    return {
        "count": f"count({column})",
        "count_distinct": f"count(DISTINCT {column})",
        "mean": f"avg({column})",
        "min": f"min({column})",
        "max": f"max({column})",
        "spread": f"max({column}) - min({column})",
        "stddev": f"CASE WHEN count({column}) = 1 THEN 'nan'::DOUBLE ELSE stddev_samp({column}) END",
        "median": f"median({column})::DOUBLE",
    }[name]


def _modes(found: list[tuple[Any, ...]]) -> Iterable[tuple[int, int, Any]]:
    """Pick among the most frequent values of each group and interval, which come in ascending order, as InfluxDB does.

    The smallest when nothing occurs twice; else a later one wins if it began before the one so far ended.
    """
    best: tuple[Any, ...] | None = None
    for row in found:
        if best is not None and row[:2] != best[:2]:
            yield best[:3]
            best = None
        if best is None or (row[3] > 1 and row[4] <= best[5]):
            best = row
    if best is not None:
        yield best[:3]


def _percent(call: Call) -> float:
    number = call.args[1] if len(call.args) == 2 else None
    if not isinstance(number, Lit) or isinstance(number.value, bool | str) or not math.isfinite(number.value):
        raise QueryError("expected float argument in percentile()")
    return float(number.value)


def _count(call: Call) -> int:
    number = call.args[-1]
    if not isinstance(number, Lit) or not isinstance(number.value, int) or isinstance(number.value, bool):
        raise QueryError(f"expected integer as last argument in {call.name}()")
    return number.value
