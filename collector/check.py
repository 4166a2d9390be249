"""What is wrong in the collector's part of the settings beyond types: told before anything is started."""

from pathlib import Path

from collector.inputs.mqtt_formats import reader_of
from standpipe.model.duration import parse_duration
from standpipe.model.errors import Fault
from standpipe.model.settings import Settings
from standpipe.model.toml_file import line_of


def faults(settings: Settings) -> list[Fault]:
    """Return every fault with its key: topics that cannot be read, maps that do not exist, durations that are none."""
    collector = settings.collector
    found: list[Fault] = []

    def fault(key: str, reason: str) -> None:
        found.append(Fault(settings.file, key, reason, line_of(Path(settings.file), key)))

    def duration(key: str, text: str) -> None:
        try:
            parse_duration(text)
        except ValueError as err:
            fault(key, str(err))

    brokers = {"mqtt": collector.mqtt} | {f"broker.{name}": broker for name, broker in collector.broker.items()}
    for name, broker in brokers.items():
        try:
            reader_of(broker)
        except ValueError as err:
            fault(f"collector.{name}.topic", str(err))
    for name, device in collector.modbus.device.items():
        key = f"collector.modbus.device.{name}"
        if device.map not in collector.modbus.map:
            known = ", ".join(collector.modbus.map) or "none"
            fault(f"{key}.map", f"no register map {device.map!r}; known: {known}")
        duration(f"{key}.interval", device.interval)
        duration(f"{key}.timeout", device.timeout)
    duration("collector.gb26875.idle_timeout", collector.gb26875.idle_timeout)
    duration("collector.gb26875.first_frame_timeout", collector.gb26875.first_frame_timeout)
    return found
