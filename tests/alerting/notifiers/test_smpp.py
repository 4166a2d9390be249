"""The SMPP notifier against two independent message centres: smpp34's server, and one whose PDUs smpplib codes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import smpp34
import smpplib.consts as status_of
from smpplib import smpp as coding

from alerting.notifiers.listening import Receipt, Reply
from alerting.notifiers.smpp import Smpp
from standpipe.model.errors import ConfigError, Rejected, Retryable
from standpipe.model.settings import Notifier

make_pdu: Callable[..., Any] = coding.make_pdu
parse_pdu: Callable[..., Any] = coding.parse_pdu
LONG = "【火警】西仓库二区感烟探测器0042号报警，" * 8


class Sequence:
    """What smpplib wants of a client: sequence numbers."""

    sequence = 0

    def next_sequence(self) -> int:
        self.sequence += 1
        return self.sequence


class Centre:
    """A message centre in smpplib's coding. What it does with submits is the test's to say."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.submits: list[Any] = []
        self.commands: list[str] = []
        self.binds = 0
        self.refuse = [0]
        self.password = b"secret"
        self.mute = False
        self.report: Callable[[int], str] = lambda number: f"m{number}"
        self.state: bytes | None = b"DELIVRD"
        self._writers: list[asyncio.StreamWriter] = []
        self._sequence = Sequence()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Break every link without a word."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def say(self, text: bytes, *, source: str = "13900001111", **fields: Any) -> None:
        """Send a deliver_sm on the newest link."""
        pdu = make_pdu(
            "deliver_sm",
            client=self._sequence,
            source_addr=source,
            destination_addr="1069",
            short_message=text,
            **fields,
        )
        self._writers[-1].write(pdu.generate())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(4)
                data = head + await reader.readexactly(int.from_bytes(head) - 4)
                self._answer(parse_pdu(data, client=self._sequence), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, pdu: Any, writer: asyncio.StreamWriter) -> None:
        self.commands.append(pdu.command)
        if pdu.command == "bind_transceiver":
            self._bind(pdu, writer)
        elif pdu.command == "submit_sm" and not self.mute:
            self._submit(pdu, writer)
        elif pdu.command in ("enquire_link", "unbind") and not self.mute:
            self._reply(writer, f"{pdu.command}_resp", pdu.sequence)

    def _bind(self, pdu: Any, writer: asyncio.StreamWriter) -> None:
        self.binds += 1
        right = pdu.password == self.password
        status = status_of.SMPP_ESME_ROK if right else status_of.SMPP_ESME_RINVPASWD
        self._reply(writer, "bind_transceiver_resp", pdu.sequence, status=status, system_id="centre")
        if right:
            self._writers.append(writer)

    def _submit(self, pdu: Any, writer: asyncio.StreamWriter) -> None:
        self.submits.append(pdu)
        number = len(self.submits)
        status = self.refuse[min(number, len(self.refuse)) - 1]
        self._reply(writer, "submit_sm_resp", pdu.sequence, status=status, message_id=f"m{number}")
        if not status and self.state:
            text = (
                f"id:{self.report(number)} sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:".encode()
            )
            self.say(text + self.state + b" err:000 text:", source=pdu.destination_addr.decode(), esm_class=4)

    def _reply(
        self, writer: asyncio.StreamWriter, command: str, sequence: int, *, status: int = 0, **fields: Any
    ) -> None:
        pdu = make_pdu(command, client=self._sequence, status=status, **fields)
        pdu.sequence = sequence
        writer.write(pdu.generate())


@pytest.fixture
async def centre(port: int) -> AsyncIterator[Centre]:
    centre = Centre(port)
    await centre.start()
    yield centre
    await centre.stop()


def settings(port: int, **changes: Any) -> Notifier:
    values = {"kind": "smpp", "url": f"smpp://127.0.0.1:{port}", "username": "fire", "password": "secret"}
    return Notifier(**{**values, "sender": "1069", **changes})


@pytest.fixture
async def smpp(port: int) -> AsyncIterator[Smpp]:
    smpp = Smpp(settings(port))
    yield smpp
    await smpp.close()


async def test_a_chinese_message_reaches_the_centre_and_its_receipt_comes_back(
    centre: Centre, smpp: Smpp, notice: Any, ear: Any
) -> None:
    async with ear.on(smpp):
        id_ = await smpp.send(notice())
        (receipt,) = await wait_for_notice(ear)
    (pdu,) = centre.submits
    assert id_ == "m1"
    assert pdu.short_message.decode("utf-16-be") == notice().text
    assert (pdu.destination_addr, pdu.source_addr) == (b"8613900001111", b"1069")
    assert (pdu.data_coding, pdu.registered_delivery, pdu.esm_class) == (8, 1, 0)
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi) == (1, 1)
    assert (receipt.id, receipt.status, receipt.notice) == ("m1", "delivered", notice().id)


async def test_a_long_message_is_sent_in_parts_and_is_delivered_when_all_are(
    centre: Centre, smpp: Smpp, notice: Any, ear: Any
) -> None:
    async with ear.on(smpp):
        id_ = await smpp.send(notice(text=LONG))
        placed = await wait_for_notice(ear)
    assert id_ == "m1+m2+m3"
    assert [pdu.short_message[:3] + pdu.short_message[5:7] for pdu in centre.submits] == [
        bytes((6, 8, 4, 3, number)) for number in (1, 2, 3)
    ]
    assert b"".join(pdu.short_message[7:] for pdu in centre.submits).decode("utf-16-be") == LONG
    assert {pdu.esm_class for pdu in centre.submits} == {0x40}
    assert [receipt.id for receipt in placed] == ["m1+m2+m3"]


async def wait_for_notice(ear: Any) -> list[Receipt]:
    """Return the receipts that name their notice, once there is one."""
    count = 1
    while not (placed := [heard for heard in await ear.wait(count) if heard.notice]):
        count = len(ear.heard) + 1
    return placed


async def test_a_failed_receipt_says_why(centre: Centre, smpp: Smpp, notice: Any, ear: Any) -> None:
    centre.state = b"UNDELIV"
    async with ear.on(smpp):
        await smpp.send(notice())
        (receipt,) = await wait_for_notice(ear)
    assert (receipt.status, receipt.reason) == ("failed", "UNDELIV err 000")


async def test_a_state_on_the_way_is_no_receipt(centre: Centre, smpp: Smpp, notice: Any, ear: Any) -> None:
    centre.state = b"ENROUTE"
    async with ear.on(smpp):
        await smpp.send(notice())
        centre.say("1".encode("utf-16-be"), data_coding=8)
        (heard,) = await ear.wait(1)
    assert isinstance(heard, Reply)


@pytest.mark.parametrize(
    ("octets", "fields", "text"),
    [
        ("真火".encode("utf-16-be"), {"data_coding": 8}, "真火"),
        (b"1", {"data_coding": 0}, "1"),
        (bytes((5, 0, 3, 9, 2, 1)) + "误报".encode("utf-16-be"), {"data_coding": 8, "esm_class": 0x40}, "误报"),
        (b"", {"data_coding": 8, "message_payload": "故障".encode("utf-16-be")}, "故障"),
    ],
)
async def test_a_reply_is_heard_with_its_number_in_one_form(
    centre: Centre, smpp: Smpp, ear: Any, eventually: Any, octets: bytes, fields: dict[str, Any], text: str
) -> None:
    async with ear.on(smpp):
        await eventually(lambda: centre.binds == 1)
        centre.say(octets, **fields)
        (reply,) = await ear.wait(1)
    assert (reply.from_, reply.text) == ("+8613900001111", text)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (status_of.SMPP_ESME_RINVDSTADR, Rejected),
        (status_of.SMPP_ESME_RINVSRCADR, Rejected),
        (status_of.SMPP_ESME_RMSGQFUL, Retryable),
        (status_of.SMPP_ESME_RTHROTTLED, Retryable),
        (status_of.SMPP_ESME_RSYSERR, Retryable),
    ],
)
async def test_a_refusal_is_final_or_passes(
    centre: Centre, smpp: Smpp, notice: Any, status: int, error: type[Exception]
) -> None:
    centre.refuse = [status]
    with pytest.raises(error, match=f"0x{status:08X}"):
        await smpp.send(notice())


async def test_parts_after_a_refused_one_are_not_sent(centre: Centre, smpp: Smpp, notice: Any) -> None:
    centre.refuse = [0, status_of.SMPP_ESME_RMSGQFUL]
    with pytest.raises(Retryable):
        await smpp.send(notice(text=LONG))
    assert len(centre.submits) == 2


async def test_a_message_sent_again_has_the_same_reference(centre: Centre, smpp: Smpp, notice: Any) -> None:
    await smpp.send(notice(text=LONG))
    await smpp.send(notice(text=LONG))
    assert len({pdu.short_message[3:5] for pdu in centre.submits}) == 1


async def test_no_centre_is_retryable_at_once(smpp: Smpp, notice: Any) -> None:
    async with asyncio.timeout(2):
        with pytest.raises(Retryable, match="not bound"):
            await smpp.send(notice())


async def test_a_wrong_password_is_retryable_and_not_shown(port: int, centre: Centre, notice: Any) -> None:
    smpp = Smpp(settings(port, password="guess"))
    with pytest.raises(Retryable, match="refused username or password") as caught:
        await smpp.send(notice())
    assert "guess" not in str(caught.value)
    assert centre.submits == []


async def test_one_attempt_to_bind_serves_all_who_wait(centre: Centre, smpp: Smpp, notice: Any) -> None:
    await asyncio.gather(*(smpp.send(notice(id=f"n{number}")) for number in range(20)))
    assert (centre.binds, len(centre.submits)) == (1, 20)


async def test_a_cut_link_is_bound_again_and_hears_again(
    centre: Centre, smpp: Smpp, notice: Any, ear: Any, eventually: Any
) -> None:
    async with ear.on(smpp):
        await eventually(lambda: centre.binds == 1)
        centre.cut()
        await eventually(lambda: centre.binds == 2)
        await smpp.send(notice())
        (receipt,) = await wait_for_notice(ear)
    assert receipt.status == "delivered"


async def test_a_centre_that_comes_back_is_bound_again(
    port: int, centre: Centre, smpp: Smpp, notice: Any, ear: Any, eventually: Any
) -> None:
    async with ear.on(smpp):
        await eventually(lambda: centre.binds == 1)
        await centre.stop()
        with pytest.raises(Retryable):
            await smpp.send(notice())
        await centre.start()
        await eventually(lambda: centre.binds == 2)
        assert await smpp.send(notice()) == "m1"


async def test_a_centre_that_falls_silent_is_left_and_bound_again(
    centre: Centre, smpp: Smpp, notice: Any, ear: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerting.notifiers.smpp.TIMEOUT", 0.3)
    async with ear.on(smpp):
        await eventually(lambda: centre.binds == 1)
        centre.mute = True
        with pytest.raises(Retryable, match="did not answer in time"):
            await smpp.send(notice())
        centre.mute = False
        await eventually(lambda: centre.binds == 2)
        await smpp.send(notice())
        assert [receipt.status for receipt in await wait_for_notice(ear)] == ["delivered"]


async def test_a_centre_killed_between_submit_and_answer_is_retryable(
    centre: Centre, smpp: Smpp, notice: Any, eventually: Any
) -> None:
    centre.mute = True
    sending = asyncio.create_task(smpp.send(notice()))
    await eventually(lambda: "submit_sm" in centre.commands)
    centre.cut()
    with pytest.raises(Retryable, match="submitting failed"):
        await sending


async def test_a_receipt_that_could_not_be_kept_does_not_send_the_message_again(
    centre: Centre, smpp: Smpp, notice: Any, eventually: Any
) -> None:
    heard: list[Any] = []

    async def hear(one: Any) -> None:
        heard.append(one)
        raise Retryable("records are down")

    listening = asyncio.create_task(smpp.listen(hear))
    assert await smpp.send(notice()) == "m1"
    await eventually(lambda: any(one.notice for one in heard))
    assert not listening.done()
    listening.cancel()
    assert (centre.binds, len(centre.submits)) == (1, 1)


async def test_no_telephone_number_is_logged(
    centre: Centre, smpp: Smpp, notice: Any, ear: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with ear.on(smpp):
        await smpp.send(notice())
        centre.say(b"1", source="not-a-number-13900001111")
        centre.say(b"1")
        await ear.wait(2)
        centre.cut()
    assert "13900001111" not in caplog.text


@pytest.mark.parametrize("url", ["http://h:2775", "smpp://", "h:2775"])
def test_an_address_that_is_none_is_a_fault(url: str) -> None:
    with pytest.raises(ConfigError, match="expected smpp://host:port"):
        Smpp(settings(1, url=url))


@pytest.mark.parametrize("sender", ["西街消防站", "1" * 21])
def test_a_sender_that_no_centre_takes_is_a_fault(sender: str) -> None:
    with pytest.raises(ConfigError, match="sender: is longer than 20"):
        Smpp(settings(1, sender=sender))


async def test_smpp34s_own_server_takes_messages_and_is_heard(port: int, smpp: Smpp, notice: Any, ear: Any) -> None:
    server = smpp34.Server("127.0.0.1", port)
    await server.start()
    async with ear.on(smpp):
        link = await server.next()
        assert isinstance(link, smpp34.Esme)
        sending = asyncio.create_task(smpp.send(notice()))
        submit = await server.next()
        assert isinstance(submit, smpp34.SubmitSmEvent)
        submit.accept("4F2A")
        assert await sending == "4F2A"
        tlvs = [smpp34.Tlv(0x001E, b"4F2A\0"), smpp34.Tlv(0x0427, b"\x02")]
        await link.deliver_sm("1069", source_addr=submit.destination_addr, esm_class=4, tlvs=tlvs)
        await link.deliver_sm("1069", "收到".encode("utf-16-be"), source_addr="8613900001111", data_coding=8)
        receipt, reply = await ear.wait(2)
    await server.stop()
    assert submit.short_message.decode("utf-16-be") == notice().text
    assert (receipt.notice, receipt.status) == (notice().id, "delivered")
    assert (reply.from_, reply.text) == ("+8613900001111", "收到")
