"""The kinds of notifiers by the name that settings use, and the keys each takes. Imports a kind only to make one."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

import msgspec

from alerting.notifiers import Notifier
from standpipe.model import settings
from standpipe.model.errors import ConfigError, Fault


class Kind(msgspec.Struct, frozen=True):
    """One kind: its class, and the keys of `[notifier.<name>]` it needs and takes beside kind and receipt_timeout."""

    path: str
    """`module:Class` below alerting.notifiers."""
    needs: frozenset[str]
    takes: frozenset[str] = frozenset()


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


KINDS = {
    "webhook": Kind("webhook:Webhook", _keys("url"), _keys("token signing_key")),
    "sms_http": Kind("sms_http:SmsHttp", _keys("url"), _keys("token")),
    "http_template": Kind(
        "http_template:HttpTemplate",
        _keys("url fields"),
        _keys("format taken message_id token username password country"),
    ),
    "smpp": Kind("smpp:Smpp", _keys("url username password sender"), _keys("window country")),
    "aliyun": Kind(
        "aliyun:Aliyun",
        _keys("username password sign_name template"),
        _keys("template_params template_limit callback_key url country"),
    ),
    "tencent": Kind(
        "tencent:Tencent",
        _keys("username password app_id sign_name template"),
        _keys("template_params template_limit callback_key region url country"),
    ),
    "twilio": Kind("twilio:Twilio", _keys("username password sender"), _keys("via callback_url url country")),
    "chat": Kind("chat:Chat", _keys("url"), _keys("country")),
    "mail": Kind("mail:Mail", _keys("url sender"), _keys("username password recipients")),
    "gammu_smsd": Kind("gammu_smsd:GammuSmsd", _keys("folder"), _keys("country")),
}
_SECRETS = ("url", "token", "password", "signing_key", "callback_key")
_DEFAULTS = {field.name: field.default for field in msgspec.structs.fields(settings.Notifier)}


def build(config: Mapping[str, settings.Notifier]) -> dict[str, Notifier]:
    """Return a notifier for each settings entry. Raises ConfigError with every fault of every entry."""
    built: dict[str, Notifier] = {}
    faults: list[Fault] = []
    for name, entry in config.items():
        found = list(_faults(name, entry))
        try:
            if not found:
                built[name] = _make(entry)
        except ConfigError as err:
            found = [Fault("settings", f"notifier.{name}.{fault.key}", fault.reason) for fault in err.faults]
        faults += found
    if faults:
        raise ConfigError(faults)
    return built


def _faults(name: str, entry: settings.Notifier) -> Iterator[Fault]:
    """Yield what is wrong with one entry: unknown kind, key it lacks or does not take, file that is not there."""

    def fault(key: str, reason: str) -> Fault:
        return Fault("settings", f"notifier.{name}.{key}", reason)

    kind = KINDS.get(entry.kind)
    if kind is None:
        yield fault("kind", f"no kind {entry.kind!r}; known: {', '.join(KINDS)}")
        return
    for key in sorted(kind.needs):
        if not getattr(entry, key) and not getattr(entry, f"{key}_file", ""):
            yield fault(key, f"is missing: kind {entry.kind!r} needs it")
    taken = kind.needs | kind.takes | {"kind", "receipt_timeout"}
    for key, default in _DEFAULTS.items():
        if key.removesuffix("_file") not in taken and _is_set(getattr(entry, key), default):
            yield fault(key, f"kind {entry.kind!r} does not take it; it takes: {', '.join(sorted(taken))}")
    for key in _SECRETS:
        file = getattr(entry, f"{key}_file")
        if file and getattr(entry, key):
            yield fault(key, f"stands beside {key}_file: set one of them")
        elif file and not Path(file).is_file():
            yield fault(f"{key}_file", f"no such file: {file}")


def _make(entry: settings.Notifier) -> Notifier:
    """Return the notifier of an entry without faults, its secrets read from their files."""
    module, _, name = KINDS[entry.kind].path.partition(":")
    read = {
        key: Path(file).read_text(encoding="utf-8").strip()
        for key in _SECRETS
        if (file := getattr(entry, f"{key}_file"))
    }
    class_ = getattr(import_module(f"alerting.notifiers.{module}"), name)
    return cast(Notifier, class_(msgspec.structs.replace(entry, **read)))


def _is_set(value: object, default: object) -> bool:
    """Return whether a key was given a value of its own; an empty list or table counts as its default."""
    return bool(value) if default is msgspec.NODEFAULT else value != default
