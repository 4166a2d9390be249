"""Typed settings: one TOML file plus environment overrides, read once, unknown keys refused."""

import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from standpipe.model.errors import ConfigError, Fault
from standpipe.model.toml_file import convert, line_of, read_toml

PREFIX = "STANDPIPE_"


class Influx(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where time series go and are asked for. Empty url: the embedded tsdb."""

    url: str = ""
    version: Literal["1", "2", "3"] = "2"
    token: str = ""
    token_file: str = ""
    org: str = "standpipe"
    bucket: str = "standpipe"
    """Bucket (2.x, 3.x) or database (1.x)."""
    username: str = ""
    password: str = ""
    batch_lines: int = 5000
    batch_age_ms: int = 200
    gzip: bool = False


class Tsdb(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The embedded default."""

    listen: str = "127.0.0.1:8086"
    data: str = ""
    """Folder; empty for <data>/tsdb."""
    token: str = ""
    memory_limit: str = "200MB"


class Gb26875(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """GB/T 26875.3 server for user information transmission devices."""

    listen: str = "127.0.0.1:26875"
    enabled: bool = True
    idle_timeout: str = "5m"
    first_frame_timeout: str = "30s"
    max_connections: int = 20_000


class Mqtt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """MQTT client. Empty host: not started."""

    host: str = ""
    port: int = 1883
    username: str = ""
    password: str = ""
    client_id: str = "standpipe"
    topic: str = "standpipe/{device_type}/{device}"
    """Template of generic JSON topics; {device_type} and {device} are taken from it."""


class HttpInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """HTTP push, and the collector's own status pages."""

    listen: str = "127.0.0.1:8087"
    token: str = ""
    max_body: int = 1_048_576


class Spool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The durable log between intake and outputs."""

    max_mb: int = 2048
    max_quarantine: int = 100_000


class Collector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bytes in, readings out."""

    gb26875: Gb26875 = Gb26875()
    mqtt: Mqtt = Mqtt()
    http: HttpInput = HttpInput()
    spool: Spool = Spool()


class Notifier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to reach people. `kind` is a file of alerting/notifiers."""

    kind: str
    url: str = ""
    token: str = ""
    receipt_timeout: str = "30s"


class Alerting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Readings in, people told; serves the console on the same address."""

    listen: str = "127.0.0.1:8080"
    url: str = ""
    """Where the collector reaches it; empty for http://<listen>."""
    token: str = ""
    """Bearer token of the readings feed; needed when the address is not loopback."""
    password: str = ""
    """Password of the console; needed when the address is not loopback."""
    data_silent: str = "15s"
    """No contact with any collector for this long: the wall shows a band."""
    historic_after: str = "15m"
    """An alarm from a sample older than this is recorded and shown, nobody is rung."""
    records: str = ""
    """SQLAlchemy URL; empty for SQLite in <data>."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything a process needs to know. Relative paths are relative to the settings file."""

    data: str = "data"
    sites: str = "sites"
    rules: str = "rules"
    contacts: str = "contacts.toml"
    plugins: list[str] = []
    """Folders of further device types, beside the ones that come with Standpipe and with installed packages."""
    locale: Literal["zh-CN", "en"] = "zh-CN"
    timezone: str = "Asia/Shanghai"
    influx: Influx = Influx()
    tsdb: Tsdb = Tsdb()
    collector: Collector = Collector()
    alerting: Alerting = Alerting()
    notifier: dict[str, Notifier] = {}
    file: str = ""
    """Set by `read_settings`: the file these came from."""

    def path(self, name: str) -> Path:
        """Return a configured path, absolute; relative ones count from the settings file's folder."""
        return (Path(self.file).resolve().parent / name).resolve()

    @property
    def data_dir(self) -> Path:
        """Return the folder that holds everything written at run time."""
        return self.path(self.data)

    @property
    def influx_url(self) -> str:
        """Return the base URL of the InfluxDB API in use, embedded or not."""
        return self.influx.url.rstrip("/") or f"http://{self.tsdb.listen}"

    @property
    def alerting_url(self) -> str:
        """Return the base URL under which alerting is reached."""
        return self.alerting.url.rstrip("/") or f"http://{self.alerting.listen}"


def read_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read the file, lay STANDPIPE_SECTION__KEY variables over it. Raises ConfigError with every fault."""
    data = read_toml(path)
    if "file" in data:
        raise ConfigError([Fault(str(path), "file", "unknown key", line_of(path, "file"))])
    faults = _override(data, environ)
    try:
        settings = convert({**data, "file": str(path)}, Settings, path=path)
    except ConfigError as err:
        raise ConfigError(faults + err.faults) from None
    faults.extend(_locks(settings, path))
    if faults:
        raise ConfigError(faults)
    return settings


def split_listen(listen: str) -> tuple[str, int]:
    """Return (host, port) of `host:port` or `[v6]:port`. Raises ValueError naming what was expected."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError(f"expected host:port, like 127.0.0.1:8080, got {listen!r}")
    return host.strip("[]") or "127.0.0.1", int(port)


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _override(data: dict[str, Any], environ: Mapping[str, str]) -> list[Fault]:
    """Lay environment variables over the file's tables; a value is TOML where it parses, else a string."""
    faults = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name == f"{PREFIX}CONFIG":
            continue
        *parents, last = name[len(PREFIX) :].lower().split("__")
        table: Any = data
        for part in parents:
            table = table.setdefault(part, {}) if isinstance(table, dict) else None
        if not isinstance(table, dict):
            faults.append(Fault(f"environment {name}", "", "does not name a key of the settings"))
            continue
        try:
            table[last] = tomllib.loads(f"v = {environ[name]}")["v"]
        except tomllib.TOMLDecodeError:
            table[last] = environ[name]
    return faults


def _locks(settings: Settings, path: Path) -> list[Fault]:
    """Return a fault for every door that is open to others without a lock, and every address that is none."""
    faults = []
    doors = (
        ("tsdb.listen", settings.tsdb.listen, settings.tsdb.token, "tsdb.token"),
        (
            "collector.http.listen",
            settings.collector.http.listen,
            settings.collector.http.token,
            "collector.http.token",
        ),
        (
            "alerting.listen",
            settings.alerting.listen,
            settings.alerting.token and settings.alerting.password,
            "alerting.token and alerting.password",
        ),
        ("collector.gb26875.listen", settings.collector.gb26875.listen, "by address", ""),
    )
    for key, listen, lock, wanted in doors:
        try:
            host, _ = split_listen(listen)
        except ValueError as err:
            faults.append(Fault(str(path), key, str(err), line_of(path, key)))
            continue
        if not is_loopback(host) and not lock:
            faults.append(Fault(str(path), key, f"{host} can be reached by others: set {wanted}", line_of(path, key)))
    return faults
