"""Tests each hop of a running system from outside, as its users would, and names what to change. Repairs nothing."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec

from standpipe.commands.configuration import Configuration
from standpipe.model import clock
from standpipe.model.errors import Rejected, Retryable
from standpipe.model.reading import Reading, ReadingBatch
from standpipe.model.settings import Settings, split_listen
from standpipe.model.signal import Lane


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One hop: whether it works, what was seen, and what to change if not."""

    hop: str
    well: bool
    detail: str
    change: str = ""


async def examine(configuration: Configuration) -> list[Finding]:
    """Return one finding per hop, in the order in which a reading travels."""
    settings = configuration.settings
    probes: list[Callable[[], Awaitable[Finding]]] = [
        lambda: _port(settings),
        lambda: _collector(settings),
        lambda: _storage(settings),
        lambda: _alerting(settings),
        lambda: _feed(settings),
        *[lambda name=name: _notifier(settings, name) for name in settings.notifier],
    ]
    findings = [await probe() for probe in probes]
    if not settings.notifier:
        change = f"{settings.file}: add a [notifier.NAME] section, and use NAME in {settings.contacts}"
        findings.append(Finding(hop="notifier", well=False, detail="none is configured: nobody is told", change=change))
    return findings


async def _port(settings: Settings) -> Finding:
    """Check that devices reach the GB/T 26875.3 port."""
    hop, listen = "port of GB/T 26875.3", settings.collector.gb26875.listen
    if not settings.collector.gb26875.enabled:
        return Finding(hop=hop, well=True, detail="switched off in settings")
    host, port = split_listen(listen)
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 3)
        writer.close()
    except (OSError, TimeoutError) as err:
        change = f"start the collector, or set another collector.gb26875.listen in {settings.file}"
        return Finding(hop=hop, well=False, detail=f"{listen}: {err or 'no answer'}", change=change)
    return Finding(hop=hop, well=True, detail=f"{listen} accepts connections")


async def _collector(settings: Settings) -> Finding:
    """Check that the collector runs, and its outputs keep up."""
    hop, url = "collector", f"http://{settings.collector.http.listen}/status"
    answer, problem = await _get(url, settings.collector.http.token)
    if answer is None:
        return Finding(hop=hop, well=False, detail=problem, change="start it: standpipe run, and read data/logs")
    late = [
        f"{output} is {state['lag_seconds']:.0f} s behind in lane {lane}"
        for lane, spool in answer["spool"].items()
        for output, state in spool["outputs"].items()
        if state["lag_seconds"] > 60
    ]
    if late:
        return Finding(hop=hop, well=False, detail="; ".join(late), change="see the hop it writes to, below")
    return Finding(hop=hop, well=True, detail=f"{url} answers, outputs keep up")


async def _storage(settings: Settings) -> Finding:
    """Check that a point written to the InfluxDB API is read back."""
    from storage.influx.line_protocol import LineEncoder
    from storage.influx.query import InfluxQuery
    from storage.influx.writer import InfluxWriter

    hop, now, mark = "InfluxDB write and read back", clock.now(), secrets.randbelow(1_000_000)
    reading = Reading(
        device="doctor", kind="standpipe_doctor", observed_at=now, received_at=now, fields={"mark": float(mark)}
    )
    change = f"influx.url, version, token and bucket in {settings.file}"
    try:
        writer = InfluxWriter.from_settings(settings)
        await asyncio.to_thread(writer.write, LineEncoder().encode([reading]))
        series = await InfluxQuery.from_settings(settings).query(
            'SELECT last("mark") FROM "standpipe_doctor" WHERE time > now() - 1h', {}
        )
    except (Retryable, Rejected) as err:
        return Finding(hop=hop, well=False, detail=f"{settings.influx_url}: {err}", change=change)
    found = series[0].values[0][-1] if series and series[0].values else None
    if found != mark:
        return Finding(
            hop=hop, well=False, detail=f"wrote {mark}, read {found} at {settings.influx_url}", change=change
        )
    return Finding(hop=hop, well=True, detail=f"{settings.influx_url}, {clock.now() - now} ms")


async def _alerting(settings: Settings) -> Finding:
    """Check that alerting and the console run, and say of themselves that nothing is wrong."""
    hop, url = "alerting and console", f"{settings.alerting_url}/health"
    answer, problem = await _get(url, settings.alerting.token)
    if answer is None:
        return Finding(hop=hop, well=False, detail=problem, change="start it: standpipe run, and read data/logs")
    if answer.get("problems"):
        words = "; ".join(str(each.get("en", each)) for each in answer["problems"])
        return Finding(hop=hop, well=False, detail=words, change="as each problem says")
    return Finding(hop=hop, well=True, detail=f"{url} answers")


async def _feed(settings: Settings) -> Finding:
    """Check that alerting takes what a collector sends; an empty batch changes nothing."""
    hop, url = "alerting feed", f"{settings.alerting_url}/readings"
    batch = ReadingBatch(collector="doctor", lane=Lane.NORMAL, readings=[], sent_at=clock.now())
    headers = {"Authorization": f"Bearer {settings.alerting.token}"} if settings.alerting.token else {}
    try:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            answer = await client.post(url, content=msgspec.json.encode(batch), headers=headers)
    except httpx.HTTPError as err:
        return Finding(hop=hop, well=False, detail=f"{url}: {err}", change=f"alerting.url in {settings.file}")
    if answer.status_code != 200:
        change = f"alerting.token in {settings.file} must be the same for both processes"
        return Finding(hop=hop, well=False, detail=f"{url}: {answer.status_code} {answer.text[:200]}", change=change)
    return Finding(hop=hop, well=True, detail=f"{url} accepts batches")


async def _notifier(settings: Settings, name: str) -> Finding:
    """Check that the other side of a notifier answers; nothing is sent to a person."""
    hop, notifier = f"notifier {name}", settings.notifier[name]
    try:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            answer = await client.get(notifier.url)
    except (httpx.HTTPError, httpx.InvalidURL) as err:
        change = f"notifier.{name}.url in {settings.file}"
        return Finding(hop=hop, well=False, detail=f"{notifier.url}: {err}", change=change)
    return Finding(hop=hop, well=True, detail=f"{notifier.url} is reached ({answer.status_code}); no message was sent")


async def _get(url: str, token: str) -> tuple[dict[str, Any] | None, str]:
    """Return (the JSON answer, "") or (None, what went wrong)."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            answer = await client.get(url, headers=headers)
            answer.raise_for_status()
            return answer.json(), ""
    except (httpx.HTTPError, ValueError) as err:
        return None, f"{url}: {err}"
