"""Makes a new catalogue out of the one in use and what changed on disk. A type that fails its suite stays old."""

from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import TypeAlias

import msgspec

from plugins.catalogue import Catalogue, LoadedType, disagreements, find_folders, fingerprint, load_folder
from plugins.proving import prove
from standpipe.model.errors import ConfigError, Fault

Proof: TypeAlias = Callable[[Path], list[Fault]]
"""Returns what is wrong in a device folder."""


class Renewed(msgspec.Struct, frozen=True):
    """What a reload found."""

    catalogue: Catalogue
    changed: list[str]
    """Device types that are new or another than before."""
    gone: list[str]
    """Device types whose folder is no longer there."""
    refused: list[Fault]
    """Why a changed folder is not used. Its old version stays, a new one is left out."""


def renew(
    current: Catalogue, extra: Iterable[Path] = (), *, needed: Container[str] = (), proof: Proof = prove
) -> Renewed:
    """Return the catalogue as it should be now. Changed folders run the conformance suite first. Raises nothing.

    `needed`: device types that devices are registered as; one whose folder has gone stays, and that is told. Blocks for
    seconds where something has changed.
    """
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
        new, faults = _proven(folder, types, proof)
        refused.extend(faults)
        if new is not None:
            types[folder.name] = new
            changed.append(folder.name)
        elif old is not None:
            types[folder.name] = old
    gone = sorted(current.types.keys() - types.keys())
    for name in [name for name in gone if name in needed]:
        types[name] = current.types[name]
        refused.append(Fault(types[name].type.folder, "", "has gone while devices are registered as it: put it back"))
        gone.remove(name)
    if changed and (faults := disagreements(types)):
        # What stayed old does not go with what is new: all or nothing.
        return Renewed(current, [], [], refused + faults)
    return Renewed(Catalogue(types), changed, gone, refused)


def _proven(folder: Path, others: dict[str, LoadedType], proof: Proof) -> tuple[LoadedType | None, list[Fault]]:
    """Return a folder's device type when it conforms and goes with the others, else why not."""
    proven = fingerprint(folder)
    if faults := proof(folder):
        return None, faults
    try:
        new = load_folder(folder)
    except (ConfigError, OSError) as err:
        return None, err.faults if isinstance(err, ConfigError) else [Fault(str(folder), "", str(err))]
    if new.fingerprint != proven:
        return None, [Fault(str(folder), "", "was changed while it was being tested: reload again")]
    faults = disagreements({**others, folder.name: new})
    return (None if faults else new), faults
