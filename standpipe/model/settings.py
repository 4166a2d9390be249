"""Typed settings: one TOML file plus environment overrides, read once, unknown keys refused."""

import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

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
    memory_limit: Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d+)?[KMG]B$")] = "200MB"
    keep: Annotated[str, msgspec.Meta(pattern=r"^(\d+[dw])?$")] = "365d"
    """Weeks that are older are dropped whole. Empty: everything is kept."""


class Gb26875(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """GB/T 26875.3 server for user information transmission devices."""

    listen: str = "127.0.0.1:26875"
    enabled: bool = True
    udp: str = ""
    """UDP address, host:port; empty: TCP alone."""
    set_clocks: bool = True
    """Set a registered transmitter's clock when it connects, and daily (type 90)."""
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
    format: Literal["json", "chirpstack", "things_stack"] = "json"
    topic: str = "standpipe/{device_type}/{device}"
    """For format `json`: template of topics; {device_type} and {device} are taken from it. For the others, when it has
    no {}: the subscription to use instead of their usual one."""
    share: str = ""
    """Name of a group of collectors that share the subscription between them."""
    tls: bool = False
    ca_file: str = ""
    """Certificates to trust instead of the system's."""


class Push(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One platform that pushes to us, at `/push/<name>` of the collector's HTTP address."""

    kind: Literal["ctwing", "onenet", "huawei"]
    token: str = ""
    """Secret of this source: in the header `Authorization: Bearer`, or as the last part of the path. OneNET signs
    with it instead."""


class ModbusRegister(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where one metric lies."""

    address: int
    """Register address as on the wire, from 0."""
    table: Literal["holding", "input", "coil", "discrete"] = "holding"
    type_: Literal["int16", "uint16", "int32", "uint32", "float32", "bit"] = msgspec.field(default="int16", name="type")
    bit: int = 0
    """For type `bit`: which bit of the register, 0 the lowest."""
    scale: float = 1.0
    """Value = raw x scale + offset, in the metric's declared unit."""
    offset: float = 0.0


class ModbusMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the registers of one model mean."""

    words: Literal["ABCD", "CDAB", "BADC", "DCBA"] = "ABCD"
    """Order of the bytes of a value of two registers."""
    metrics: dict[str, ModbusRegister]


class ModbusDevice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One slave that is asked. In the registry its address is `modbus:<name>`."""

    host: str
    port: int = 502
    unit: int = 1
    map: str
    """Name of a register map."""
    interval: str = "10s"
    timeout: str = "3s"


class Modbus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Modbus TCP poller. Not started without devices."""

    map: dict[str, ModbusMap] = {}
    device: dict[str, ModbusDevice] = {}


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
    broker: dict[str, Mqtt] = {}
    """Further brokers, by name."""
    push: dict[str, Push] = {}
    modbus: Modbus = Modbus()
    http: HttpInput = HttpInput()
    spool: Spool = Spool()


class Notifier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to reach people. `kind` is a file of alerting/notifiers; docs/notifiers.md says which keys it takes."""

    kind: str
    receipt_timeout: str = "30s"
    url: str = ""
    url_file: str = ""
    """File that holds the url, for addresses that carry a secret."""
    token: str = ""
    token_file: str = ""
    username: str = ""
    """Account, system id or access key id, as the provider calls it."""
    password: str = ""
    password_file: str = ""
    signing_key: str = ""
    """Secret with which requests to the receiver are signed."""
    signing_key_file: str = ""
    sender: str = ""
    """Number, name or address the message comes from."""
    recipients: list[str] = []
    """Mail addresses that get every notice of this notifier."""
    folder: str = ""
    """Spool folder that holds outbox, sent, error and inbox."""
    window: int = 10
    """Messages on their way at the same time."""
    country: str = "86"
    """Calling code of telephone numbers that are written without one."""
    via: Literal["message", "call"] = "message"
    app_id: str = ""
    region: str = ""
    sign_name: str = ""
    """The registered signature that stands before the text, without its brackets."""
    template: str = ""
    """The registered template's code or number."""
    template_params: dict[str, str] = {}
    """What each of the template's variables shows: text, title, site, zone, state, person or incident."""
    template_limit: int = 35
    """Longest value of a variable, in characters; longer ones are cut."""
    fields: dict[str, str] = {}
    """Fields of a request, with {to}, {digits}, {national}, {text}, {id}, {username} and {password} filled in."""
    format: Literal["form", "json", "query"] = "form"
    taken: str = ""
    """Regular expression that must be found in an answer that says yes."""
    message_id: str = ""
    """Regular expression whose first group is the message id in an answer."""
    callback_url: str = ""
    """Public address under which the provider reaches `/receipts/<name>`."""
    callback_key: str = ""
    """Secret that must stand as `?key=` in callbacks of providers that sign nothing."""
    callback_key_file: str = ""


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
    return msgspec.structs.replace(
        settings, notifier={name: _anchored(entry, settings) for name, entry in settings.notifier.items()}
    )


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
    """Lay environment variables over the file's tables; a value is TOML, or text where text belongs."""
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
        value = environ[name]
        if _is_text([*parents, last]) and not value.startswith(('"', "'")):
            table[last] = value
            continue
        try:
            table[last] = tomllib.loads(f"v = {value}")["v"]
        except tomllib.TOMLDecodeError:
            table[last] = value
    return faults


def _is_text(keys: list[str]) -> bool:
    """Return whether a string belongs to a dotted key, so that an all-digit password needs no quotes of its own."""
    hint: Any = Settings
    for key in keys:
        if get_origin(hint) is dict:
            hint = get_args(hint)[1]
            continue
        hint = get_type_hints(hint).get(key) if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    return hint is str or (bool(choices) and all(isinstance(choice, str) for choice in choices))


def _anchored(entry: Notifier, settings: Settings) -> Notifier:
    """Return the entry with its paths made absolute."""
    keys = ("url_file", "token_file", "password_file", "signing_key_file", "callback_key_file", "folder")
    paths = {key: str(settings.path(getattr(entry, key))) for key in keys if getattr(entry, key)}
    return msgspec.structs.replace(entry, **paths)


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
        ("collector.gb26875.udp", settings.collector.gb26875.udp or "127.0.0.1:0", "by address", ""),
        *(
            (f"collector.push.{name}", settings.collector.http.listen, push.token, f"collector.push.{name}.token")
            for name, push in settings.collector.push.items()
        ),
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
