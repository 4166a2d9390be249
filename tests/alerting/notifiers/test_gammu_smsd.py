"""The modem notifier: its files, and the real gammu-smsd with its dummy phone."""

import asyncio
import os
import re
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alerting.notifiers.gammu_smsd import STALE, GammuSmsd
from alerting.notifiers.listening import Receipt, Reply
from standpipe.model.errors import ConfigError, Rejected, Retryable
from standpipe.model.settings import Notifier

SMSDRC = """
[gammu]
model = dummy
connection = none
port = {root}/phone
[smsd]
service = files
logfile = {root}/log
debuglevel = 255
outboxpath = {root}/outbox/
sentsmspath = {root}/sent/
errorsmspath = {root}/error/
inboxpath = {root}/inbox/
inboxformat = {format}
commtimeout = 1
receivefrequency = 1
loopsleep = 1
checksecurity = 0
"""
INCOMING = """
[SMSBackup000]
PDU = Deliver
DateTime = 20261122T163530Z
State = UnRead
Number = "+8613900001111"
Text00 = {text}
Coding = Unicode_No_Compression
Folder = 1
Length = {length}
Class = -1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("outbox", "sent", "error", "inbox", "phone/sms/1"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def modem(folder: Path) -> GammuSmsd:
    return GammuSmsd(Notifier(kind="gammu_smsd", folder=str(folder)))


@pytest.fixture(params=["standard", "unicode"])
async def smsd(folder: Path, request: pytest.FixtureRequest) -> AsyncIterator[Path]:
    """A running gammu-smsd; the folder it works in."""
    binary = shutil.which("gammu-smsd")
    if binary is None:
        pytest.skip("gammu-smsd is not installed")
    (folder / "smsdrc").write_text(SMSDRC.format(root=folder, format=request.param))
    process = await asyncio.create_subprocess_exec(
        binary, "-c", str(folder / "smsdrc"), stderr=asyncio.subprocess.DEVNULL
    )
    yield folder
    process.terminate()
    await process.wait()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.integration
async def test_gammu_smsd_sends_a_notice_and_its_move_is_the_receipt(
    smsd: Path, modem: GammuSmsd, notice: Any, ear: Any
) -> None:
    async with ear.on(modem):
        id_ = await modem.send(notice())
        (receipt,) = await ear.wait(1, seconds=20)
    log = (smsd / "log").read_text()
    assert (receipt.id, receipt.notice, receipt.status) == (id_, notice().id, "delivered")
    assert f'to "+8613900001111" with text "{notice().text}" cod 1' in log
    assert f"Unicode SMS, length {len(notice().text)}" in log
    assert files(smsd / "outbox") == []


@pytest.mark.integration
async def test_gammu_smsd_sends_a_long_message_in_parts(smsd: Path, modem: GammuSmsd, notice: Any, ear: Any) -> None:
    async with ear.on(modem):
        await modem.send(notice(text="【火警】西仓库二区感烟探测器" * 12))
        await ear.wait(1, seconds=20)
    log = (smsd / "log").read_text()
    assert re.findall(r"Unicode SMS, length (\d+)", log) == ["66", "66", "36"]
    assert log.count("SMS sent on device") == 3


@pytest.mark.integration
@pytest.mark.parametrize("text", ["1", "真火", "误报"])
async def test_a_reply_that_gammu_smsd_received_is_heard(smsd: Path, modem: GammuSmsd, ear: Any, text: str) -> None:
    message = INCOMING.format(text=text.encode("utf-16-be").hex().upper(), length=len(text))
    (smsd / "phone/sms/1/1").write_text(message)
    async with ear.on(modem):
        (reply,) = await ear.wait(1, seconds=20)
    assert isinstance(reply, Reply)
    assert (reply.from_, reply.text) == ("+8613900001111", text)


async def test_a_notice_is_one_file_however_often_it_is_sent(folder: Path, modem: GammuSmsd, notice: Any) -> None:
    assert await modem.send(notice()) == await modem.send(notice(sent_at=1))
    (name,) = files(folder / "outbox")
    (folder / "outbox" / name).rename(folder / "sent" / name)
    await modem.send(notice())
    assert files(folder / "outbox") == []


async def test_a_notice_is_written_with_its_coding_and_first_priority(
    folder: Path, modem: GammuSmsd, notice: Any
) -> None:
    await modem.send(notice(text="火🔥"))
    (name,) = files(folder / "outbox")
    assert re.fullmatch(r"OUTA\d{8}_\d{6}_00_\+8613900001111_sp[A-Z2-7]+\.smsbackup", name)
    text = (folder / "outbox" / name).read_text()
    assert 'Number = "+8613900001111"\nText00 = 706BD83DDD25\nCoding = Unicode_No_Compression\n' in text


async def test_a_message_in_the_error_folder_has_failed(folder: Path, modem: GammuSmsd, notice: Any, ear: Any) -> None:
    await modem.send(notice())
    (name,) = files(folder / "outbox")
    (folder / "outbox" / name).rename(folder / "error" / name)
    async with ear.on(modem):
        (receipt,) = await ear.wait(1)
    assert (receipt.notice, receipt.status) == (notice().id, "failed")


async def test_a_message_that_no_modem_takes_is_withdrawn(
    folder: Path, modem: GammuSmsd, notice: Any, ear: Any
) -> None:
    await modem.send(notice())
    (name,) = files(folder / "outbox")
    late = time.time() - STALE - 1
    os.utime(folder / "outbox" / name, (late, late))
    async with ear.on(modem):
        (receipt,) = await ear.wait(1)
    assert (receipt.status, files(folder / "outbox")) == ("failed", [])


async def test_a_file_is_removed_only_after_it_was_heard(folder: Path, modem: GammuSmsd, notice: Any) -> None:
    await modem.send(notice())
    (name,) = files(folder / "outbox")
    (folder / "outbox" / name).rename(folder / "sent" / name)

    async def fails(heard: object) -> None:
        raise RuntimeError("records are down")

    with pytest.raises(RuntimeError):
        await modem.listen(fails)
    assert files(folder / "sent") == [name]


async def test_what_could_not_be_kept_is_handed_over_again(folder: Path, modem: GammuSmsd, ear: Any) -> None:
    (folder / "inbox" / "IN20261122_163531_00_+8613900001111_00.txt").write_text("1")
    failures = iter([Retryable("records are down"), None])

    async def hear(heard: Any) -> None:
        if failure := next(failures):
            raise failure
        await ear.hear(heard)

    listening = asyncio.create_task(modem.listen(hear))
    (reply,) = await ear.wait(1)
    listening.cancel()
    assert (reply.text, "13900001111" in reply.id) == ("1", False)


@pytest.mark.parametrize(
    ("name", "octets", "expected"),
    [
        ("IN20261122_163530_00_+8613900001111_00.txt", "真火".encode(), "真火"),
        ("IN20261122_163530_00_13900001111_00.txt", b"\xfe\xff" + "真火".encode("utf-16-be"), "真火"),
        ("IN20261122_163530_00_008613900001111_00.txt", "真火".encode("utf-16"), "真火"),
        ("IN20261122_163530_00_+8613900001111_00.txt", b"\xff", "�"),
        ("IN20261122_163530_00_+8613900001111_00.txt", b"", ""),
    ],
)
async def test_an_inbox_file_is_read_in_any_of_its_codings(
    folder: Path, modem: GammuSmsd, ear: Any, name: str, octets: bytes, expected: str
) -> None:
    (folder / "inbox" / name).write_bytes(octets)
    async with ear.on(modem):
        (reply,) = await ear.wait(1)
    assert (reply.from_, reply.text) == ("+8613900001111", expected)


async def test_what_is_not_ours_is_left_alone(folder: Path, modem: GammuSmsd, notice: Any, ear: Any) -> None:
    (folder / "sent" / "OUTC20261122_120000_00_+8613900002222_sms0.txt").write_text("other")
    (folder / "inbox" / "readme").write_text("other")
    (folder / "inbox" / "IN20261122_163530_00_CMCC_00.txt").write_text("your balance is low")
    (folder / "inbox" / "IN20261122_163531_00_+8613900001111_00.txt").write_text("1")
    async with ear.on(modem):
        (heard,) = await ear.wait(1)
    assert heard.text == "1"
    assert files(folder / "sent") == ["OUTC20261122_120000_00_+8613900002222_sms0.txt"]
    assert "readme" in files(folder / "inbox")


async def test_no_number_is_rejected_and_no_outbox_is_retryable(folder: Path, modem: GammuSmsd, notice: Any) -> None:
    with pytest.raises(Rejected):
        await modem.send(notice(to=""))
    shutil.rmtree(folder / "outbox")
    with pytest.raises(Retryable, match="outbox cannot be written"):
        await modem.send(notice())


def test_missing_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "sent").mkdir()
    with pytest.raises(ConfigError, match="has no folder outbox, error, inbox"):
        GammuSmsd(Notifier(kind="gammu_smsd", folder=str(tmp_path)))


async def test_listening_survives_folders_that_go_away_and_come_back(
    folder: Path, modem: GammuSmsd, ear: Any, caplog: pytest.LogCaptureFixture, eventually: Any
) -> None:
    shutil.rmtree(folder / "inbox")
    async with ear.on(modem):
        await eventually(lambda: "cannot be read" in caplog.text)
        (folder / "inbox").mkdir()
        (folder / "inbox" / "IN20261122_163531_00_+8613900001111_00.txt").write_text("1")
        (heard,) = await ear.wait(1)
    assert not isinstance(heard, Receipt)
    assert "13900001111" not in caplog.text
