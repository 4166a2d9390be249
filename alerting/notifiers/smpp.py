"""SMS over SMPP 3.4, with receipts and replies. Keeps one bind and no message: what is not sent stays with delivery.

The client is smpp34. It answers what the centre sends by itself, asks every 30 s whether the link is alive (two missed
answers end it), and lets `window` messages be on their way at once. A link that is lost is bound again by whoever needs
it first: the listener after a growing pause, a notice at once.
"""

import asyncio
import logging
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import smpp34

from alerting.notifiers import Notice
from alerting.notifiers.listening import Hear, Heard, Reply
from alerting.notifiers.phone import international, sender
from alerting.notifiers.smpp_awaited import Awaited
from alerting.notifiers.smpp_receipt import read_receipt
from alerting.notifiers.sms_parts import text_of, ucs2_parts
from standpipe.model import clock, settings
from standpipe.model.errors import ConfigError, Fault, Rejected, Retryable

log = logging.getLogger(__name__)

TIMEOUT = 5.0
"""Seconds for a whole notice, binding included."""
_BIND_TIMEOUT = 3.0
_CLOSING = 1.0
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_RECEIPTED_MESSAGE_ID, _MESSAGE_PAYLOAD, _MESSAGE_STATE = 0x001E, 0x0424, 0x0427
_AGAIN = {0x04, 0x05, 0x08, 0x14, 0x45, 0x58, 0x64, 0xFE, 0xFF}
"""Command states that may pass: bind state, system error, queue full, submit failed, throttled, temporary."""


@dataclass(slots=True)
class _Link:
    client: smpp34.Client
    centre: smpp34.Smsc
    lost: asyncio.Event
    alive_at: float = 0.0
    """Loop time at which the centre last said something."""


class Smpp:
    """One bind to a message centre."""

    receipts: Literal["on_sending", "later"] = "later"

    def __init__(self, config: settings.Notifier) -> None:
        """Take url (`smpp://host:2775`, or `smpps://`), username (the system id), password, sender; window, country."""
        url = urlsplit(config.url)
        if url.scheme not in ("smpp", "smpps") or not url.hostname:
            raise ConfigError([Fault("settings", "url", f"expected smpp://host:port, got scheme {url.scheme!r}")])
        if not config.sender.isascii() or len(config.sender) > 20:
            raise ConfigError([Fault("settings", "sender", "is longer than 20 characters, or has others than ASCII")])
        self._config = config
        self._host, self._tls = url.hostname, url.scheme == "smpps"
        self._port = url.port or (3550 if self._tls else 2775)
        self._link: _Link | None = None
        self._binding: asyncio.Task[_Link] | None = None
        self._bound = asyncio.Event()
        self._awaited = Awaited()
        self._hear: Hear | None = None

    async def send(self, notice: Notice) -> str:
        """Submit every part; return the parts' ids joined by `+`. A lost link or a slow centre is Retryable."""
        to = international(notice.to, self._config.country)
        try:
            async with asyncio.timeout(TIMEOUT):
                ids = await self._submit(to, ucs2_parts(notice.text, notice.id))
        except TimeoutError:
            raise Retryable("the message centre did not answer in time") from None
        id_, receipt = self._awaited.sent(ids, notice=notice.id, to=to, at=clock.now())
        if receipt is not None and self._hear is not None:
            await _keep(self._hear, receipt)
        return id_

    async def listen(self, hear: Hear) -> None:
        """Hear receipts and replies for as long as it runs; keeps the link up."""
        self._hear, failures = hear, 0
        while True:
            try:
                link = await self._linked()
            except Retryable as err:
                pause = _PAUSES[min(failures, len(_PAUSES) - 1)] * random.uniform(0.8, 1.2)  # noqa: S311
                log.warning("smpp not bound host=%s again_in=%.1f reason=%s", self._host, pause, err)
                failures += 1
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._bound.wait()
                continue
            failures = 0
            while (event := await self._next(link)) is not None:
                await self._take(event, hear)
            log.warning("smpp link lost host=%s", self._host)
            await self._drop(link)

    async def close(self) -> None:
        """Unbind."""
        if self._binding is not None:
            self._binding.cancel()
        if self._link is not None:
            link, self._link = self._link, None
            link.lost.set()
            with suppress(TimeoutError, smpp34.SmppError):
                async with asyncio.timeout(_CLOSING):
                    await link.centre.unbind()

    async def _submit(self, to: str, parts: list[bytes]) -> list[str]:
        link = await self._linked()
        loop = asyncio.get_running_loop()
        started = loop.time()
        own, ids = self._config.sender, []
        try:
            for part in parts:
                answer = await link.centre.submit_sm(
                    to[1:],
                    part,
                    source_addr=own.lstrip("+"),
                    source_addr_ton=1 if own.startswith("+") else 0 if own.isdigit() else 5,
                    source_addr_npi=1 if own.lstrip("+").isdigit() else 0,
                    esm_class=0x40 if len(parts) > 1 else 0,
                    registered_delivery=1,
                    data_coding=8,
                )
                link.alive_at = loop.time()
                _taken(answer.command_status)
                ids.append(answer.message_id or "")
        except smpp34.SmppError as err:
            await self._drop(link)
            raise Retryable(f"submitting failed: {err}") from None
        except asyncio.CancelledError:
            if link.alive_at < started:
                await self._drop(link)
            raise
        return ids

    async def _linked(self) -> _Link:
        """Return the bound link; all who need one wait for the same attempt."""
        if self._link is not None:
            return self._link
        if self._binding is None:
            self._binding = asyncio.create_task(self._bind(), name=f"smpp-bind-{self._host}")
            self._binding.add_done_callback(self._attempted)
        return await asyncio.shield(self._binding)

    def _attempted(self, task: "asyncio.Task[_Link]") -> None:
        """Make room for the next attempt; whoever still waits has the outcome."""
        self._binding = None
        if not task.cancelled():
            task.exception()

    async def _bind(self) -> _Link:
        config = self._config
        client = smpp34.Client(
            self._host,
            self._port,
            config.username,
            config.password,
            tls=self._tls,
            window_size=config.window,
            connect_timeout_ms=int(_BIND_TIMEOUT * 1000),
        )
        try:
            centre = await client.connect()
        except smpp34.SmppError as err:
            raise Retryable(f"not bound: {err} (a refused username or password looks like a time-out)") from None
        log.info("smpp bound host=%s", self._host)
        self._link = _Link(client, centre, asyncio.Event())
        self._bound.set()
        return self._link

    async def _drop(self, link: _Link) -> None:
        """Forget a link that failed, unless it has been replaced already."""
        if self._link is link:
            self._link = None
            self._bound.clear()
            link.lost.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING):
                    await link.client.stop()

    async def _next(self, link: _Link) -> smpp34.DeliverSmEvent | None:
        """Return what the centre says next, None once the link is lost or dropped."""
        said, lost = asyncio.ensure_future(link.centre.next()), asyncio.ensure_future(link.lost.wait())
        try:
            await asyncio.wait({said, lost}, return_when=asyncio.FIRST_COMPLETED)
            event = said.result() if said.done() else None
        finally:
            said.cancel()
            lost.cancel()
        link.alive_at = asyncio.get_running_loop().time()
        return event if isinstance(event, smpp34.DeliverSmEvent) else None

    async def _take(self, event: smpp34.DeliverSmEvent, hear: Hear) -> None:
        """Hand on one message of the centre."""
        payload = next((tlv.value for tlv in event.tlvs if tlv.tag == _MESSAGE_PAYLOAD), b"")
        octets, header = event.short_message or payload, bool(event.esm_class & 0x40)
        if event.esm_class & 0x3C:
            await self._receipt(event, octets.decode("latin-1"), hear)
            return
        from_ = sender(("+" if event.source_addr_ton == 1 else "") + event.source_addr, self._config.country)
        if from_ is None:
            log.warning("smpp message from something that is no telephone number host=%s", self._host)
            return
        await _keep(hear, Reply(from_=from_, text=text_of(octets, event.data_coding, header=header), at=clock.now()))

    async def _receipt(self, event: smpp34.DeliverSmEvent, text: str, hear: Hear) -> None:
        """Hand on the receipt of a message whose parts are all accounted for."""
        tlvs = {tlv.tag: tlv for tlv in event.tlvs}
        id_, state = tlvs.get(_RECEIPTED_MESSAGE_ID), tlvs.get(_MESSAGE_STATE)
        read = read_receipt(text, id_.as_string() if id_ else None, state.as_int() if state else None)
        if read is None:
            return
        given, outcome, reason = read
        heard = self._awaited.told(given, outcome, reason=reason, number=event.source_addr, at=clock.now())
        if heard is not None:
            await _keep(hear, heard)


async def _keep(hear: Hear, heard: Heard) -> None:
    """Hand on what was heard; what cannot be kept is lost, since the centre has its answer already."""
    try:
        await hear(heard)
    except Retryable as err:
        log.error("heard but not kept reason=%s", err)


def _taken(status: int) -> None:
    """Raise for a command status that is not 0: Retryable for what may pass, else Rejected."""
    if status in _AGAIN:
        raise Retryable(f"command status 0x{status:08X}", after=1.0 if status == 0x58 else None)
    if status:
        raise Rejected(f"refused with command status 0x{status:08X}")
