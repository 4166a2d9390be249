"""What the demo says in the terminal: one aligned line per event, with elapsed time and latency. Decides nothing."""

import unicodedata
from collections.abc import Callable, Sequence
from typing import TextIO

import msgspec


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One point of a road: what happened, and when (epoch ms; None when it did not)."""

    what: str
    at: int | None
    absent: str = "did not happen"


class Terminal:
    """Writes lines to a stream."""

    def __init__(self, out: TextIO, *, clock: Callable[[], int]) -> None:
        """Count elapsed time from now on."""
        self._out = out
        self._clock = clock
        self._started = clock()

    def restart(self) -> float:
        """Count elapsed time from now on; return the seconds counted so far."""
        before, self._started = self._started, self._clock()
        return (self._started - before) / 1000

    def say(self, text: str = "") -> None:
        """Write a line as it is."""
        self._out.write(text + "\n")
        self._out.flush()

    def event(self, name: str, text: str, *, latency: int | None = None, since: str = "") -> None:
        """Write `elapsed  name  text  +latency`; latency in ms counts from what `since` names."""
        elapsed = (self._clock() - self._started) / 1000
        tail = "" if latency is None else f"{_short(latency):>9}{' ' + since if since else ''}"
        self.say(f"{elapsed:7.1f} s  {name:<9} {_padded(text, 66) if tail else text}{tail}")

    def ledger(self, title: str, marks: Sequence[Mark]) -> None:
        """Write a table of the marks, each with the time since the first and since the one before it."""
        self.say(f"\n{title}")
        self.say(f"  {'':<34}{'since the start':>16}{'step':>12}")
        start = before = marks[0].at
        for mark in marks:
            if mark.at is None or start is None or before is None:
                self.say(f"  {mark.what:<34}{mark.absent:>16}")
                continue
            step = "" if mark is marks[0] else _short(mark.at - before)
            self.say(f"  {mark.what:<34}{_short(mark.at - start):>16}{step:>12}".rstrip())
            before = mark.at

    def memory(self, rows: dict[str, int], *, limit: int) -> None:
        """Write resident memory in bytes by process, and the total against a limit in bytes."""
        self.say("\nResident memory")
        for name, size in rows.items():
            self.say(f"  {name:<34}{size / 1e6:>13.0f} MB")
        self.say(f"  {'total':<34}{sum(rows.values()) / 1e6:>13.0f} MB   (at most {limit / 1e6:.0f} MB is promised)")


def _short(ms: int) -> str:
    """Return +7 ms or +9.4 s."""
    return f"{ms:+d} ms" if abs(ms) < 1000 else f"{ms / 1000:+.1f} s"


def _padded(text: str, width: int) -> str:
    """Return text filled up to a width in terminal columns; Chinese characters take two."""
    taken = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
    return text + " " * max(1, width - taken)
