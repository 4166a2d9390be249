"""One rule on one device in event time: runs of equal samples, folded into episodes. Pure; knows no clock and no rule.

Samples may arrive in any order. They are kept as alternating runs, so that a late one is put where it belongs and the
fold gives the same answer as if all had come in order; an episode once announced keeps its key.
"""

from bisect import bisect_right, insort

import msgspec

BREACH, BETWEEN, CLEAR = 1, 2, 3
_KEEP = {BREACH: 64, BETWEEN: 8, CLEAR: 8}
"""Sample times kept of a run: all that decide `for`, and enough of the others to split a run exactly."""
_RUNS = 24


class Run(msgspec.Struct, array_like=True, gc=False):
    """Consecutive samples of one class."""

    level: int
    times: list[int]
    """Event times, ascending; the first is always kept."""
    key: int | None = None
    """Start under which the episode was announced; None while it was not."""
    historic: bool = False
    """It was announced from old samples only, so nobody was rung."""


class Track(msgspec.Struct, array_like=True, gc=False):
    """What is known of one rule on one device."""

    runs: list[Run] = []
    open: list[int] = []
    """Starts announced as firing and not yet as resolved."""
    firing: int | None = None
    """Episode that was firing where `runs` begins."""
    horizon: int = -1
    """Event time before which runs were forgotten."""
    value: float | None = None
    """Value of the latest breach."""
    samples: list[tuple[int, float]] = []
    """Event times and values within the window of a rule about change, ascending."""


class Fired(msgspec.Struct, frozen=True):
    """An episode to announce."""

    start: int
    last: int
    """Its newest breach seen so far."""
    again: bool = False
    """It was announced as historic, and a fresh sample says that it goes on."""


class Resolved(msgspec.Struct, frozen=True):
    """The end of an announced episode."""

    start: int
    at: int


def quiet(track: Track, at: int, level: int) -> bool:
    """Take the usual sample, newer than all and of the same class, without a fold. Return whether that was enough."""
    if not track.runs:
        return False
    run = track.runs[-1]
    if level != run.level or at <= run.times[-1] or (level == BREACH and (run.key is None or run.historic)):
        return False
    _add(run, at)
    return True


def insert(track: Track, at: int, level: int) -> bool:
    """Put one sample where it belongs. Return False for one so old that its surroundings are forgotten."""
    runs = track.runs
    if at < track.horizon:
        return False
    if not runs or at >= runs[-1].times[-1]:
        if runs and runs[-1].level == level:
            _add(runs[-1], at)
        else:
            runs.append(Run(level, [at]))
            _forget(track)
        return True
    place = bisect_right(runs, at, key=lambda run: run.times[0]) - 1
    if place < 0:
        if runs[0].level == level:
            runs[0].times.insert(0, at)
        else:
            runs.insert(0, Run(level, [at]))
        return True
    run = runs[place]
    if run.level == level:
        _add(run, at)
        return True
    cut = bisect_right(run.times, at)
    if cut < len(run.times):
        rest = Run(run.level, run.times[cut:])
        run.times = run.times[:cut]
        if run.key is not None and run.key > at:
            rest.key, rest.historic = run.key, run.historic
            run.key, run.historic = None, False
        runs[place + 1 : place + 1] = [Run(level, [at]), rest]
    elif place + 1 < len(runs) and runs[place + 1].level == level:
        runs[place + 1].times.insert(0, at)
    else:
        runs.insert(place + 1, Run(level, [at]))
    return True


def fold(track: Track, *, hold: int, slack: int, now: int | None = None) -> tuple[list[Fired], list[Resolved]]:
    """Return what is to be announced, and mark it as announced.

    `hold` and `slack` in ms. A breach fires when its samples span `hold`, or when nothing contrary was seen for
    `hold + slack` after it began: until the next other sample, or until `now`.
    """
    fired: list[Fired] = []
    ends: dict[int, int] = {}
    firing = track.firing
    for index, run in enumerate(track.runs):
        if run.level == CLEAR:
            if firing is not None:
                ends[firing] = run.times[0]
            firing = None
        elif run.level == BREACH:
            if run.key is not None and run.key > run.times[-1] and _later_key(track, index) != run.key:
                run.key = None  # a late clear sample has cut it off from the episode it was part of
            if run.key is None and firing is None and _held(track, index, hold, slack, now):
                run.key = _later_key(track, index)
                if run.key is None:
                    run.key = run.times[0]
                    fired.append(Fired(run.key, run.times[-1]))
                    track.open.append(run.key)
            if firing is None and run.key is not None:
                if index + 1 < len(track.runs) and not _held(track, index, hold, slack, now):
                    ends[run.key] = track.runs[index + 1].times[0]  # late samples show that it did not last
                else:
                    firing = run.key
    resolved = [Resolved(start, ends[start]) for start in track.open if start in ends]
    track.open = [start for start in track.open if start not in ends]
    return fired, resolved


def go_on(track: Track) -> Run | None:
    """Return the firing run at the end if it was announced as historic, else None."""
    run = track.runs[-1] if track.runs else None
    return run if run is not None and run.level == BREACH and run.historic and run.key is not None else None


def pending(track: Track) -> bool:
    """Return whether the last samples breach but were not announced: time alone can make it fire."""
    run = track.runs[-1] if track.runs else None
    return run is not None and run.level == BREACH and run.key is None and not track.open


def clear_after(track: Track) -> int:
    """Return the event time just after everything seen, where a person's reset belongs."""
    return max((run.times[-1] for run in track.runs), default=track.horizon) + 1


def _held(track: Track, index: int, hold: int, slack: int, now: int | None) -> bool:
    run = track.runs[index]
    start = run.times[0]
    until = track.runs[index + 1].times[0] if index + 1 < len(track.runs) else now
    return run.times[-1] - start >= hold or (until is not None and until - start >= hold + slack)


def _later_key(track: Track, index: int) -> int | None:
    """Return the key of the same episode where a later part of it was announced before this one came in."""
    for run in track.runs[index + 1 :]:
        if run.level == CLEAR:
            return None
        if run.key is not None:
            return run.key
    return None


def _add(run: Run, at: int) -> None:
    times = run.times
    if at > times[-1]:
        times.append(at)
    elif at not in times:
        insort(times, at)
    if len(times) > (_KEEP[run.level] if run.key is None else 8):
        del times[1]


def _forget(track: Track) -> None:
    """Drop the oldest runs beyond the limit, keeping what was firing at the new beginning."""
    while len(track.runs) > _RUNS:
        run = track.runs.pop(0)
        track.horizon = run.times[-1]
        if run.level == CLEAR:
            track.firing = None
        elif run.level == BREACH and track.firing is None:
            track.firing = run.key
