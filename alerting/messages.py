"""The words of a notice in the person's language: what, where, when, what to answer. Sends nothing.

The first segment of a Chinese SMS holds 70 characters; names are shortened, never the answer keys.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from standpipe.model.registry import Registry

SEGMENT = 70
"""UCS-2 characters of one SMS."""

_WHAT = {
    "zh": {"fire": "火警", "manual_alarm": "手动火警", "gas": "燃气报警"},
    "en": {"fire": "FIRE", "manual_alarm": "FIRE (call point)", "gas": "GAS"},
}
_STATE = {
    "zh": {
        "confirmed": "已确认",
        "false_alarm": "误报，解除",
        "fault": "故障，解除",
        "test": "测试，解除",
        "drill": "演练，解除",
    },
    "en": {
        "confirmed": "CONFIRMED",
        "false_alarm": "FALSE ALARM, stand down",
        "fault": "FAULT, stand down",
        "test": "TEST, stand down",
        "drill": "DRILL, stand down",
    },
}
_ASK = {"zh": "回1真火2误报3故障", "en": "Reply 1 real 2 false 3 fault"}
_RECORDED = {"zh": "已记录", "en": "Recorded"}
_UNCLEAR = {"zh": "未能识别回复", "en": "Not understood"}
_HANDLED = {"zh": "已接警", "en": "ACKNOWLEDGED"}
_UNANSWERED = {"zh": "无人处理", "en": "UNANSWERED"}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a message is about."""

    signal: str
    state: str
    site: str
    zone: str
    device: str
    at: int
    """When the incident opened, epoch ms."""
    purpose: str = "alarm"


class Places:
    """Names of sites, zones and devices by language."""

    def __init__(self, registry: Registry) -> None:
        """Take the registry whose names are spoken."""
        self._registry = registry
        self._parts = {
            part.id or f"{id_}/{key}": part.name
            for id_, device in registry.devices.items()
            for key, part in device.components.items()
            if part.name
        }

    def site(self, id_: str) -> dict[str, str]:
        """Return a site's names by language, its id where it has none."""
        found = self._registry.sites.get(id_)
        return dict(found.name) if found and found.name else {"zh": id_, "en": id_}

    def zone(self, id_: str) -> dict[str, str]:
        """Return a zone's names by language."""
        found = self._registry.zones.get(id_)
        return dict(found.name) if found and found.name else {"zh": id_, "en": id_}

    def device(self, id_: str) -> str:
        """Return a device's or component's name, its id where it has none."""
        device = self._registry.devices.get(id_)
        return (device.name if device else "") or self._parts.get(id_, "") or id_

    def timezone(self, site: str) -> ZoneInfo:
        """Return the wall clock's zone of a site."""
        found = self._registry.sites.get(site)
        return ZoneInfo(found.timezone if found else "Asia/Shanghai")


def compose(facts: Facts, locale: str, places: Places) -> str:
    """Return the text; for `zh` at most one segment of 70 characters."""
    language = "zh" if locale.startswith("zh") else "en"
    what = title(facts.signal)[language]
    state = _UNANSWERED[language] if facts.purpose == "reminder" else _STATE[language].get(facts.state, "")
    when = datetime.fromtimestamp(facts.at / 1000, places.timezone(facts.site)).strftime("%H:%M:%S")
    where = [pick(places.site(facts.site), language), pick(places.zone(facts.zone), language)]
    device = places.device(facts.device)
    if facts.purpose in ("answer", "unclear"):
        return _answer(facts, language, what=what, site=where[0])
    over = facts.state in ("false_alarm", "fault", "test", "drill")
    ask = "" if over or facts.purpose == "forward" else _ASK[language]
    if language == "en":
        head = f"{what} {state}".strip()
        return ". ".join(part for part in (f"{head}: {', '.join(filter(None, [*where, device]))} {when}", ask) if part)
    head, tail = f"【{what}{state}】", f" {when}"
    room = SEGMENT - len(head) - len(tail) - (len(ask) + 1 if ask else 0)
    return head + _fit([*where, device], room) + tail + (f" {ask}" if ask else "")


def _answer(facts: Facts, language: str, *, what: str, site: str) -> str:
    """Return what is said to a person who replied: how the incident stands now, or that we did not understand."""
    handled = _HANDLED[language] if facts.state == "acknowledged" else ""
    state = _STATE[language].get(facts.state, handled).split("，")[0]
    if facts.purpose == "unclear":
        head, tail = _UNCLEAR[language], _ASK[language]
    else:
        head, tail = _RECORDED[language], state
    if language == "en":
        return f"{head}: {what}, {site}. {tail}".rstrip(". ")
    return f"{head}：{what} {_fit([site], SEGMENT - len(head) - len(what) - len(tail) - 3)} {tail}".rstrip()


def title(signal: str) -> dict[str, str]:
    """Return what a signal is called by language."""
    return {language: words.get(signal, signal) for language, words in _WHAT.items()}


def pick(words: dict[str, str], language: str) -> str:
    """Return the words in a language, in any where there are none in it."""
    return words.get(language) or next(iter(words.values()), "")


def _fit(parts: list[str], room: int) -> str:
    """Join names with spaces, shortening the longest until they fit into `room` characters."""
    names = [part for part in parts if part]
    while names and len(" ".join(names)) > room:
        longest = max(range(len(names)), key=lambda index: len(names[index]))
        if len(names[longest]) <= 2:
            return " ".join(names)[: max(room, 0)]
        names[longest] = names[longest].rstrip("…")[:-1] + "…" if len(names[longest]) > 3 else names[longest][:2]
    return " ".join(names)
