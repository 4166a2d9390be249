"""Makes a Grafana's settings what apply.toml says, where provisioning files cannot. Twice gives the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import httpx
import msgspec

from standpipe.model.errors import ConfigError, Fault, Rejected, Retryable
from standpipe.model.toml_file import convert, read_toml

PLAYLISTS = "/apis/playlist.grafana.app"
PERMISSIONS = {"View": 1, "Edit": 2, "Admin": 4}
Role = Literal["Viewer", "Editor", "Admin"]

KeepToken = Callable[[str, str], None]
"""Takes the name of a service account and its token, which Grafana shows once only."""


class Preferences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody sees who has chosen nothing."""

    home_dashboard: str
    timezone: str = "browser"
    language: str = "zh-Hans"


class Playlist(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Dashboards one after the other."""

    title: str
    interval: str
    dashboards: list[str]


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service account."""

    role: Role


class Desired(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file."""

    preferences: Preferences
    playlist: dict[str, Playlist] = {}
    folder: dict[str, dict[str, Literal["View", "Edit", "Admin"]]] = {}
    account: dict[str, Account] = {}


def read_desired(path: Path) -> Desired:
    """Read apply.toml. Raises ConfigError with every fault."""
    return convert(read_toml(path), Desired, path=path)


def apply(client: httpx.Client, desired: Desired, *, keep_token: KeepToken) -> list[str]:
    """Make it so and return a line for each thing changed. `client` has the base URL and an administrator's login.

    Raises ConfigError for a login or a name that Grafana does not take, Retryable when it does not answer, Rejected for
    any other refusal.
    """
    done: list[str] = []
    _preferences(client, desired.preferences, done)
    for name, playlist in desired.playlist.items():
        _playlist(client, name, playlist, done)
    for uid, roles in desired.folder.items():
        _folder(client, uid, roles, done)
    for name, account in desired.account.items():
        _account(client, name, account, keep_token=keep_token, done=done)
    return done


def ask(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    """Return the decoded answer, None for 404. Raises as `apply` does."""
    try:
        response = client.request(method, path, json=body)
    except httpx.HTTPError as err:
        raise Retryable(f"Grafana does not answer: {type(err).__name__}") from err
    if response.status_code == 404:
        return None
    if response.status_code in (401, 403):
        reason = (
            f"refuses {method} {path} with HTTP {response.status_code}: an administrator's token or login is needed"
        )
        raise ConfigError([Fault(str(client.base_url), "", reason)])
    if response.status_code >= 500:
        raise Retryable(f"HTTP {response.status_code}")
    if response.status_code >= 400:
        raise Rejected(f"{method} {path}: HTTP {response.status_code}: {response.text[:300]}")
    return response.json() if response.content else {}


def _preferences(client: httpx.Client, wanted: Preferences, done: list[str]) -> None:
    if ask(client, "GET", f"/api/dashboards/uid/{wanted.home_dashboard}") is None:
        reason = f"Grafana has no dashboard {wanted.home_dashboard!r}"
        raise ConfigError([Fault(str(client.base_url), "preferences.home_dashboard", reason)])
    body = {
        "homeDashboardUID": wanted.home_dashboard,
        "timezone": wanted.timezone,
        "language": wanted.language,
    }
    found = ask(client, "GET", "/api/org/preferences") or {}
    if any(found.get(key) != value for key, value in body.items()):
        kept = {key: found[key] for key in ("theme", "weekStart") if key in found}
        ask(client, "PUT", "/api/org/preferences", {**kept, **body})
        done.append(f"preferences: home {wanted.home_dashboard}, {wanted.language}, {wanted.timezone}")


def _playlist(client: httpx.Client, name: str, wanted: Playlist, done: list[str]) -> None:
    """Make a playlist through the resource API, in the version that this Grafana prefers."""
    group = ask(client, "GET", PLAYLISTS)
    if group is None:
        raise ConfigError([Fault(str(client.base_url), f"playlist.{name}", "this Grafana is older than 11")])
    base = f"/apis/{group['preferredVersion']['groupVersion']}/namespaces/default/playlists"
    spec = {
        "title": wanted.title,
        "interval": wanted.interval,
        "items": [{"type": "dashboard_by_uid", "value": uid} for uid in wanted.dashboards],
    }
    resource: dict[str, Any] = {
        "apiVersion": group["preferredVersion"]["groupVersion"],
        "kind": "Playlist",
        "metadata": {"name": name},
        "spec": spec,
    }
    found = ask(client, "GET", f"{base}/{name}")
    if found is None:
        ask(client, "POST", base, resource)
        done.append(f"made playlist {name}")
    elif any(found.get("spec", {}).get(key) != value for key, value in spec.items()):
        resource["metadata"] = found["metadata"]
        ask(client, "PUT", f"{base}/{name}", resource)
        done.append(f"changed playlist {name}")


def _folder(
    client: httpx.Client, uid: str, roles: dict[str, Literal["View", "Edit", "Admin"]], done: list[str]
) -> None:
    path = f"/api/folders/{uid}/permissions"
    found = ask(client, "GET", path)
    if found is None:
        raise ConfigError([Fault(str(client.base_url), f"folder.{uid}", "Grafana has no such folder yet")])
    wanted = {role: PERMISSIONS[level] for role, level in roles.items()}
    own = {one["role"]: one["permission"] for one in found if one.get("role") in ("Viewer", "Editor")}
    if own != wanted:
        kept = [one for one in found if not one.get("role") and not one.get("inherited")]
        others = [{key: one[key] for key in ("userId", "teamId", "permission") if one.get(key)} for one in kept]
        items = [{"role": role, "permission": level} for role, level in wanted.items()]
        ask(client, "POST", path, {"items": [*items, *others]})
        done.append(f"permissions of folder {uid}: {', '.join(f'{r} {p}' for r, p in roles.items())}")


def _account(client: httpx.Client, name: str, wanted: Account, *, keep_token: KeepToken, done: list[str]) -> None:
    found = (ask(client, "GET", f"/api/serviceaccounts/search?query={name}") or {}).get("serviceAccounts", [])
    account = next((one for one in found if one["name"] == name), None)
    if account is None:
        account = ask(client, "POST", "/api/serviceaccounts", {"name": name, "role": wanted.role, "isDisabled": False})
        done.append(f"made service account {name}, {wanted.role}")
    elif account["role"] != wanted.role:
        ask(client, "PATCH", f"/api/serviceaccounts/{account['id']}", {"role": wanted.role})
        done.append(f"service account {name} is now {wanted.role}")
    if not ask(client, "GET", f"/api/serviceaccounts/{account['id']}/tokens"):
        made = ask(client, "POST", f"/api/serviceaccounts/{account['id']}/tokens", {"name": f"{name}-1"})
        keep_token(name, made["key"])
        done.append(f"made a token of {name}")
