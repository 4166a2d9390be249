"""Makes a new catalogue out of the one in use and what changed on disk. A type that fails its suite stays old."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from plugins.catalogue import Catalogue, LoadedType, disagreements, find_folders, fingerprint, load_folder
from plugins.conformance import checks
from standpipe.model.errors import ConfigError, Fault


class Renewed(msgspec.Struct, frozen=True):
    """What a reload found."""

    catalogue: Catalogue
    changed: list[str]
    """Device types that are new or another than before."""
    gone: list[str]
    """Device types whose folder is no longer there."""
    refused: list[Fault]
    """Why a changed folder is not used. Its old version stays, a new one is left out."""


def renew(current: Catalogue, extra: Iterable[Path] = ()) -> Renewed:
    """Return the catalogue as it should be now. Changed folders run the conformance suite first. Raises nothing."""
    refused: list[Fault] = []
    types: dict[str, LoadedType] = {}
    changed: list[str] = []
    for folder in find_folders(extra, refused):
        old = current.types.get(folder.name)
        if folder.name in types:
            refused.append(
                Fault(str(folder), "", f"the name {folder.name!r} is taken by {types[folder.name].type.folder}")
            )
            continue
        if old is not None and old.type.folder == str(folder) and old.fingerprint == fingerprint(folder):
            types[folder.name] = old
            continue
        new, faults = _proven(folder, types)
        refused.extend(faults)
        if new is not None:
            types[folder.name] = new
            changed.append(folder.name)
        elif old is not None:
            types[folder.name] = old
    return Renewed(Catalogue(types), changed, sorted(current.types.keys() - types.keys()), refused)


def _proven(folder: Path, others: dict[str, LoadedType]) -> tuple[LoadedType | None, list[Fault]]:
    """Return a folder's device type when it conforms and goes with the others, else why not."""
    faults = [fault for _, check in checks(folder) for fault in check()]
    if faults:
        return None, faults
    try:
        new = load_folder(folder)
    except ConfigError as err:
        return None, err.faults
    faults = disagreements({**others, folder.name: new})
    return (None if faults else new), faults
