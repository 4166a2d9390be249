"""Reads a codec's source and says what in it is not pure; loads it. Runs nothing before it has been checked."""

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

from standpipe.model.errors import ConfigError, DecodeError, Fault
from standpipe.model.reading import Observation, Uplink

Decode: TypeAlias = Callable[[Uplink], list[Observation]]
"""A codec's one function. Pure: the same uplink gives the same observations. Raises DecodeError and nothing else."""

ALLOWED = (
    "standpipe.model",
    "struct",
    "json",
    "math",
    "datetime",
    "msgspec",
    "typing",
    "collections.abc",
    "enum",
    "dataclasses",
    "__future__",
)
"""What a codec may import, and everything below these names."""
_NOT_FOR_CODECS = tuple(
    f"standpipe.model.{name}" for name in ("clock", "contacts", "registry", "settings", "toml_file")
)
_IMPURE_NAMES = frozenset(
    {"open", "exec", "eval", "compile", "__import__", "input", "print", "globals", "vars", "setattr", "breakpoint"}
)
_CLOCKS = frozenset({"now", "utcnow", "today"})


def check_source(path: Path) -> list[Fault]:
    """Return what keeps a codec from being pure: imports, names, clocks, or no `decode` function at all."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except FileNotFoundError:
        return [Fault(str(path), "", "no such file; a device type needs `def decode(uplink: Uplink)` there")]
    except (OSError, UnicodeDecodeError) as err:
        return [Fault(str(path), "", f"cannot be read: {err}")]
    except (SyntaxError, ValueError) as err:
        return [Fault(str(path), "", f"not Python: {err}", getattr(err, "lineno", None))]
    faults = [fault for node in ast.walk(tree) for fault in _check_node(node, path)]
    if not any(isinstance(node, ast.FunctionDef) and node.name == "decode" for node in tree.body):
        faults.append(Fault(str(path), "decode", "is missing: write `def decode(uplink: Uplink) -> list[Observation]`"))
    return faults


def _check_node(node: ast.AST, path: Path) -> list[Fault]:
    """Return the faults of one syntax node."""
    if isinstance(node, ast.Import):
        wrong = [alias.name for alias in node.names if not _allowed(alias.name)]
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        whole = [f"{module}.{alias.name}" for alias in node.names] if module.startswith("standpipe") else [module]
        wrong = ["." * node.level + module] if node.level else [name for name in whole if not _allowed(name)]
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in _IMPURE_NAMES:
        return [Fault(str(path), node.id, "a codec is pure: it opens, runs and prints nothing", node.lineno)]
    elif isinstance(node, ast.Attribute) and node.attr in _CLOCKS:
        return [Fault(str(path), node.attr, "a codec has no clock: use uplink.received_at", node.lineno)]
    else:
        return []
    reason = f"may not be imported by a codec; allowed: {', '.join(name for name in ALLOWED if name[0] != '_')}"
    return [Fault(str(path), f"import {name}", reason, node.lineno) for name in wrong]


def _allowed(module: str) -> bool:
    """Return whether a dotted name is an allowed module or lies below one."""
    if any(module == name or module.startswith(name + ".") for name in _NOT_FOR_CODECS):
        return False
    return any(module == name or module.startswith(name + ".") for name in ALLOWED)


def load_codec(path: Path, name: str) -> Decode:
    """Return `decode` of a codec file. Raises ConfigError when it is not pure or does not load."""
    if faults := check_source(path):
        raise ConfigError(faults)
    module = ModuleType(f"standpipe_device_{name}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses and msgspec look up the names in annotations
    try:
        # Not by the import system: its byte code cache takes an edit within the same second for the old file.
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # noqa: S102 - checked above
    except Exception as err:  # whatever a stranger's file does when it is loaded, it becomes a fault of that file
        raise ConfigError([Fault(str(path), "", f"does not load: {type(err).__name__}: {err}")]) from err
    decode: Decode = module.decode
    return decode


def guarded(decode: Decode, name: str) -> Decode:
    """Return `decode` so that a codec's own mistake is a DecodeError: its frame is quarantined, the collector lives."""

    def decode_or_refuse(uplink: Uplink) -> list[Observation]:
        try:
            return decode(uplink)
        except DecodeError:
            raise
        except Exception as err:
            raise DecodeError(f"mistake in the codec of {name}: {type(err).__name__}: {err}") from err

    return decode_or_refuse
