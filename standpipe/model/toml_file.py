"""Reads a TOML file that a person wrote into a typed struct, and reports every fault with file, line and key."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from standpipe.model.errors import ConfigError, Fault

S = TypeVar("S", bound=msgspec.Struct)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the file as nested dicts. Raises ConfigError when it is missing, not UTF-8 or not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError([Fault(str(path), "", "no such file")]) from None
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError([Fault(str(path), "", f"cannot be read: {err}")]) from None
    except tomllib.TOMLDecodeError as err:
        at = re.search(r"at line (\d+)", str(err))
        raise ConfigError([Fault(str(path), "", f"not TOML: {err}", int(at[1]) if at else None)]) from None


def convert(data: Mapping[str, Any], type_: type[S], *, path: Path, prefix: str = "") -> S:
    """Return `data` as `type_`. Raises ConfigError listing all unknown keys and all values of a wrong type."""
    faults: list[Fault] = []
    _check(data, type_, path, prefix, faults)
    if not faults:
        try:
            return msgspec.convert(dict(data), type_, strict=True)
        except msgspec.ValidationError as err:
            reason, _, where = str(err).partition(" - at `$")
            key = prefix + where.rstrip("`").lstrip(".")
            faults.append(Fault(str(path), key, reason, line_of(path, key)))
    raise ConfigError(faults)


def line_of(path: Path, key: str) -> int | None:
    """Return the line where a dotted key stands, as well as a search of the text can tell."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    parts = [re.escape(part) for part in re.sub(r"\[[^]]*\]", "", key).split(".") if part]
    start = 0
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        for index in range(start, len(lines)):
            if re.search(rf'(^|[\s.\[{{,"]){part}("?\s*=|["\].])', lines[index]):
                start = index
                break
        else:
            return start + 1 if start or not last else None
    return start + 1


def _check(data: Mapping[str, Any], type_: Any, path: Path, prefix: str, faults: list[Fault]) -> None:
    """Collect unknown keys and wrong values below one struct, going on after each fault."""
    known = {field.encode_name: field for field in msgspec.structs.fields(type_)}
    hints = get_type_hints(type_, include_extras=True)
    for key, value in data.items():
        name = prefix + key
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            reason = f"unknown key; {hint}known: {', '.join(sorted(known))}"
            faults.append(Fault(str(path), name, reason, line_of(path, name)))
            continue
        _check_value(value, hints[known[key].name], path, name, faults)
    for key, field in known.items():
        if field.required and key not in data:
            faults.append(Fault(str(path), prefix + key, "is missing and has no default", line_of(path, prefix)))


def _check_value(value: Any, hint: Any, path: Path, name: str, faults: list[Fault]) -> None:
    """Check one value against its type, stepping into structs, dicts and lists of structs."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and isinstance(value, Mapping):
        _check(value, hint, path, name + ".", faults)
        return
    origin, args = get_origin(hint), get_args(hint)
    inner = args[-1] if args else None
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        if origin is dict and isinstance(value, Mapping):
            for key, item in value.items():
                _check_value(item, inner, path, f"{name}.{key}", faults)
            return
        if origin in (list, tuple) and isinstance(value, list):
            for index, item in enumerate(value):
                _check_value(item, inner, path, f"{name}[{index}]", faults)
            return
    try:
        msgspec.convert(value, hint, strict=True)
    except msgspec.ValidationError as err:
        reason = str(err).partition(" - at `$")[0]
        faults.append(Fault(str(path), name, f"{reason} (found {value!r})", line_of(path, name)))
