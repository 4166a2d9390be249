"""One collector over files of its own, as a process: `python -m bench.collector_process FOLDER`."""

import sys
from pathlib import Path

import msgspec
import uvloop

from collector.main import run
from plugins.catalogue import load_catalogue
from standpipe.model.registry import Device, Registry, Site
from standpipe.model.settings import Settings

DEVICES = 1_000


def registry() -> Registry:
    """Return transmitters and hydrants, all on one site."""
    devices = {
        f"T{n}": Device(type="gb26875_transmitter", address=f"gb26875:{n:012x}", site="bench")
        for n in range(0xA000, 0xA000 + DEVICES)
    }
    devices |= {f"H-{n}": Device(type="hydrant_json", address=f"device:H-{n}", site="bench") for n in range(DEVICES)}
    return Registry(sites={"bench": Site(name={"en": "Bench", "zh": "试验"})}, zones={}, devices=devices)


if __name__ == "__main__":
    settings = msgspec.json.decode((Path(sys.argv[1]) / "settings.json").read_bytes(), type=Settings)
    uvloop.run(run(settings, load_catalogue(), registry()))
