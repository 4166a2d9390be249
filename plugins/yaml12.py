"""Reads YAML 1.2 (core schema): `on`, `no` and `012` are what they look like. Knows nothing of what is in the file."""

import re
from pathlib import Path
from typing import Any

import yaml

from standpipe.model.errors import ConfigError, Fault

_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """PyYAML is YAML 1.1; these are the plain scalars of 1.2."""


_Loader.yaml_implicit_resolvers = {}
for _kind, _shape, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf)|\.(nan|NaN)", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", "~nN"),
):  # fmt: skip
    _Loader.add_implicit_resolver(f"{_TAG}{_kind}", re.compile(f"^(?:{_shape})$"), [*_first])


def _whole(_: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = node.value
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text[2:] if base != 10 else text, base)


_Loader.add_constructor(f"{_TAG}int", _whole)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a file. Raises ConfigError when it is missing, not YAML, or no mapping."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as err:
        raise ConfigError([Fault(str(path), "", f"cannot be read: {str(err).splitlines()[0]}")]) from None
    if not isinstance(data, dict):
        raise ConfigError([Fault(str(path), "", "expected a mapping")])
    return data
