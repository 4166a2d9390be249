"""The collector process: opens the spool, starts inputs and outputs in one TaskGroup. Decides nothing else."""

import asyncio
import gc
import logging
import resource
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from collector import dead_letter_pages
from collector.check import faults
from collector.counters import Counters
from collector.duplicates import Duplicates
from collector.inputs.gb26875 import Gb26875Server
from collector.inputs.gb26875_answer import Answers
from collector.inputs.gb26875_calls import Calls
from collector.inputs.gb26875_frames import FrameHandler
from collector.inputs.gb26875_udp import UdpEndpoint, listen_udp
from collector.inputs.http import HttpDoor, Route
from collector.inputs.http_ingest import Ingest
from collector.inputs.http_server import HttpServer
from collector.inputs.line_protocol import LineProtocol
from collector.inputs.modbus import ModbusPoller
from collector.inputs.mqtt import MqttInput
from collector.inputs.push import PushSource
from collector.inputs.transmitters import Transmitters
from collector.intake import Intake
from collector.outputs import alerting, influxdb
from collector.outputs.drain import drain
from collector.outputs.self_report import report
from collector.pipeline import Pipeline
from collector.renewal import Renewal
from collector.spool import Spool
from collector.status import pages
from plugins.catalogue import Catalogue
from standpipe.model.errors import ConfigError
from standpipe.model.registry import Registry
from standpipe.model.settings import Settings
from standpipe.model.signal import Lane
from storage.influx.line_protocol import LineEncoder, signals_by_kind
from storage.influx.writer import InfluxWriter

log = logging.getLogger(__name__)

_GC = (50_000, 20, 100)
"""Readings are made and dropped by the thousand without cycles: looking for those after every 700 costs a tenth."""
_SPARE_FILES = 200
"""Descriptors kept back for the spool, the outputs and HTTP."""


class Doors(msgspec.Struct, frozen=True, kw_only=True):
    """Where the collector listens, once it does."""

    http: int
    gb26875: int
    """TCP port, 0 when that input is not enabled."""
    gb26875_udp: int = 0
    """UDP port, 0 where there is none."""


async def run(
    settings: Settings,
    catalogue: Catalogue,
    registry: Registry,
    *,
    started: Callable[[Doors], None] | None = None,
    reload: asyncio.Event | None = None,
) -> None:
    """Run until cancelled. `started` is called when all doors are open; `reload`, once set, renews the device types.

    Raises ConfigError for settings that cannot be used, OSError when an address cannot be had, sqlite3.Error when the
    spool file cannot be written.
    """
    if wrong := faults(settings):
        raise ConfigError(wrong)
    gc.set_threshold(*_GC)
    counters = Counters()
    spool = await Spool.open(settings.data_dir / "collector.spool", settings.collector.spool, counters)
    intake = None
    try:
        duplicates = Duplicates()
        for key in await spool.recent_keys():
            duplicates.remember(key, None, now=int(asyncio.get_running_loop().time() * 1000))
        intake = Intake(Pipeline(catalogue.types, registry, counters), spool, counters, duplicates)
        async with asyncio.TaskGroup() as group:
            group.create_task(spool.run(), name="spool")
            encoders = _start_outputs(group, settings, catalogue, spool, counters)
            renewal = _renewal(settings, catalogue, registry, intake, encoders)
            group.create_task(renewal.follow(reload or asyncio.Event()), name="reload")
            doors = await _start_inputs(group, settings, registry, intake, {"/plugins/reload": renewal.route()})
            log.info("collector running spool=%s http=%d gb26875=%d", spool.id, doors.http, doors.gb26875)
            if started is not None:
                started(doors)
    finally:
        if intake is not None:
            intake.close()
        await spool.close()


def _renewal(
    settings: Settings, catalogue: Catalogue, registry: Registry, intake: Intake, encoders: list[LineEncoder]
) -> Renewal:
    """Join what follows when device types are renewed."""

    def follow(new: Catalogue) -> None:
        signals = signals_by_kind(loaded.type for loaded in new.types.values())
        for encoder in encoders:
            encoder.declare(signals)

    folders = [settings.path(name) for name in settings.plugins]
    return Renewal(catalogue, intake.pipeline.directory, registry, folders, follow)


async def _start_inputs(
    group: asyncio.TaskGroup, settings: Settings, registry: Registry, intake: Intake, routes: dict[str, Route]
) -> Doors:
    """Open every configured door; `routes` are served besides the inputs' own."""
    collector = settings.collector
    transmitters: Gb26875Server | None = None
    udp: UdpEndpoint | None = None
    routes = {**routes, "/ingest": Route(serve=Ingest(intake).serve)}
    if collector.gb26875.enabled:
        handler, calls = _transmitter_handling(settings, intake)
        limit = min(collector.gb26875.max_connections, _raise_file_limit() - _SPARE_FILES)
        transmitters = Gb26875Server(handler, calls, collector.gb26875, max_connections=max(limit, 1))
        await transmitters.start()
        group.create_task(transmitters.run(), name="gb26875")
        if collector.gb26875.udp:
            udp = await listen_udp(handler, collector.gb26875.udp)
        routes["/transmitters"] = Route(serve=Transmitters(calls, registry).serve, methods=frozenset({"GET", "POST"}))
    routes |= LineProtocol(intake, max_body=collector.http.max_body).routes()
    for name, push in collector.push.items():
        routes[f"/push/{name}"] = PushSource(intake, name, push).route()

    def connections() -> int:
        return transmitters.connections if transmitters else 0

    group.create_task(report(intake.spool, intake.counters, connections), name="self report")
    routes |= pages(intake.spool, intake.counters, connections) | dead_letter_pages.pages(intake.spool)
    door = HttpDoor(routes, token=collector.http.token, max_body=collector.http.max_body)
    http = HttpServer(door, collector.http.listen)
    group.create_task(http.run(), name="http")
    brokers = {"mqtt": collector.mqtt} | {f"mqtt.{name}": broker for name, broker in collector.broker.items()}
    for name, broker in brokers.items():
        if broker.host:
            group.create_task(MqttInput(intake, broker, name=name).run(), name=name)
    if collector.modbus.device:
        group.create_task(ModbusPoller(intake, collector.modbus).run(), name="modbus")
    return Doors(http=http.port, gb26875=transmitters.port if transmitters else 0, gb26875_udp=udp.port if udp else 0)


def _transmitter_handling(settings: Settings, intake: Intake) -> tuple[FrameHandler, Calls]:
    """Build what is done with frames, the same over TCP and UDP."""
    offset = datetime.now(UTC).astimezone(ZoneInfo(settings.timezone)).utcoffset()
    assert offset is not None
    directory = intake.pipeline.directory
    answers = Answers(directory, utc_offset=int(offset.total_seconds()))
    calls = Calls(directory, answers, set_clocks=settings.collector.gb26875.set_clocks)
    return FrameHandler(intake, answers, calls), calls


def _start_outputs(
    group: asyncio.TaskGroup, settings: Settings, catalogue: Catalogue, spool: Spool, counters: Counters
) -> list[LineEncoder]:
    """Start two lanes for each output, each with a connection of its own. Return the encoders that know signals."""
    signals = signals_by_kind(loaded.type for loaded in catalogue.types.values())
    influx_paces = influxdb.paces(settings.influx)
    encoders = []
    for lane in Lane:
        encoders.append(LineEncoder(signals))
        influx = influxdb.InfluxOutput(
            lane, InfluxWriter.from_settings(settings), encoders[-1], spool.dead_letters, counters
        )
        cursor = spool.cursor(influxdb.NAME, lane)
        group.create_task(drain(cursor, influx, influx_paces[lane], counters), name=f"influxdb {lane}")
        feed = _feed(settings, lane, spool, counters)
        cursor = spool.cursor(alerting.NAME, lane)
        group.create_task(drain(cursor, feed, alerting.PACES[lane], counters), name=f"alerting {lane}")
    life = _feed(settings, Lane.NORMAL, spool, counters)
    group.create_task(life.sign_of_life(spool.troubles), name="sign of life")
    return encoders


def _feed(settings: Settings, lane: Lane, spool: Spool, counters: Counters) -> alerting.AlertingOutput:
    client = alerting.client(settings.alerting_url, settings.alerting.token)
    return alerting.AlertingOutput(lane, client, spool=spool, counters=counters)


def _raise_file_limit() -> int:
    """Raise the soft limit of open files to the hard one; return what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (ValueError, OSError) as err:
            log.warning("limit of open files stays soft=%d reason=%s", soft, err)
            return soft
    return wanted
