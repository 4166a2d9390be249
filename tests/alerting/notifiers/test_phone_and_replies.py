import pytest

from alerting.incidents import Event
from alerting.notifiers.phone import international
from alerting.notifiers.replies import read_reply
from standpipe.model.errors import Rejected


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("13900001111", "86", "+8613900001111"),
        ("+86 139-0000-1111", "86", "+8613900001111"),
        ("008613900001111", "86", "+8613900001111"),
        ("8613900001111", "86", "+8613900001111"),
        ("１３９００００１１１１", "86", "+8613900001111"),
        ("0571-8888 0000", "86", "+8657188880000"),
        ("0171 1234567", "49", "+491711234567"),
        ("+1 (415) 555-0100", "86", "+14155550100"),
    ],
)
def test_a_number_has_one_form(written: str, country: str, expected: str) -> None:
    assert international(written, country) == expected


@pytest.mark.parametrize("written", ["", "wang", "+", "12", "+0086", "139000011112222333", "1390000x111", "٣٣٣٣٣٣٣٣٣x"])
def test_what_is_no_number_is_rejected_without_repeating_it(written: str) -> None:
    with pytest.raises(Rejected) as caught:
        international(written, "86")
    assert not written or written not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", Event.CONFIRM),
        ("１", Event.CONFIRM),
        (" 1 \r\n", Event.CONFIRM),
        ("1。", Event.CONFIRM),
        ("【1】", None),
        ("真火", Event.CONFIRM),
        ("真火！", Event.CONFIRM),
        ("1 真火", Event.CONFIRM),
        ("1,真火", Event.CONFIRM),
        ("Real fire", Event.CONFIRM),
        ("2", Event.FALSE_ALARM),
        ("２、误报", Event.FALSE_ALARM),
        ("误报", Event.FALSE_ALARM),
        ("FALSE ALARM", Event.FALSE_ALARM),
        ("3", Event.FAULT),
        ("3.故障", Event.FAULT),
        ("故障", Event.FAULT),
        ("ack", Event.ACKNOWLEDGE),
        ("ＡＣＫ", Event.ACKNOWLEDGE),
        ("收到", Event.ACKNOWLEDGE),
        ("收到。", Event.ACKNOWLEDGE),
        ("OK", Event.ACKNOWLEDGE),
        ("", None),
        ("   ", None),
        ("4", None),
        ("11", None),
        ("1 2", None),
        ("1 误报", None),
        ("2 真火", None),
        ("不是真火", None),
        ("不是误报", None),
        ("not fire", None),
        ("1 楼着火了", None),
        ("1" * 1000, None),
        ("TD", None),
    ],
)
def test_a_reply_is_read_only_when_it_is_plain(text: str, expected: Event | None) -> None:
    assert read_reply(text) is expected
