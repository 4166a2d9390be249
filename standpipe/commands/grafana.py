"""`standpipe grafana`: what Grafana cannot take from files, and edits brought back as a diff."""

import argparse
import os
import sys
from pathlib import Path

import httpx

from standpipe.model.errors import ConfigError, Fault, Rejected, Retryable

APPLY = "provisioning/grafana/apply.toml"
FOLDER = "provisioning/grafana/dashboards"
TIMEOUT_S = 15.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Name the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    apply = actions.add_parser("apply", help="set playlists, preferences, permissions and service accounts")
    apply.add_argument("--file", type=Path, default=Path(APPLY), help=f"default {APPLY}")
    apply.add_argument("--tokens", type=Path, metavar="DIR", help="folder for new tokens of service accounts")
    pull = actions.add_parser("pull", help="show dashboards edited in Grafana as a diff; exit 1 when there are some")
    pull.add_argument("--folder", type=Path, default=Path(FOLDER), help=f"default {FOLDER}")
    pull.add_argument("--write", action="store_true", help="change the files too")
    for action in (apply, pull):
        action.add_argument("--url", default="http://127.0.0.1:3000", help="default http://127.0.0.1:3000")
        action.add_argument(
            "--password-file", type=Path, metavar="FILE", help="admin's password; or the variable GRAFANA_TOKEN"
        )
    parser.epilog = "Example: standpipe grafana apply --password-file admin_password --tokens /etc/standpipe/secrets"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Apply or pull; exit 1 with the reason when Grafana refuses or does not answer, or when something differs."""
    try:
        with _client(options) as client:
            return _apply(client, options) if options.action == "apply" else _pull(client, options)
    except (Retryable, Rejected) as err:
        print(f"{options.url}: {err}", file=sys.stderr)
        return 1


def _client(options: argparse.Namespace) -> httpx.Client:
    token = os.environ.get("GRAFANA_TOKEN", "")
    if token:
        return httpx.Client(
            base_url=options.url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S, trust_env=False
        )
    if options.password_file is None:
        reason = "set the variable GRAFANA_TOKEN to an administrator's token, or name --password-file"
        raise ConfigError([Fault("standpipe grafana", "", reason)])
    password = options.password_file.read_text(encoding="utf-8").strip()
    return httpx.Client(base_url=options.url, auth=("admin", password), timeout=TIMEOUT_S, trust_env=False)


def _apply(client: httpx.Client, options: argparse.Namespace) -> int:
    from dashboards.grafana_state import apply, read_desired

    desired = read_desired(options.file)
    if desired.account and options.tokens is None:
        reason = "makes service accounts: name a folder for their tokens with --tokens"
        raise ConfigError([Fault(str(options.file), "account", reason)])

    def keep(name: str, token: str) -> None:
        options.tokens.mkdir(parents=True, exist_ok=True)
        path = options.tokens / name
        path.touch(mode=0o600)
        path.write_text(token + "\n", encoding="utf-8")
        print(f"token of {name} is in {path}")

    for line in apply(client, desired, keep_token=keep) or ["nothing to do: everything is as it should be"]:
        print(line)
    return 0


def _pull(client: httpx.Client, options: argparse.Namespace) -> int:
    from dashboards.grafana_pull import pull

    diffs = pull(client, options.folder, write=options.write)
    for diff in diffs.values():
        print(diff, end="")
    print(f"{len(diffs)} dashboards differ", file=sys.stderr)
    return 1 if diffs else 0
