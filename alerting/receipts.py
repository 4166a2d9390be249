"""Which steps reached nobody: no receipt from any of their people in time. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

DEFAULT_TIMEOUT = 30_000
"""How long a receipt may take when the notifier's settings do not say, ms."""


def unreached(
    waiting: Iterable[Any], timeouts: Mapping[str, int], *, now: int
) -> Iterator[tuple[str, list[int], dict[str, str]]]:
    """Yield (incident, ids of notices, words) for each step whose people can be waited for no longer.

    `waiting` are notice rows that were tried, have no receipt, and were not looked at before. A refused notice is not
    waited for at all.
    """
    order = sorted(waiting, key=lambda row: (row.incident_id, row.step))
    for (incident, step), group in groupby(order, key=lambda row: (row.incident_id, row.step)):
        rows = list(group)
        if all(_given_up(row, timeouts, now) for row in rows):
            names = ", ".join(dict.fromkeys(row.name for row in rows))
            yield (
                incident,
                [row.id for row in rows],
                {"zh": f"第 {step + 1} 步无送达回执：{names}", "en": f"step {step + 1}: no receipt from {names}"},
            )


def _given_up(row: Any, timeouts: Mapping[str, int], now: int) -> bool:
    if row.state == "failed":
        return True
    since = row.sent_at if row.sent_at is not None else row.tried_at
    return since is not None and now - since >= timeouts.get(row.channel, DEFAULT_TIMEOUT)
