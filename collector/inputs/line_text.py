"""Reads InfluxDB line protocol: which lines are well-formed, what they say. Pure; keeps nothing."""

import re
from collections.abc import Iterator

import msgspec

from standpipe.model.reading import Value

_NAME = rb"[^,\s\\]+(?:\\.[^,\s\\]*)*"
_KEY = rb"[^,=\s\\]+(?:\\.[^,=\s\\]*)*"
_NUMBER = rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_VALUE = rb'(?:"[^"\\]*(?:\\.[^"\\]*)*"|[tT](?:rue|RUE)?|[fF](?:alse|ALSE)?|' + _NUMBER + rb"|[-+]?\d+[iu])"
_FIELD = _KEY + rb"=" + _VALUE
_LINE = re.compile(
    rb"^("
    + _NAME
    + rb")((?:,"
    + _KEY
    + rb"="
    + _KEY
    + rb")*) ("
    + _FIELD
    + rb"(?:,"
    + _FIELD
    + rb")*)(?: (-?\d{1,19}))?$",
    re.DOTALL,
)
_PARTS = re.compile(rb"(" + _KEY + rb")=(" + _VALUE + rb")")
_ESCAPED = re.compile(r"\\([,= \"\\])")
DIVISORS: dict[str, tuple[int, int]] = {
    "ns": (1, 1_000_000),
    "n": (1, 1_000_000),
    "": (1, 1_000_000),
    "us": (1, 1_000),
    "u": (1, 1_000),
    "ms": (1, 1),
    "s": (1_000, 1),
    "m": (60_000, 1),
    "h": (3_600_000, 1),
}
"""Precision of a request -> what its times are multiplied and divided by to give ms."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """One well-formed line."""

    measurement: bytes
    tags: bytes
    """`,name=value` for each tag, as sent."""
    fields: bytes
    stamp: int | None
    """In the request's precision."""


def lines(body: bytes) -> Iterator[tuple[int, bytes, Line | None]]:
    """Yield (number from 1, text, line) for each line that is not blank and no comment; None where it is not one."""
    match = _LINE.match
    for number, text in enumerate(_split(body), 1):
        if not text or text[0] == 35 or not text.strip():
            continue
        found = match(text)
        if found is None:
            yield number, text, None
            continue
        measurement, tags, fields, stamp = found.groups()
        yield number, text, Line(measurement, tags, fields, int(stamp) if stamp else None)


def tag(line: Line, name: bytes) -> str:
    """Return one tag's value, empty where the line has no such tag."""
    at = line.tags.find(b"," + name + b"=")
    if at < 0:
        return ""
    found = re.match(_KEY, line.tags[at + len(name) + 2 :])
    return _plain(found[0]) if found else ""


def values(line: Line) -> dict[str, Value]:
    """Return the fields of a line. Raises OverflowError for an integer beyond 64 bits."""
    return {_plain(name): _value(text) for name, text in _PARTS.findall(line.fields)}


def text_of(name: bytes) -> str:
    """Return a measurement's name as text."""
    return _plain(name)


def _split(body: bytes) -> list[bytes]:
    """Cut at line ends outside quotes. Quotes are rare, so that most bodies are cut in one go."""
    if b'"' not in body:
        return body.replace(b"\r\n", b"\n").split(b"\n")
    found: list[bytes] = []
    held = b""
    for part in body.split(b"\n"):
        held = held + b"\n" + part if held else part
        if (held.count(b'"') - held.count(b'\\"')) % 2 == 0:
            found.append(held.removesuffix(b"\r"))
            held = b""
    if held:
        found.append(held)
    return found


def _plain(text: bytes) -> str:
    return _ESCAPED.sub(r"\1", text.decode("utf-8", "replace"))


def _value(text: bytes) -> Value:
    if text[:1] == b'"':
        return _plain(text[1:-1])
    if text[-1:] in b"iu":
        return int(text[:-1])
    if text[:1] in b"tTfF":
        return text[:1] in b"tT"
    return float(text)
