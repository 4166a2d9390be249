"""Settings that cannot be used are told before anything starts, all at once, with their keys."""

import msgspec
import pytest

from collector.check import faults
from collector.main import run
from plugins.catalogue import Catalogue
from standpipe.model.errors import ConfigError
from standpipe.model.registry import Registry
from standpipe.model.settings import Settings

WRONG = {
    "mqtt": {"topic": "standpipe/{device}"},
    "broker": {"lora": {"topic": "{a}", "format": "json"}},
    "modbus": {"device": {"pump": {"host": "h", "map": "none", "interval": "often"}}},
    "gb26875": {"idle_timeout": "soon"},
}


def test_every_fault_is_told_with_its_key() -> None:
    settings = msgspec.convert({"collector": WRONG}, Settings)
    assert [fault.key for fault in faults(settings)] == [
        "collector.mqtt.topic",
        "collector.broker.lora.topic",
        "collector.modbus.device.pump.map",
        "collector.modbus.device.pump.interval",
        "collector.gb26875.idle_timeout",
    ]


def test_the_default_has_none() -> None:
    assert faults(Settings()) == []


async def test_nothing_is_started_with_faults(catalogue: Catalogue, registry: Registry) -> None:
    with pytest.raises(ConfigError):
        await run(msgspec.convert({"collector": WRONG}, Settings), catalogue, registry)
