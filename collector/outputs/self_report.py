"""The collector's own figures as points: measurements `collector` and `collector_output`. Reads them, changes none.

They go through the spool like everything else, so that a chart of a database that was down has no gap.
"""

import asyncio
from collections.abc import Callable

from collector.counters import Counters
from collector.record import Kept, Record, encode
from collector.spool import Spool
from standpipe.model import clock
from standpipe.model.signal import Lane

NAME = "self"
SECONDS = 15.0
_FIELDS = {"received": "received", "stored": "stored", "quarantined": "quarantined", "duplicates": "duplicate"}
"""Field -> counter."""


async def report(spool: Spool, counters: Counters, connections: Callable[[], int]) -> None:
    """Write the figures every few seconds, until cancelled. A full disk costs figures, nothing else."""
    while True:
        await asyncio.sleep(SECONDS)
        text = await lines(spool, counters, connections(), now=clock.now())
        record = Record(NAME, "", b"", b"", [], text)
        spool.append([Kept(Lane.NORMAL, record, encode(record))])


async def lines(spool: Spool, counters: Counters, connections: int, *, now: int) -> bytes:
    """Return the figures in line protocol, times in ms."""
    by_label = counters.by_label(counters.labels())
    sums = {field: sum(found.get(name, 0) for found in by_label.values()) for field, name in _FIELDS.items()}
    sums |= {"dead_letters": await spool.dead_letters.count(), "connections": connections}
    told = ",".join(f"{name}={value}i" for name, value in sums.items())
    found = [f"collector,collector={spool.id} {told} {now}"]
    for lane, state in (await spool.lags(now)).items():
        for output, lag in state["outputs"].items():
            tags = f"collector={spool.id},lane={lane},output={output}"
            fields = f"lag_rows={lag['lag_rows']}i,lag={float(lag['lag_seconds'])}"
            found.append(f"collector_output,{tags} {fields} {now}")
    return ("\n".join(found) + "\n").encode()
