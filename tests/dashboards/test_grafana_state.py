"""What files cannot say is set through Grafana's API, twice gives the same; edits come back as a diff."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboards.grafana_pull import pull
from dashboards.grafana_state import Desired, apply, read_desired
from standpipe.model.errors import ConfigError, Rejected, Retryable

PROVISIONING = Path(__file__).parents[2] / "provisioning" / "grafana"
Body = dict[str, Any]


class Grafana:
    """The part of Grafana 12.4's API that is used, with its state."""

    def __init__(self) -> None:
        self.preferences: Body = {"theme": "dark"}
        self.playlists: dict[str, Body] = {}
        self.folders: dict[str, list[Body]] = {"standpipe-zh": [{"userId": 3, "permission": 4}], "standpipe-en": []}
        self.accounts: list[Body] = []
        self.tokens: dict[str, list[Body]] = {}
        self.dashboards = {
            board["uid"]: {**board, "id": 5, "version": 9}
            for path in (PROVISIONING / "dashboards").glob("*/*.json")
            for board in [json.loads(path.read_text())]
        }
        self.changes: list[str] = []
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.status != 200:
            return httpx.Response(self.status)
        body = json.loads(request.content) if request.content else {}
        if request.method != "GET":
            self.changes.append(f"{request.method} {request.url.path}")
        parts = request.url.path.strip("/").split("/")
        answer = getattr(self, f"_{parts[1].split('.')[0]}")(request.method, parts[2:], body)
        return httpx.Response(404) if answer is None else httpx.Response(200, json=answer)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url="http://grafana:3000", transport=httpx.MockTransport(self))

    def _dashboards(self, _method: str, parts: list[str], _body: Body) -> Body | None:
        found = self.dashboards.get(parts[1])
        return None if found is None else {"dashboard": found, "meta": {}}

    def _org(self, method: str, _parts: list[str], body: Body) -> Body:
        self.preferences = body if method == "PUT" else self.preferences
        return self.preferences

    def _playlist(self, method: str, parts: list[str], body: Body) -> Body | None:
        if not parts:
            return {"preferredVersion": {"groupVersion": "playlist.grafana.app/v1"}}
        if method != "GET":
            self.playlists[body["metadata"]["name"]] = {
                **body,
                "metadata": {**body["metadata"], "resourceVersion": "1"},
            }
            return body
        return self.playlists.get(parts[-1])

    def _folders(self, method: str, parts: list[str], body: Body) -> list[Body] | Body | None:
        if method == "POST":
            self.folders[parts[0]] = body["items"]
            return {}
        return self.folders.get(parts[0])

    def _serviceaccounts(self, method: str, parts: list[str], body: Body) -> list[Body] | Body:
        if parts == ["search"]:
            return {"serviceAccounts": self.accounts}
        if parts and parts[-1] == "tokens":
            if method == "POST":
                self.tokens[parts[0]] = [{"name": body["name"]}]
                return {"key": "glsa_once"}
            return self.tokens.get(parts[0], [])
        if method == "PATCH":
            self.accounts[int(parts[0]) - 1].update(body)
            return {}
        self.accounts.append({**body, "id": len(self.accounts) + 1})
        return self.accounts[-1]


@pytest.fixture
def grafana() -> Grafana:
    return Grafana()


@pytest.fixture
def desired() -> Desired:
    return read_desired(PROVISIONING / "apply.toml")


def test_applied_once_everything_is_there(grafana: Grafana, desired: Desired) -> None:
    tokens: dict[str, str] = {}
    apply(grafana.client(), desired, keep_token=tokens.__setitem__)
    assert grafana.preferences["homeDashboardUID"] == "hydrant-pressure-zh"
    assert grafana.preferences["theme"] == "dark"
    assert grafana.playlists["standpipe-wall"]["spec"]["items"][0]["value"] == "fire-wall-zh"
    assert {"role": "Viewer", "permission": 1} in grafana.folders["standpipe-zh"]
    assert {"userId": 3, "permission": 4} in grafana.folders["standpipe-zh"]
    assert tokens == {"standpipe-wall": "glsa_once"}


def test_applied_twice_nothing_changes(grafana: Grafana, desired: Desired) -> None:
    apply(grafana.client(), desired, keep_token=lambda *_: None)
    grafana.changes.clear()
    assert apply(grafana.client(), desired, keep_token=lambda *_: None) == []
    assert grafana.changes == []


def test_what_somebody_changed_is_set_back(grafana: Grafana, desired: Desired) -> None:
    apply(grafana.client(), desired, keep_token=lambda *_: None)
    grafana.playlists["standpipe-wall"]["spec"]["interval"] = "5m"
    grafana.accounts[0]["role"] = "Admin"
    grafana.preferences["language"] = "fr-FR"
    done = apply(grafana.client(), desired, keep_token=lambda *_: None)
    assert [line.split()[0] for line in done] == ["preferences:", "changed", "service"]
    assert grafana.accounts[0]["role"] == "Viewer"


def test_a_home_dashboard_that_is_not_there_is_named(grafana: Grafana, desired: Desired) -> None:
    grafana.dashboards.clear()
    with pytest.raises(ConfigError, match="no dashboard 'hydrant-pressure-zh'"):
        apply(grafana.client(), desired, keep_token=lambda *_: None)


@pytest.mark.parametrize(
    ("status", "error"), [(401, ConfigError), (403, ConfigError), (503, Retryable), (400, Rejected)]
)
def test_refusals_are_told_apart(status: int, error: type[Exception], grafana: Grafana, desired: Desired) -> None:
    grafana.status = status
    with pytest.raises(error):
        apply(grafana.client(), desired, keep_token=lambda *_: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in (PROVISIONING / "dashboards").glob("*/*.json"):
        copy = tmp_path / path.relative_to(PROVISIONING / "dashboards")
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(path.read_text())
    return tmp_path


def test_nothing_edited_is_nothing_pulled(grafana: Grafana, folder: Path) -> None:
    assert pull(grafana.client(), folder, write=True) == {}


def test_keys_in_another_order_are_no_edit(grafana: Grafana, folder: Path) -> None:
    board = grafana.dashboards["fire-wall-en"]
    grafana.dashboards["fire-wall-en"] = json.loads(json.dumps(board, sort_keys=True))
    assert pull(grafana.client(), folder, write=False) == {}


def test_an_edit_comes_back_as_its_own_lines(grafana: Grafana, folder: Path) -> None:
    grafana.dashboards["fire-wall-en"]["panels"][1]["title"] = "Fires now"
    diffs = pull(grafana.client(), folder, write=True)
    changed = [
        line for line in diffs["en/fire-wall.json"].splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert [line[1:].strip() for line in changed] == ['"title": "Fires",', '"title": "Fires now",']
    assert pull(grafana.client(), folder, write=False) == {}


def test_the_new_format_is_refused_by_name(grafana: Grafana, folder: Path) -> None:
    grafana.dashboards["fire-wall-en"] = {"elements": {}, "uid": "fire-wall-en"}
    with pytest.raises(Rejected, match="v2 format"):
        pull(grafana.client(), folder, write=False)
