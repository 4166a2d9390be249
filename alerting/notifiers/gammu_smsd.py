"""SMS through a GSM modem, by the folders of gammu-smsd's files service. Drives no modem and starts no daemon.

A notice is a file in `outbox`, in Gammu's backup format, which says its coding. (A `.txt` file is sent in the 7-bit
alphabet unless the daemon is told otherwise: Chinese is lost.) gammu-smsd moves it to `sent` when the network has taken
every part, or to `error`; that move is the receipt. What people send is a file in `inbox`. Files are removed once they
are heard, so the folders must be Standpipe's alone. What the modem has not taken after `STALE` is withdrawn: an old
alarm must not ring later.
"""

import asyncio
import base64
import hashlib
import logging
import os
import re
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from alerting.notifiers import Notice
from alerting.notifiers.listening import Hear, Heard, Receipt, Reply
from alerting.notifiers.phone import international, sender
from alerting.notifiers.sms_parts import ucs2_parts
from standpipe.model import clock, settings
from standpipe.model.errors import ConfigError, Fault, Retryable

log = logging.getLogger(__name__)

STALE = 900.0
"""Seconds after which a message still in the outbox is withdrawn."""
_LOOK = 0.5
"""Seconds between two looks at the folders."""
_SETTLED = 0.3
"""Seconds since its last change after which an incoming file is whole."""
_OURS = re.compile(r"OUTA\d{8}_\d{6}_00_\+?\d+_sp([A-Z2-7]+)\.smsbackup")
_INCOMING = re.compile(r"IN\d{8}_\d{6}_\d+_([^_]*)_(\d+)\.txt")
_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class GammuSmsd:
    """One gammu-smsd."""

    receipts: Literal["on_sending", "later"] = "later"

    def __init__(self, config: settings.Notifier) -> None:
        """Take folder (with outbox, sent, error and inbox in it); country. Raises ConfigError for missing folders."""
        self._country = config.country
        root = Path(config.folder)
        folders = [root / name for name in ("outbox", "sent", "error", "inbox")]
        self._outbox, self._sent, self._error, self._inbox = folders
        missing = [path.name for path in folders if not path.is_dir()]
        if missing:
            raise ConfigError([Fault("settings", "folder", f"{root} has no folder {', '.join(missing)}")])

    async def send(self, notice: Notice) -> str:
        """Put the message into the outbox, once; its id is the notice's in base 32. Retryable when it cannot."""
        to = international(notice.to, self._country)
        try:
            return await asyncio.to_thread(self._put, to, notice)
        except OSError as err:
            raise Retryable(f"outbox cannot be written: {err.strerror}") from None

    async def listen(self, hear: Hear) -> None:
        """Look at the folders twice a second."""
        while True:
            try:
                found = await asyncio.to_thread(self._look)
                for path, heard in found:
                    if heard is not None:
                        await hear(heard)
                    await asyncio.to_thread(path.unlink, missing_ok=True)
            except OSError as err:
                log.error("modem folders cannot be read reason=%s", err.strerror)
            except Retryable as err:
                log.error("heard but not kept, looking again reason=%s", err)
            await asyncio.sleep(_LOOK)

    async def close(self) -> None:
        """Do nothing: files stay."""

    def _put(self, to: str, notice: Notice) -> str:
        at = datetime.fromtimestamp(notice.opened_at / 1000, UTC)
        id_ = base64.b32encode(notice.id.encode()).decode().rstrip("=")
        name = f"OUTA{at:%Y%m%d_%H%M%S}_00_{to}_sp{id_}.smsbackup"
        if any((folder / name).exists() for folder in (self._outbox, self._sent)):
            return id_
        hidden = self._outbox / f".{hashlib.sha256(name.encode()).hexdigest()}"
        with hidden.open("wb") as file:
            file.write(_backup(to, ucs2_parts(notice.text, notice.id)).encode())
            file.flush()
            os.fsync(file.fileno())
        hidden.chmod(0o660)
        hidden.rename(self._outbox / name)
        return id_

    def _look(self) -> list[tuple[Path, Heard | None]]:
        """Return what there is to hear, with the file that says it; None for a file that says nothing."""
        now = clock.now()
        for path in self._outbox.iterdir():
            if _OURS.fullmatch(path.name):
                self._withdraw_stale(path)
        found: list[tuple[Path, Heard | None]] = [
            *((path, _receipt(path, "delivered", "", now)) for path in sorted(self._sent.iterdir())),
            *(
                (path, _receipt(path, "failed", "the modem did not send it", now))
                for path in sorted(self._error.iterdir())
            ),
        ]
        found = [(path, receipt) for path, receipt in found if receipt is not None]
        for path in sorted(self._inbox.iterdir()):
            if (from_ := _INCOMING.fullmatch(path.name)) and time.time() - path.stat().st_mtime > _SETTLED:
                found.append((path, self._reply(path, from_[1], now)))
        return found

    def _withdraw_stale(self, path: Path) -> None:
        """Put a message that has waited too long among the failed ones."""
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > STALE:
                path.rename(self._error / path.name)

    def _reply(self, path: Path, number: str, now: int) -> Reply | None:
        from_ = sender(number, self._country)
        if from_ is None:
            log.info("incoming message from something that is no telephone number")
            return None
        return Reply(
            from_=from_, text=_text(path.read_bytes()), at=now, id=hashlib.sha256(path.name.encode()).hexdigest()[:24]
        )


def _backup(to: str, parts: list[bytes]) -> str:
    """Return short messages in Gammu's backup format, lines ended by CR LF as it writes them itself."""
    lines = []
    for number, part in enumerate(parts):
        header, body = (part[:7], part[7:]) if len(parts) > 1 else (b"", part)
        text = body.hex().upper()
        lines += [
            f"[SMSBackup{number:03d}]",
            "PDU = Submit",
            "State = UnSent",
            f'Number = "{to}"',
            *([f"UDH = {header.hex().upper()}"] if header else []),
            *(f"Text{at // 200:02d} = {text[at : at + 200]}" for at in range(0, len(text), 200)),
            "Coding = Unicode_No_Compression",
            "Folder = 2",
            f"Length = {len(body) // 2}",
            "Class = -1",
            "",
        ]
    return "\r\n".join(lines)


def _receipt(path: Path, status: Literal["delivered", "failed"], reason: str, now: int) -> Receipt | None:
    """Return what a moved file says about its notice; None for a file that is not ours."""
    name = _OURS.fullmatch(path.name)
    if name is None:
        return None
    id_ = name[1]
    notice = base64.b32decode(id_ + "=" * (-len(id_) % 8)).decode()
    return Receipt(id=id_, notice=notice, status=status, at=now, reason=reason)


def _text(octets: bytes) -> str:
    """Return the text of an inbox file: UTF-16 with a mark, else UTF-8. gammu-smsd may write zeros after it."""
    coding = _BOMS.get(octets[:2])
    text = octets[2:].decode(coding, "replace") if coding else octets.decode("utf-8", "replace")
    return text.partition("\0")[0]
