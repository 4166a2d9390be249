import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.notifiers.smpp_awaited import Awaited
from alerting.notifiers.smpp_receipt import read_receipt
from alerting.notifiers.sms_parts import text_of, ucs2_parts

RECEIPT = "id:4F2A sub:001 dlvrd:{n} submit date:2611221200 done date:2611221201 stat:{stat} err:{err} text:"


def together(parts: list[bytes]) -> str:
    return b"".join(part[7:] if len(parts) > 1 else part for part in parts).decode("utf-16-be")


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("", [0]),
        ("火" * 70, [140]),
        ("火" * 71, [139, 17]),
        ("火" * 132, [139, 139]),
        ("火" * 133, [139, 139, 9]),
        ("🔥" * 35, [140]),
        ("火" * 65 + "🔥" * 5, [137, 27]),
    ],
)
def test_a_message_is_one_part_of_70_or_several_of_66(text: str, lengths: list[int]) -> None:
    assert [len(part) for part in ucs2_parts(text, "k")] == lengths


def test_parts_carry_one_reference_their_count_and_their_number() -> None:
    parts = ucs2_parts("火" * 140, "inc-7/0/wang")
    assert [part[:3] + part[5:7] for part in parts] == [bytes((6, 8, 4, 3, number)) for number in (1, 2, 3)]
    assert {part[3:5] for part in parts} == {ucs2_parts("x" * 71, "inc-7/0/wang")[0][3:5]}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400), st.text(max_size=20))
def test_no_text_is_changed_by_its_parts(text: str, key: str) -> None:
    parts = ucs2_parts(text, key)
    assert together(parts) == text
    assert all(len(part) <= 140 for part in parts)


@pytest.mark.parametrize(
    ("octets", "coding", "header", "text"),
    [
        ("1".encode("utf-16-be"), 8, False, "1"),
        ("真火".encode("utf-16-be"), 8, False, "真火"),
        (bytes((5, 0, 3, 1, 2, 1)) + "真火".encode("utf-16-be"), 8, True, "真火"),
        (b"1", 0, False, "1"),
        (b"\x00", 0, False, "@"),
        (b"ack", 1, False, "ack"),
        ("é".encode("latin-1"), 3, False, "é"),
        (b"\xff", 0, False, "ÿ"),
        (b"", 8, True, ""),
        (b"\xff", 0, True, ""),
        (b"\xd8", 8, False, "�"),
    ],
)
def test_received_octets_become_text(octets: bytes, coding: int, header: bool, text: str) -> None:
    assert text_of(octets, coding, header=header) == text


@pytest.mark.parametrize(
    ("text", "id_", "state", "expected"),
    [
        (RECEIPT.format(n="001", stat="DELIVRD", err="000"), None, None, ("4F2A", "delivered", "")),
        (RECEIPT.format(n="000", stat="UNDELIV", err="0DB"), None, None, ("4F2A", "failed", "UNDELIV err 0DB")),
        (RECEIPT.format(n="000", stat="EXPIRED", err="027"), None, None, ("4F2A", "failed", "EXPIRED err 027")),
        (RECEIPT.format(n="000", stat="REJECTD", err="001"), None, None, ("4F2A", "failed", "REJECTD err 001")),
        (RECEIPT.format(n="000", stat="ENROUTE", err="000"), None, None, None),
        (RECEIPT.format(n="000", stat="ACCEPTD", err="000"), None, None, None),
        (RECEIPT.format(n="000", stat="UNKNOWN", err="000"), None, None, None),
        ("ID:77 STAT:delivrd", None, None, ("77", "delivered", "")),
        ("", "88", 2, ("88", "delivered", "")),
        ("", "88", 5, ("88", "failed", "UNDELIV")),
        ("", "88", 1, None),
        ("id:77 stat:ENROUTE", "88", 2, ("88", "delivered", "")),
        ("stat:DELIVRD", None, None, None),
        ("hello", None, None, None),
        ("", None, 2, None),
    ],
)
def test_a_receipt_is_read_when_it_is_final(
    text: str, id_: str | None, state: int | None, expected: tuple[str, str, str] | None
) -> None:
    assert read_receipt(text, id_, state) == expected


def test_a_message_is_delivered_when_all_its_parts_are() -> None:
    awaited = Awaited()
    assert awaited.sent(["a", "b"], notice="n", to="+8613900001111", at=1) == ("a+b", None)
    assert awaited.told("b", "delivered", reason="", number="", at=2) is None
    receipt = awaited.told("a", "delivered", reason="", number="", at=3)
    assert receipt is not None
    assert (receipt.id, receipt.notice, receipt.status, receipt.at) == ("a+b", "n", "delivered", 3)


def test_a_message_has_failed_when_one_part_has() -> None:
    awaited = Awaited()
    awaited.sent(["a", "b"], notice="n", to="+8613900001111", at=1)
    receipt = awaited.told("b", "failed", reason="EXPIRED", number="", at=2)
    assert receipt is not None
    assert (receipt.id, receipt.status, receipt.reason) == ("a+b", "failed", "EXPIRED")


def test_a_receipt_that_overtakes_its_answer_is_kept() -> None:
    awaited = Awaited()
    awaited.told("a", "delivered", reason="", number="8613900001111", at=1)
    _, receipt = awaited.sent(["a"], notice="n", to="+8613900001111", at=2)
    assert receipt is not None
    assert (receipt.notice, receipt.status) == ("n", "delivered")


@pytest.mark.parametrize(("submitted", "reported"), [("4F2A", "20266"), ("20266", "4f2a"), ("20266", "0000020266")])
def test_an_id_spelled_otherwise_is_known_by_its_number(submitted: str, reported: str) -> None:
    awaited = Awaited()
    awaited.sent([submitted], notice="n", to="+8613900001111", at=1)
    receipt = awaited.told(reported, "delivered", reason="", number="13900001111", at=2)
    assert receipt is not None
    assert receipt.notice == "n"


def test_an_id_spelled_otherwise_is_not_believed_about_another_number() -> None:
    awaited = Awaited()
    awaited.sent(["16"], notice="n", to="+8613900001111", at=1)
    receipt = awaited.told("10", "delivered", reason="", number="13900002222", at=2)
    assert receipt is not None
    assert (receipt.id, receipt.notice) == ("10", "")


def test_what_is_remembered_is_bounded() -> None:
    awaited = Awaited(parts=10, early=10)
    for number in range(1000):
        awaited.sent([f"x{number}"], notice=f"n{number}", to="+8613900001111", at=0)
        awaited.told(f"y{number}", "delivered", reason="", number="", at=0)
    forgotten = awaited.told("x0", "delivered", reason="", number="", at=0)
    kept = awaited.told("x999", "delivered", reason="", number="", at=0)
    assert forgotten is not None
    assert kept is not None
    assert (forgotten.notice, kept.notice) == ("", "n999")
