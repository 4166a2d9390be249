"""Numbers and moments as people read them: ages, times of day, latencies. Never asks what time it is."""

from datetime import datetime
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from console.words import Words

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


def age(ms: int, words: Words) -> str:
    """Return a duration in one or two units, `42 s`, `12 min`, `5 h 02`, `3 d`; the page's script says the same."""
    ms = max(ms, 0)
    if ms < MINUTE:
        return words("age.s", n=ms // SECOND)
    if ms < HOUR:
        return words("age.min", n=ms // MINUTE)
    if ms < 2 * DAY:
        return words("age.h", n=ms // HOUR, m=f"{ms % HOUR // MINUTE:02d}")
    return words("age.d", n=ms // DAY)


def stopwatch(ms: int) -> str:
    """Return a duration as `m:ss` or `h:mm:ss`, for what people count in seconds."""
    seconds = max(ms, 0) // SECOND
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"


def latency(ms: int | None, words: Words) -> str:
    """Return how long a step of the road took: `84 ms`, `1.2 s`, `3:20`; a dash when it has not happened."""
    if ms is None:
        return "—"
    if ms < SECOND:
        return words("age.ms", n=ms)
    if ms < MINUTE:
        return words("age.s", n=f"{ms / SECOND:.1f}")
    return stopwatch(ms)


def moment(ms: int | None, zone: ZoneInfo) -> str:
    """Return date and time of day in the console's time zone; a dash for what has not happened."""
    return "—" if ms is None else f"{datetime.fromtimestamp(ms / 1000, zone):%Y-%m-%d %H:%M:%S}"


def time_of_day(ms: int | None, zone: ZoneInfo) -> str:
    """Return the time of day with milliseconds, as the latency ledger needs it."""
    return "—" if ms is None else f"{datetime.fromtimestamp(ms / 1000, zone):%H:%M:%S}.{ms % 1000:03d}"


def columns(text: str) -> int:
    """Return how wide a text is in half-width columns; a Chinese character takes two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def short(name: str, id_: str, *, room: int = 11) -> str:
    """Return what to call a device where there is little room: its name if that fits, else its id if that does."""
    return name if name and (columns(name) <= room or columns(id_) > room) else id_


def number(value: float | None) -> str:
    """Return a pressure or a percentage without false precision: whole numbers, one decimal below ten."""
    if value is None:
        return "—"
    text = f"{value:.1f}" if abs(value) < 10 else f"{value:.0f}"
    return text.removesuffix(".0").replace("-0", "0") if text.endswith(".0") else text
