"""Killed while writing, at several moments: every acknowledged line is there, once."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.integration

LINES = 200


class Sender(threading.Thread):
    """Writes batch after batch until the server is gone; remembers which were acknowledged."""

    def __init__(self, url: str, name: str, enough: threading.Event, kill_after: int) -> None:
        super().__init__()
        self.url, self.device, self.enough, self.kill_after = url, name, enough, kill_after
        self.acknowledged = 0

    def run(self) -> None:
        with httpx.Client(base_url=self.url) as client:
            try:
                while True:
                    self.one(client)
            except httpx.HTTPError:
                return

    def one(self, client: httpx.Client) -> None:
        first = self.acknowledged * LINES
        body = "\n".join(f"m,device={self.device} v={n},w={n}i {n}" for n in range(first, first + LINES))
        client.post("/write", params={"db": "d", "precision": "s"}, content=body).raise_for_status()
        self.acknowledged += 1
        if self.acknowledged >= self.kill_after:
            self.enough.set()


def ask(url: str, q: str) -> Any:
    answer = httpx.post(f"{url}/query", params={"db": "d", "epoch": "s"}, data={"q": q}, timeout=30).json()
    return answer["results"][0]["series"]


@pytest.mark.parametrize("batches", [1, 3, 11, 25])
def test_killed_while_writing_it_has_every_acknowledged_line_once(new_tsdb: Callable[..., Any], batches: int) -> None:
    store = new_tsdb()
    enough = threading.Event()
    senders = [Sender(store.url, name, enough, batches) for name in ("a", "b", "c")]
    for sender in senders:
        sender.start()
    assert enough.wait(60)
    store.kill()
    for sender in senders:
        sender.join()
    store.start()
    counts = {one["tags"]["device"]: one["values"][0][1:] for one in ask(store.url, COUNT)}
    found = {sender.device: counts.get(sender.device, [0, -1, 0]) for sender in senders}
    for sender in senders:
        count, newest, distinct = found[sender.device]
        assert count >= sender.acknowledged * LINES
        assert (newest + 1, distinct) == (count, count)
        assert count % LINES == 0


COUNT = "SELECT count(v), max(w), count(distinct(w)) FROM m GROUP BY device"


def test_killed_twice_it_keeps_what_was_written_again(new_tsdb: Callable[..., Any]) -> None:
    store = new_tsdb()
    body = "\n".join(f"m,device=a v={n} {n}" for n in range(1000))
    for value in (1, 2, 3):
        httpx.post(f"{store.url}/write", params={"db": "d", "precision": "s"}, content=body).raise_for_status()
        late = f"m,device=a late={value}i 500\nm,device=a v={value} 700000"
        httpx.post(f"{store.url}/write", params={"db": "d", "precision": "s"}, content=late).raise_for_status()
        store.kill()
        store.start()
    assert ask(store.url, "SELECT count(v), count(late), last(late), last(v) FROM m")[0]["values"] == [
        [0, 1001, 1, 3, 3]
    ]
