"""The store in this process: retention, failed commits, names that come while others read. No server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from standpipe.model.errors import Retryable
from storage.tsdb.asking import Readers
from storage.tsdb.keeping import drop_old
from storage.tsdb.schema import WEEK
from storage.tsdb.store import Store
from storage.tsdb.writing import Write, WriterThread


class House:
    """A store with its threads."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder, "100MB")
        self.writer = WriterThread(self.store)
        self.readers = Readers(self.store)

    def write(self, text: str) -> None:
        self.writer.submit(Write("d", text, 1, 0)).result(30)

    def ask(self, q: str) -> list[list[Any]]:
        found: list[list[Any]] = []

        def render(results: Any) -> bytes:
            assert not results[0].error, results[0].error
            found.extend(row for table in results[0].tables for row in table.values)
            return b""

        self.readers.pool.submit(self.readers.answer, q, "d", {}, render).result(30)
        return found

    def close(self) -> None:
        self.writer.close()
        self.readers.close()
        self.store.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path)
    yield one
    one.close()


def test_old_weeks_are_dropped_whole_and_the_rest_is_kept(house: House, tmp_path: Path) -> None:
    house.write("\n".join(f"m,d={n % 2} v={n} {n * WEEK // 4}" for n in range(40)))
    house.write(f"old,d=x v=1 {WEEK - 1}")
    dropped = house.writer.between(lambda store: drop_old(store, 5 * WEEK + 1)).result(30)
    assert dropped == {"d.m": [0, 1, 2, 3, 4], "d.old": [0]}
    assert house.ask("SELECT count(v), first(v) FROM m") == [[0, 20, 20]]
    assert house.ask("SELECT last(v) FROM old GROUP BY d") == []
    house.close()
    again = House(tmp_path)
    assert again.ask("SELECT count(v), last(v) FROM m") == [[0, 20, 39]]
    assert again.ask("SELECT v FROM old") == []
    again.write(f"old,d=x v=2 {WEEK - 1}")
    assert again.ask("SELECT v FROM old") == [[WEEK - 1, 2]]
    again.close()


def test_a_commit_that_fails_is_nobodys_and_the_next_one_works(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.write("m,d=a v=1 1")

    def full(*_: object) -> None:
        raise duckdb.IOException("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(house.store, "_append", full)
        with pytest.raises(Retryable, match="No space left"):
            house.write("m,d=a v=2 2\nm,d=b v=2,w=3 2\nn v=1 1")
    assert house.ask("SELECT v FROM m") == [[1, 1]]
    assert house.ask("SHOW FIELD KEYS") == [["v", "float"]]
    house.write("m,d=a v=2 2\nm,d=b v=2,w=3 2\nn v=1 1")
    assert house.ask("SELECT count(v), count(w) FROM m") == [[0, 3, 1]]
    assert house.ask("SELECT v FROM n") == [[1, 1]]


def test_fields_that_appear_while_others_ask_disturb_nobody(house: House) -> None:
    house.write("m v=1 1")
    waiting = []
    for number in range(60):
        text = f"m,d={number} v=1,f{number}={number} {number}\nm v=2 {WEEK * number}"
        waiting.append(house.writer.submit(Write("d", text, 1, 0)))
        assert house.ask("SELECT * FROM m LIMIT 1")
        assert house.ask("SELECT count(v) FROM m")[0][1] >= 1
    assert [one.result(30).conflicts for one in waiting] == [[]] * 60
    assert house.ask("SELECT count(f59), count(f0) FROM m") == [[0, 1, 1]]


def test_rows_of_one_batch_may_have_more_and_more_fields(house: House) -> None:
    house.write("m a=1 1\nm a=2,b=2i 2\nm c=true 3\nm a=4 4")
    house.write('m a=5,d="x" 2')
    assert house.ask("SELECT * FROM m") == [
        [1, 1, None, None, None],
        [2, 5, 2, None, "x"],
        [3, None, None, True, None],
        [4, 4, None, None, None],
    ]


def test_a_query_with_too_many_intervals_is_refused_before_it_fills_them(house: House) -> None:
    house.write("\n".join(f"m,d={n} v={n} {n}" for n in range(300)))
    with pytest.raises(AssertionError, match="max-select-buckets"):
        house.ask("SELECT mean(v) FROM m WHERE time >= 0 AND time < 900000 GROUP BY time(1ns), d fill(0)")
    assert house.ask("SELECT count(v) FROM m") == [[0, 300]]


def test_one_folder_has_one_owner(house: House, tmp_path: Path) -> None:
    house.write("m v=1 1")
    code = (
        "import sys; from pathlib import Path; from storage.tsdb.store import Store; Store(Path(sys.argv[1]), '50MB')"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=False, capture_output=True, text=True, timeout=60
    )
    assert other.returncode == 1
    assert "lock" in other.stderr
