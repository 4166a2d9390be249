import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from standpipe.model.errors import Retryable
from storage.durable_log import DurableLog


async def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    log = await DurableLog.open(tmp_path / "log.db")
    seqs = await asyncio.gather(*(log.append("normal", b"%d" % n) for n in range(500)))
    rows = await log.read("normal", after=100, limit=50)
    await log.close()
    assert seqs == list(range(1, 501))
    assert [(seq, body) for seq, _, body in rows] == [(n + 1, b"%d" % n) for n in range(100, 150)]


async def test_lanes_have_sequences_of_their_own(tmp_path: Path) -> None:
    log = await DurableLog.open(tmp_path / "log.db")
    assert [await log.append("normal", b"a"), await log.append("fire", b"b")] == [1, 1]
    await log.close()


async def test_rows_and_identity_survive_reopening_and_no_sequence_is_used_twice(tmp_path: Path) -> None:
    log = await DurableLog.open(tmp_path / "log.db")
    for body in (b"1", b"2", b"3"):
        await log.append("fire", body)
    await log.truncate("fire", through=3)
    await log.set_mark("influxdb", 3)
    identity = log.id
    await log.close()
    again = await DurableLog.open(tmp_path / "log.db")
    seq = await again.append("fire", b"4")
    rows = await again.read("fire", after=0, limit=10)
    mark, same = again.mark("influxdb"), again.id == identity
    await again.close()
    assert (seq, [body for *_, body in rows], mark, same) == (4, [b"4"], 3, True)


async def test_rows_older_than_the_tail_come_from_disk(tmp_path: Path) -> None:
    log = await DurableLog.open(tmp_path / "log.db", tail=10)
    await asyncio.gather(*(log.append("normal", b"%d" % n) for n in range(100)))
    rows = await log.read("normal", after=0, limit=1000)
    await log.close()
    assert [body for *_, body in rows] == [b"%d" % n for n in range(100)]


async def test_a_waiter_wakes_when_its_row_is_on_disk(tmp_path: Path) -> None:
    log = await DurableLog.open(tmp_path / "log.db")
    waiting = asyncio.create_task(log.wait("fire", after=0))
    await asyncio.sleep(0)
    assert not waiting.done()
    await log.append("fire", b"x")
    await asyncio.wait_for(waiting, 5)
    await log.close()


async def test_a_failing_job_harms_nobody_beside_it(tmp_path: Path) -> None:
    log = await DurableLog.open(tmp_path / "log.db")
    results = await asyncio.gather(
        log.append("normal", b"kept"), log.execute("INSERT INTO nowhere VALUES (1)"), return_exceptions=True
    )
    rows = await log.read("normal", after=0, limit=10)
    await log.close()
    assert isinstance(results[1], sqlite3.OperationalError)
    assert [body for *_, body in rows] == [b"kept"]


async def test_a_full_disk_refuses_the_append_and_recovers(tmp_path: Path) -> None:
    log = await DurableLog.open(tmp_path / "log.db")
    await log.transact(lambda db: db.execute("PRAGMA max_page_count = 20").fetchall())
    with pytest.raises(Retryable, match="full"):
        await log.append("normal", bytes(200_000))
    await log.transact(lambda db: db.execute("PRAGMA max_page_count = 100000").fetchall())
    seq = await log.append("normal", b"after")
    await log.close()
    assert seq == 1


async def test_appending_to_a_closed_log_is_refused(tmp_path: Path) -> None:
    log = await DurableLog.open(tmp_path / "log.db")
    await log.close()
    with pytest.raises(Retryable):
        await log.append("normal", b"late")


WRITER = """
    import asyncio, sys
    from pathlib import Path
    from storage.durable_log import DurableLog
    async def main():
        log = await DurableLog.open(Path(sys.argv[1]))
        async def worker():
            while True:
                seq = await log.append("normal", b"x" * 100)
                print(seq, flush=True)
        await asyncio.gather(*(worker() for _ in range(8)))
    asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 50, 400, 1500])
async def test_killed_while_writing_it_has_every_row_it_acknowledged(tmp_path: Path, acknowledged: int) -> None:
    path = tmp_path / "log.db"
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    seqs = [int(child.stdout.readline()) for _ in range(acknowledged)]
    os.kill(child.pid, signal.SIGKILL)
    seqs += [int(line) for line in child.stdout.read().split("\n") if line.strip()]
    child.wait()
    log = await DurableLog.open(path)
    kept = {seq for seq, *_ in await log.read("normal", after=0, limit=100_000)}
    await log.close()
    assert set(seqs) <= kept
