"""Line protocol to its parts, one line at a time, with InfluxDB's words for what is wrong. Knows no schema."""

import re
from collections.abc import Iterator

from storage.tsdb.schema import Value

BOOLEANS = {"t": True, "T": True, "true": True, "True": True, "TRUE": True} | {
    "f": False,
    "F": False,
    "false": False,
    "False": False,
    "FALSE": False,
}
PRECISIONS = {"ns": 1, "n": 1, "us": 1000, "u": 1000, "µ": 1000, "ms": 1_000_000, "s": 1_000_000_000} | {
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
"""Unit of timestamps -> ns."""

INT64 = 1 << 63

_LINE = re.compile(r'(?:\\[^\n]|[^ \\\n])*(?: +(?:"(?:\\[\s\S]|[^"\\])*"|\\[^\n]|[^"\\\n])*)?')
_HEAD = re.compile(r"((?:\\[\s\S]|[^ \\])*)(?: +|$)")
_FIELDS = re.compile(r'((?:"(?:\\[\s\S]|[^"\\])*"|\\[\s\S]|[^ "\\])*)(?: +(\S*))? *$')
_FIELD = re.compile(r'((?:\\[\s\S]|[^=,\\])*)=("(?:\\[\s\S]|[^"\\])*"|[^",]*)(?:,|$)')
_TAG = re.compile(r"((?:\\[\s\S]|[^=,\\])*)(=?)((?:\\[\s\S]|[^=,\\])*)(?:,|$)")
_MEASUREMENT = re.compile(r"((?:\\[\s\S]|[^,\\])*)(,?)")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_INTEGER = re.compile(r"-?\d+i")


class LineError(ValueError):
    """One line that is not line protocol; the text is InfluxDB's."""


def split_lines(text: str) -> Iterator[str]:
    """Yield lines; a newline inside a quoted field value does not end one. Comments and empty lines are left out."""
    if '"' not in text:
        for line in text.split("\n"):
            if line and line[0] != "#" and (line := line.rstrip("\r")):
                yield line
        return
    at = 0
    while at < len(text):
        found = _LINE.match(text, at)
        end = found.end() if found else at
        if end < len(text) and text[end] != "\n":
            end = text.find("\n", end)
            end = len(text) if end < 0 else end
        line = text[at:end].strip("\r")
        at = end + 1
        if line.strip() and not line.startswith("#"):
            yield line


def parse_line(line: str) -> tuple[str, list[tuple[str, Value]], int | None]:
    """Return (measurement and tags as written, fields, timestamp as written). Raises LineError."""
    line = line.lstrip()
    head = _HEAD.match(line)
    if head is None or not head[1]:
        raise LineError("missing measurement")
    rest = line[head.end() :]
    if head[1].startswith(","):
        raise LineError("missing measurement")
    if not rest.strip():
        raise LineError("invalid field format" if line.endswith(" ") else "missing fields")
    parts = _FIELDS.match(rest)
    if parts is None:
        raise LineError("unbalanced quotes" if rest.count('"') % 2 else "invalid field format")
    stamp = parts[2]
    if stamp and not re.fullmatch(r"-?\d+", stamp):
        raise LineError("bad timestamp")
    return head[1], _fields(parts[1]), int(stamp) if stamp else None


def parse_head(head: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return (measurement, tags sorted by key) of a line's first part. Raises LineError."""
    found = _MEASUREMENT.match(head)
    assert found is not None
    name = re.sub(r"\\([, ])", r"\1", found[1])
    tags: dict[str, str] = {}
    at = found.end()
    if found[2] and at == len(head):
        raise LineError("missing tag key")
    while at < len(head):
        tag = _TAG.match(head, at)
        if tag is None:
            raise LineError("invalid tag format")
        if not tag[1]:
            raise LineError("missing tag key")
        if not tag[2] or not tag[3]:
            raise LineError("missing tag value")
        key = _unescape(tag[1])
        if key in tags:
            raise LineError("duplicate tags")
        tags[key] = _unescape(tag[3])
        at = tag.end()
    return name, tuple(sorted(tags.items()))


def parse_value(raw: str) -> Value:
    """Return one field value. Raises LineError."""
    if raw in BOOLEANS:
        return BOOLEANS[raw]
    if raw[:1] == '"':
        return raw[1:-1].replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\")
    if _INTEGER.fullmatch(raw):
        number = int(raw[:-1])
        if not -INT64 <= number < INT64:
            raise LineError(
                f'unable to parse integer {raw[:-1]}: strconv.ParseInt: parsing "{raw[:-1]}": value out of range'
            )
        return number
    if _NUMBER.fullmatch(raw):
        return float(raw)
    if not raw:
        raise LineError("missing field value")
    raise LineError("invalid number" if raw[0] in "-.0123456789nN" else "invalid boolean")


def _fields(text: str) -> list[tuple[str, Value]]:
    """Parse `name=value,…`."""
    fields: list[tuple[str, Value]] = []
    at = 0
    while at < len(text):
        field = _FIELD.match(text, at)
        if field is None:
            raise LineError("invalid field format")
        if not field[1]:
            raise LineError("missing field key")
        fields.append((_unescape(field[1]), parse_value(field[2])))
        at = field.end()
    if not fields or text.endswith(","):
        raise LineError("invalid field format")
    return fields


def _unescape(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text) if "\\" in text else text
