"""Brings dashboards that somebody edited in Grafana back as a diff against the files. Changes nothing in Grafana."""

import difflib
import json
from pathlib import Path
from typing import Any

import httpx

from dashboards.grafana_state import ask
from dashboards.text import JsonObject
from standpipe.model.errors import Rejected

OF_THE_SERVER = ("id", "version", "iteration")
"""Keys that Grafana adds and that say nothing about a dashboard."""


def pull(client: httpx.Client, folder: Path, *, write: bool) -> dict[str, str]:
    """Return file name -> unified diff for each dashboard that differs in Grafana; with `write` change the files too.

    The files are generated, so a change that should stay belongs into dashboards/boards as well: the diff says what.
    Raises Rejected for a dashboard that Grafana hands out in its v2 format, and as `ask` does.
    """
    diffs: dict[str, str] = {}
    for path in sorted(folder.glob("*/*.json")):
        text = path.read_text(encoding="utf-8")
        ours: JsonObject = json.loads(text)
        found = ask(client, "GET", f"/api/dashboards/uid/{ours['uid']}")
        if found is None:
            continue
        theirs = found["dashboard"]
        if "elements" in theirs or "panels" not in theirs:
            raise Rejected(
                f"{ours['uid']}: Grafana hands out its v2 format; save the dashboard as Classic and pull again"
            )
        version = ours.get("version")
        cleaned = {key: value for key, value in theirs.items() if key not in OF_THE_SERVER}
        if version is not None:
            cleaned["version"] = version
        if theirs.get("schemaVersion", 0) >= ours["schemaVersion"]:
            cleaned["schemaVersion"] = ours["schemaVersion"]
        made = json.dumps(like(ours, cleaned), ensure_ascii=False, indent=2) + "\n"
        if made != text:
            name = str(path.relative_to(folder))
            lines = difflib.unified_diff(text.splitlines(True), made.splitlines(True), f"a/{name}", f"b/{name}")
            diffs[name] = "".join(lines)
            if write:
                path.write_text(made, encoding="utf-8")
    return diffs


def like(ours: Any, theirs: Any) -> Any:
    """Return `theirs` with its keys in the order of `ours`, so that a diff shows changes and nothing else."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        order = [key for key in ours if key in theirs] + sorted(key for key in theirs if key not in ours)
        return {key: like(ours.get(key), theirs[key]) for key in order}
    if isinstance(ours, list) and isinstance(theirs, list):
        by_id = {one["id"]: one for one in ours if isinstance(one, dict) and "id" in one}
        return [
            like(
                by_id.get(one.get("id"), ours[index] if index < len(ours) else None) if isinstance(one, dict) else None,
                one,
            )
            for index, one in enumerate(theirs)
        ]
    return theirs
