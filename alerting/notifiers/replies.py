"""Reads what a person answered to a message. Pure; who sent it and which incident is meant is for others to say."""

import re
import unicodedata

from alerting.incidents import Event

_WORDS = {
    Event.CONFIRM: ("1", "真火", "真实火警", "火情属实", "着火了", "起火了", "real", "real fire", "fire"),
    Event.FALSE_ALARM: ("2", "误报", "误报警", "假警", "没有火", "无火", "false", "false alarm"),
    Event.FAULT: ("3", "故障", "设备故障", "fault"),
    Event.ACKNOWLEDGE: ("ack", "acknowledge", "acknowledged", "收到", "已收到", "知道了", "ok"),
}
_EVENTS = {word: event for event, words in _WORDS.items() for word in words}
_BETWEEN = re.compile(r"[\s,.;:!、。…·\"'()\[\]]+")


def read_reply(text: str) -> Event | None:
    """Return what a reply asks for; None when that is not plain.

    Full-width characters, case, spaces and punctuation do not matter. A number with its word (`1 真火`) is understood.
    Anything else, like `不是真火` or `1 2`, is nothing: a wrong guess about a fire is worse than asking again.
    """
    words = [word for word in _BETWEEN.split(unicodedata.normalize("NFKC", text).casefold()) if word]
    whole = _EVENTS.get(" ".join(words))
    if whole is not None:
        return whole
    head, rest = words[:1], " ".join(words[1:])
    pair = {_EVENTS.get(part) for part in (*head, rest)}
    return pair.pop() if len(pair) == 1 else None
