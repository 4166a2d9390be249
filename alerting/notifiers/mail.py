"""Mail over SMTP. That the server took a message is its receipt; it does not say that anybody reads it at night."""

import asyncio
import hashlib
import re
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from typing import Literal
from urllib.parse import urlsplit

from alerting.notifiers import Notice
from standpipe.model import settings
from standpipe.model.errors import ConfigError, Fault, Rejected, Retryable
from standpipe.model.settings import is_loopback

TIMEOUT = 5.0
"""Seconds for each step of the conversation."""
_ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")


class Mail:
    """One mail server and sender."""

    receipts: Literal["on_sending", "later"] = "on_sending"

    def __init__(self, config: settings.Notifier) -> None:
        """Take url, sender; username, password, recipients (who get every notice, beside the person told).

        `smtp://host:25` uses STARTTLS where the server offers it, `smtps://host:465` TLS from the start; certificates
        are verified. A password is sent over TLS only, or to this machine.
        """
        url = urlsplit(config.url)
        if url.scheme not in ("smtp", "smtps") or not url.hostname:
            raise ConfigError([Fault("settings", "url", f"expected smtp://host:port, got scheme {url.scheme!r}")])
        for key, addresses in (("sender", [config.sender]), ("recipients", config.recipients)):
            if not all(_ADDRESS.fullmatch(address) for address in addresses):
                raise ConfigError([Fault("settings", key, "is no mail address")])
        self._config = config
        self._host, self._tls = url.hostname, url.scheme == "smtps"
        self._port = url.port or (465 if self._tls else 25)

    async def send(self, notice: Notice) -> str:
        """Hand the message over; return its Message-ID, always the same for one notice: readers can drop repeats."""
        own = [notice.to] if _ADDRESS.fullmatch(notice.to) else []
        recipients = list(dict.fromkeys([*own, *self._config.recipients]))
        if not recipients:
            raise Rejected("this person has no mail address")
        message = self._message(notice, recipients)
        try:
            await asyncio.to_thread(self._deliver, message, recipients)
        except smtplib.SMTPRecipientsRefused as err:
            raise _outcome(max(code for code, _ in err.recipients.values())) from None
        except smtplib.SMTPResponseException as err:
            raise _outcome(err.smtp_code) from None
        except smtplib.SMTPNotSupportedError:
            raise Rejected("the server does not take such an address") from None
        except (smtplib.SMTPException, OSError) as err:
            raise Retryable(f"not reached: {type(err).__name__}") from None
        return str(message["Message-ID"])

    async def close(self) -> None:
        """Do nothing: each message has its own connection."""

    def _message(self, notice: Notice, recipients: list[str]) -> EmailMessage:
        domain = self._config.sender.rpartition("@")[2]
        message = EmailMessage()
        message["From"] = self._config.sender
        message["To"] = ", ".join(recipients)
        message["Subject"] = " ".join(f"{notice.title} {notice.site} {notice.zone}".split())
        message["Date"] = formatdate(notice.sent_at / 1000)
        message["Message-ID"] = f"<{hashlib.sha256(notice.id.encode()).hexdigest()[:32]}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["Importance"] = "high"
        message.set_content(notice.text)
        return message

    def _deliver(self, message: EmailMessage, recipients: list[str]) -> None:
        config, context = self._config, ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT, context=context)
            if self._tls
            else smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        ) as server:
            server.ehlo()
            encrypted = self._tls
            if not encrypted and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
                encrypted = True
            if config.username:
                if not encrypted and not is_loopback(self._host):
                    raise Rejected("the server offers no TLS: the password is not sent in the clear")
                server.login(config.username, config.password)
            refused = server.send_message(message, to_addrs=recipients)
            if recipients[0] in refused:
                raise smtplib.SMTPRecipientsRefused(refused)


def _outcome(code: int) -> Exception:
    """Return Retryable for SMTP codes that may pass (4xx), Rejected for others."""
    reason = f"answered {code}"
    return Retryable(reason) if 400 <= code < 500 else Rejected(reason)
