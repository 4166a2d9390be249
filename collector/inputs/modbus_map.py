"""Register maps: which registers to ask for, and what they hold. Pure; owns no connection."""

import struct
from collections.abc import Mapping, Sequence

import msgspec

from standpipe.model.reading import Value
from standpipe.model.settings import ModbusMap, ModbusRegister

MOST_REGISTERS = 120
"""Registers asked for at once (the protocol allows 125)."""
GAP = 8
"""Unused registers read along rather than asking twice."""
_FORMATS = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f"}
_ORDERS = {"ABCD": (0, 1, 2, 3), "CDAB": (2, 3, 0, 1), "BADC": (1, 0, 3, 2), "DCBA": (3, 2, 1, 0)}


class Block(msgspec.Struct, frozen=True):
    """One question to a slave."""

    table: str
    start: int
    count: int


def width(register: ModbusRegister) -> int:
    """Return how many registers a value takes."""
    return 2 if register.type_ in ("int32", "uint32", "float32") else 1


def blocks(map_: ModbusMap) -> list[Block]:
    """Return the fewest questions that cover a map."""
    found: list[Block] = []
    spans = sorted(
        (register.table, register.address, register.address + width(register)) for register in map_.metrics.values()
    )
    for table, start, end in spans:
        last = found[-1] if found else None
        if (
            last
            and last.table == table
            and start <= last.start + last.count + GAP
            and end - last.start <= MOST_REGISTERS
        ):
            found[-1] = Block(table, last.start, max(last.count, end - last.start))
        else:
            found.append(Block(table, start, end - start))
    return found


def fields(map_: ModbusMap, answers: Mapping[Block, Sequence[int]]) -> dict[str, Value]:
    """Return each metric's value from the answers to `blocks`, rounded to nine significant digits.

    Raises KeyError or IndexError when an answer is missing or too short.
    """
    return {name: _value(register, map_.words, _raw(register, answers)) for name, register in map_.metrics.items()}


def _raw(register: ModbusRegister, answers: Mapping[Block, Sequence[int]]) -> list[int]:
    size = width(register)
    for block, words in answers.items():
        at = register.address - block.start
        if block.table == register.table and at >= 0 and at + size <= block.count:
            return [words[at + index] for index in range(size)]
    raise KeyError(register.address)


def _value(register: ModbusRegister, order: str, words: list[int]) -> Value:
    if register.table in ("coil", "discrete"):
        return bool(words[0])
    if register.type_ == "bit":
        return bool(words[0] >> register.bit & 1)
    data = struct.pack(f">{len(words)}H", *words)
    if len(words) == 2:
        data = bytes(data[index] for index in _ORDERS[order])
    (raw,) = struct.unpack(_FORMATS[register.type_], data)
    return float(f"{raw * register.scale + register.offset:.9g}")
