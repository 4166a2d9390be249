"""Gets the demo's folder, settings file and ports ready, and refuses with a reason. Starts nothing."""

import json
import re
import shutil
import socket
from pathlib import Path

import httpx
import psutil

from standpipe.model.errors import ConfigError, Fault
from standpipe.model.settings import Settings, split_listen
from standpipe.model.toml_file import line_of

ROOT = Path(__file__).parents[2]
PROVISIONING = ROOT / "provisioning" / "demo"
MARK = "# Written by `standpipe demo`"
"""First words of the settings file in a folder that may be made anew."""


def make_folder(folder: Path) -> Path:
    """Empty or create the demo's data folder, write its settings file there, return the file.

    Raises ConfigError when the folder holds something that no demo made.
    """
    file = folder / "settings.toml"
    if folder.exists() and any(folder.iterdir()):
        if not (file.exists() and file.read_text(encoding="utf-8").startswith(MARK)):
            raise ConfigError([Fault(str(folder), "", "holds files that the demo did not make; name another --data")])
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(settings_text(folder), encoding="utf-8")
    return file


def settings_text(folder: Path) -> str:
    """Return the demo's settings with absolute paths, so that the file can lie in its data folder."""
    source = PROVISIONING / "settings.toml"
    if not source.exists():
        raise ConfigError([Fault(str(source), "", "no such file; the demo runs from a clone of the repository")])
    text = source.read_text(encoding="utf-8")
    for key, path in {
        "data": folder,
        "sites": PROVISIONING / "sites",
        "rules": PROVISIONING / "rules",
        "contacts": PROVISIONING / "contacts.toml",
    }.items():
        value = json.dumps(str(path.resolve()), ensure_ascii=False)
        text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}".replace("\\", r"\\"), text)
    return f"{MARK} from {source}; edit that one.\n{text}"


def gateway_address(settings: Settings) -> tuple[str, int]:
    """Return (host, port) of the simulated SMS gateway, as the notifier `sms` of the settings has it."""
    url = httpx.URL(settings.notifier["sms"].url)
    return url.host, url.port or 80


def doors(settings: Settings) -> list[tuple[str, str, str]]:
    """Return (what, host:port, key of the setting) of each port that the demo listens on."""
    host, port = gateway_address(settings)
    found = [
        ("collector, GB/T 26875.3", settings.collector.gb26875.listen, "collector.gb26875.listen"),
        ("collector, HTTP", settings.collector.http.listen, "collector.http.listen"),
        ("alerting and console", settings.alerting.listen, "alerting.listen"),
        ("SMS gateway", f"{host}:{port}", "notifier.sms.url"),
    ]
    if not settings.influx.url:
        found.insert(0, ("tsdb", settings.tsdb.listen, "tsdb.listen"))
    return found


def check_ports(settings: Settings) -> None:
    """Raise ConfigError naming every port that is taken, who has it, and the setting to change."""
    faults = []
    for what, listen, key in doors(settings):
        if not _free(*split_listen(listen)):
            reason = f"{listen} ({what}) is taken by {holder(split_listen(listen)[1])}: stop it, or set another port"
            line = line_of(Path(settings.file), key)
            faults.append(Fault(settings.file, key, f"{reason}{_example(key, listen)}", line))
    if faults:
        raise ConfigError(faults)


def holder(port: int) -> str:
    """Return `process 123 (command line)` of whoever listens on a port, as far as this user may know."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return "another process"
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,)
        if listens and connection.pid:
            try:
                command = " ".join(" ".join(psutil.Process(connection.pid).cmdline()).split())
            except psutil.Error:
                command = "its command cannot be read"
            return f"process {connection.pid} ({command[:80]})"
    return "another process"


def _example(key: str, listen: str) -> str:
    """Return how to change the port for one run."""
    host, port = split_listen(listen)
    other = f"{host}:{port + 10_000 if port < 50_000 else port - 10_000}"
    value = f"http://{other}/send" if key.endswith(".url") else other
    return f"; for one run: STANDPIPE_{key.upper().replace('.', '__')}={value} make demo"


def _free(host: str, port: int) -> bool:
    """Return whether a server could listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
