"""The mail notifier against aiosmtpd, a real SMTP server."""

import shutil
import subprocess
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from alerting.notifiers.mail import Mail
from standpipe.model.errors import ConfigError, Rejected, Retryable
from standpipe.model.settings import Notifier


class Mailbox:
    """What the server took, and how it answers."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.recipient_answer = {"": "250 OK"}
        self.data_answer = "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.recipient_answer.get(address, self.recipient_answer[""])
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        self.envelopes.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return self.data_answer

    def message(self) -> EmailMessage:
        """Return the only message."""
        (envelope,) = self.envelopes
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=data == LoginPassword(b"fire", b"secret"), handled=False)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox, port: int) -> Iterator[Controller]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SSLContext:
    """Return a server context for 127.0.0.1, whose certificate the client trusts."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, crt = tmp_path / "key.pem", tmp_path / "crt.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mail"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(crt)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(crt))
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)
    return context


def settings(port: int, **changes: Any) -> Notifier:
    values = {"kind": "mail", "url": f"smtp://127.0.0.1:{port}", "sender": "fire@station.example"}
    return Notifier(**{**values, **changes})


async def test_a_notice_is_a_message_to_the_person(
    server: Controller, mailbox: Mailbox, port: int, notice: Any
) -> None:
    id_ = await Mail(settings(port)).send(notice(to="wang@station.example"))
    message = mailbox.message()
    assert (message["From"], message["To"]) == ("fire@station.example", "wang@station.example")
    assert message["Subject"] == "火警 西仓库 二区"
    assert message.get_content().strip() == notice().text
    assert message["Message-ID"] == id_


async def test_a_notice_sent_again_has_the_same_message_id(
    server: Controller, mailbox: Mailbox, port: int, notice: Any
) -> None:
    mail = Mail(settings(port, recipients=["desk@station.example"]))
    assert await mail.send(notice()) == await mail.send(notice(sent_at=1))
    assert await mail.send(notice(id="other")) != await mail.send(notice())


async def test_recipients_of_the_settings_get_it_too(
    server: Controller, mailbox: Mailbox, port: int, notice: Any
) -> None:
    mail = Mail(settings(port, recipients=["desk@station.example", "wang@station.example"]))
    await mail.send(notice(to="wang@station.example"))
    assert mailbox.envelopes[0].rcpt_tos == ["wang@station.example", "desk@station.example"]


@pytest.mark.parametrize("to", ["", "+8613900001111", "a@b\r\nBcc: c@d", "a b@c"])
async def test_a_person_without_a_mail_address_is_rejected(port: int, notice: Any, to: str) -> None:
    with pytest.raises(Rejected, match="no mail address"):
        await Mail(settings(port)).send(notice(to=to))


async def test_line_breaks_from_a_site_name_make_no_headers(
    server: Controller, mailbox: Mailbox, port: int, notice: Any
) -> None:
    await Mail(settings(port)).send(notice(to="wang@station.example", site="x\r\nBcc: all@station.example"))
    assert mailbox.envelopes[0].rcpt_tos == ["wang@station.example"]
    assert "Bcc" not in mailbox.message()


@pytest.mark.parametrize(
    ("answer", "error"), [("451 try later", Retryable), ("550 no such user", Rejected), ("421 busy", Retryable)]
)
async def test_a_refused_recipient_is_final_or_passes(
    server: Controller, mailbox: Mailbox, port: int, notice: Any, answer: str, error: type[Exception]
) -> None:
    mailbox.recipient_answer = {"": answer}
    with pytest.raises(error, match=f"answered {answer[:3]}"):
        await Mail(settings(port)).send(notice(to="wang@station.example"))


async def test_the_person_refused_beside_a_recipient_taken_is_a_failure(
    server: Controller, mailbox: Mailbox, port: int, notice: Any
) -> None:
    mailbox.recipient_answer["wang@station.example"] = "550 no such user"
    with pytest.raises(Rejected):
        await Mail(settings(port, recipients=["desk@station.example"])).send(notice(to="wang@station.example"))
    assert mailbox.envelopes[0].rcpt_tos == ["desk@station.example"]


@pytest.mark.parametrize(("answer", "error"), [("452 disk full", Retryable), ("554 spam", Rejected)])
async def test_a_refused_message_is_final_or_passes(
    server: Controller, mailbox: Mailbox, port: int, notice: Any, answer: str, error: type[Exception]
) -> None:
    mailbox.data_answer = answer
    with pytest.raises(error, match=f"answered {answer[:3]}"):
        await Mail(settings(port)).send(notice(to="wang@station.example"))


async def test_no_server_is_retryable(port: int, notice: Any) -> None:
    with pytest.raises(Retryable, match="not reached: ConnectionRefusedError"):
        await Mail(settings(port)).send(notice(to="wang@station.example"))


async def test_starttls_is_used_where_offered_and_the_password_taken(
    mailbox: Mailbox, port: int, notice: Any, certificate: SSLContext
) -> None:
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        tls_context=certificate,
        require_starttls=True,
        authenticator=authenticate,
        auth_required=True,
    )
    controller.start()
    try:
        await Mail(settings(port, username="fire", password="secret")).send(notice(to="wang@station.example"))
        with pytest.raises(Rejected, match="answered 535"):
            await Mail(settings(port, username="fire", password="guess")).send(notice(to="wang@station.example"))
    finally:
        controller.stop()
    assert mailbox.encrypted == [True]


async def test_smtps_is_encrypted_from_the_start(
    mailbox: Mailbox, port: int, notice: Any, certificate: SSLContext
) -> None:
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, ssl_context=certificate)
    controller.start()
    try:
        await Mail(settings(port, url=f"smtps://127.0.0.1:{port}")).send(notice(to="wang@station.example"))
    finally:
        controller.stop()
    assert mailbox.message()["To"] == "wang@station.example"


async def test_a_certificate_that_is_not_trusted_is_not_used(
    mailbox: Mailbox, port: int, notice: Any, certificate: SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, tls_context=certificate)
    controller.start()
    try:
        with pytest.raises(Retryable, match="SSLCertVerificationError"):
            await Mail(settings(port)).send(notice(to="wang@station.example"))
    finally:
        controller.stop()
    assert mailbox.envelopes == []


async def test_a_password_is_not_sent_in_the_clear(
    server: Controller, mailbox: Mailbox, port: int, notice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerting.notifiers.mail.is_loopback", lambda host: False)
    with pytest.raises(Rejected, match="not sent in the clear"):
        await Mail(settings(port, username="fire", password="secret")).send(notice(to="wang@station.example"))
    assert mailbox.envelopes == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"url": "http://h"}, "url: expected smtp://host:port"),
        ({"sender": "station"}, "sender: is no mail address"),
        ({"recipients": ["desk"]}, "recipients: is no mail address"),
    ],
)
def test_settings_that_cannot_work_are_faults(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        Mail(settings(1, **changes))
