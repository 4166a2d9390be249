"""Sets up an InfluxDB 2.x and the secrets of the stack. Running it twice changes nothing.

`python -m storage.influx.initialise --url http://influxdb:8086 --plan setup.toml --secrets /secrets` writes each secret
into the folder of who needs it; a volume that was set up with another token is recognised and explained.
"""

import argparse
import secrets as randomness
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import httpx
import msgspec

from standpipe.model.duration import parse_duration
from standpipe.model.errors import ConfigError, Fault, Retryable
from standpipe.model.toml_file import convert, read_toml
from storage.influx.mosquitto_passwords import password_line

PATIENCE_S = 120.0
OPERATOR = "admin/influx_operator_token"
"""The token of the one who set the server up; everything else is made with it."""


class Bucket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bucket; in InfluxQL its name is the database."""

    keep: str
    """How long points are kept: 366d. "0" for ever."""


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One token by role, and the secret file that it goes into."""

    file: str
    buckets: list[str]
    may: list[Literal["read", "write"]]


class Secret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One random secret, in every file that needs it."""

    files: list[str]


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One MQTT user: its password's files, and a line of the broker's password file."""

    files: list[str]


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file of the set-up."""

    org: str
    user: str
    bucket: dict[str, Bucket]
    token: dict[str, Token]
    secret: dict[str, Secret] = {}
    account: dict[str, Account] = {}
    broker_passwords: str = ""
    """Where the MQTT broker's password file goes; empty for none."""


class SecretFiles:
    """Secrets as files below one folder, one sub-folder per container that may read them."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = folder

    def read(self, name: str) -> str:
        """Return a secret, empty when there is none."""
        path = self._folder / name
        return path.read_text(encoding="utf-8").strip() if path.is_file() else ""

    def write(self, name: str, value: str) -> None:
        """Write a secret. Each folder is a volume that only its container mounts, so the file itself is readable."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value + "\n", encoding="utf-8")
        path.chmod(0o444)

    def replace(self, name: str, value: str) -> None:
        """Write a secret in place of another; the old file is not writable, its folder is."""
        (self._folder / name).unlink(missing_ok=True)
        self.write(name, value)

    def ensure(self, names: list[str], make: Callable[[], str]) -> str:
        """Return the secret that the files share, made when none of them has it."""
        value = next(filter(None, map(self.read, names)), "") or make()
        for name in names:
            if self.read(name) != value:
                self.replace(name, value)
        return value


def new_secret() -> str:
    """Return 256 random bits as text that no reader of settings takes for a number."""
    return "sp_" + randomness.token_hex(32)


def initialise(client: httpx.Client, plan: Plan, files: SecretFiles) -> list[str]:
    """Make what is missing and return a line for each thing made. `client` has the server's base URL.

    Raises ConfigError when the server cannot be ours (another major version, set up with another token), Retryable when
    it does not answer.
    """
    done: list[str] = []
    _refuse_other_versions(client)
    operator = files.ensure([OPERATOR], new_secret)
    if _ask(client, "GET", "/api/v2/setup")["allowed"]:
        password = files.ensure(["admin/influx_password"], new_secret)
        first = next(iter(plan.bucket))
        body = {"username": plan.user, "password": password, "org": plan.org, "bucket": first, "token": operator}
        _ask(client, "POST", "/api/v2/setup", body)
        done.append(f"set up organisation {plan.org}")
    client.headers["Authorization"] = f"Token {operator}"
    orgs = _ask(client, "GET", f"/api/v2/orgs?org={plan.org}")["orgs"]
    org = orgs[0]["id"]
    ids = {name: _bucket(client, org, name, bucket, done) for name, bucket in plan.bucket.items()}
    for name, token in plan.token.items():
        _token(client, org, name, token, ids=ids, files=files, done=done)
    done.extend(own_secrets(plan, files))
    return done


def own_secrets(plan: Plan, files: SecretFiles) -> list[str]:
    """Make the secrets that no server has to know beforehand, and the broker's password file."""
    done = []
    for name, secret in plan.secret.items():
        if not all(map(files.read, secret.files)):
            done.append(f"made secret {name}")
        files.ensure(secret.files, new_secret)
    if plan.broker_passwords and not files.read(plan.broker_passwords):
        lines = [password_line(user, files.ensure(account.files, new_secret)) for user, account in plan.account.items()]
        files.write(plan.broker_passwords, "\n".join(lines))
        done.append("made the MQTT broker's password file")
    return done


def _refuse_other_versions(client: httpx.Client) -> None:
    """Raise ConfigError for a server that is not InfluxDB 2.x."""
    try:
        version = client.get("/ping").headers.get("x-influxdb-version", "").removeprefix("v")
    except httpx.HTTPError as err:
        raise Retryable(f"no answer: {type(err).__name__}") from err
    if not version:
        raise Retryable("no version in the answer yet")
    if not version.startswith("2."):
        reason = (
            f"is InfluxDB {version}; this set-up is for 2.x. For another version set influx.version in the settings"
        )
        raise ConfigError([Fault(str(client.base_url), "", reason)])


def _bucket(client: httpx.Client, org: str, name: str, bucket: Bucket, done: list[str]) -> str:
    """Return the bucket's id, made or changed when it must be."""
    seconds = 0 if bucket.keep == "0" else parse_duration(bucket.keep) // 1000
    rules = [{"type": "expire", "everySeconds": seconds}] if seconds else []
    found = _ask(client, "GET", f"/api/v2/buckets?orgID={org}&name={name}").get("buckets", [])
    if not found:
        made = _ask(client, "POST", "/api/v2/buckets", {"orgID": org, "name": name, "retentionRules": rules})
        done.append(f"made bucket {name}, kept for {bucket.keep}")
        return str(made["id"])
    kept = [rule.get("everySeconds") for rule in found[0].get("retentionRules", []) if rule.get("everySeconds")]
    if kept != [rule["everySeconds"] for rule in rules]:
        _ask(client, "PATCH", f"/api/v2/buckets/{found[0]['id']}", {"retentionRules": rules})
        done.append(f"bucket {name} is now kept for {bucket.keep}")
    return str(found[0]["id"])


def _token(
    client: httpx.Client,
    org: str,
    name: str,
    token: Token,
    *,
    ids: dict[str, str],
    files: SecretFiles,
    done: list[str],
) -> None:
    """Make a token unless its file holds one that the server takes; the server shows a token once only."""
    held = files.read(token.file)
    if held and client.get("/api/v2/buckets", headers={"Authorization": f"Token {held}"}).status_code == 200:
        return
    about = f"standpipe {name}"
    for old in _ask(client, "GET", f"/api/v2/authorizations?orgID={org}").get("authorizations", []):
        if old.get("description") == about:
            _ask(client, "DELETE", f"/api/v2/authorizations/{old['id']}")
    permissions = [
        {"action": action, "resource": {"type": "buckets", "id": ids[bucket], "orgID": org}}
        for bucket in token.buckets
        for action in token.may
    ]
    body = {"orgID": org, "description": about, "permissions": permissions}
    made = _ask(client, "POST", "/api/v2/authorizations", body)
    files.replace(token.file, str(made["token"]))
    done.append(f"made token {name}: {', '.join(token.may)} {', '.join(token.buckets)}")


def _ask(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    """Return the decoded answer. Raises ConfigError for a token that is not the server's, Retryable for no answer."""
    try:
        response = client.request(method, path, json=body)
    except httpx.HTTPError as err:
        raise Retryable(f"no answer: {type(err).__name__}") from err
    if response.status_code == 401:
        reason = (
            "was set up with another token: its volume is older than the secrets. Put that token into the file "
            f"{OPERATOR} of the secrets, or, if its data may go, remove the volume influxdb-data and start again"
        )
        raise ConfigError([Fault(str(client.base_url), "", reason)])
    if response.status_code == 404 and method == "GET":
        return {}
    if response.status_code >= 500:
        raise Retryable(f"HTTP {response.status_code}: {response.text[:200]}")
    if response.status_code >= 400:
        raise ConfigError(
            [Fault(f"{client.base_url}{path}", "", f"HTTP {response.status_code}: {response.text[:200]}")]
        )
    return response.json() if response.content else {}


def main(arguments: list[str]) -> int:
    """Run the set-up, waiting for the server; 0 when all is there, 1 with the reason when it cannot be."""
    parser = argparse.ArgumentParser(prog="python -m storage.influx.initialise", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--secrets", type=Path, required=True)
    options = parser.parse_args(arguments)
    say = sys.stderr.write
    deadline = time.monotonic() + PATIENCE_S
    try:
        plan = convert(read_toml(options.plan), Plan, path=options.plan)
        with httpx.Client(base_url=options.url, timeout=10.0) as client:
            while True:
                try:
                    done = initialise(client, plan, SecretFiles(options.secrets))
                    break
                except Retryable as err:
                    if time.monotonic() > deadline:
                        say(f"{options.url}: {err}\n")
                        return 1
                    time.sleep(1)
    except ConfigError as err:
        say(f"{err}\n")
        return 1
    say("".join(f"{line}\n" for line in done or ["nothing to do: everything is there"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
