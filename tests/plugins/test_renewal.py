"""Reloading device types while the collector runs: what has changed is proven first, and what fails stays old."""

from pathlib import Path

import pytest

from plugins.catalogue import Catalogue, load_catalogue
from plugins.renewal import renew
from plugins.scaffold import write_folder
from standpipe.model.errors import Fault
from standpipe.model.reading import Uplink


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "vendor_model"
    write_folder(made, kind="hydrant")
    (made / "samples" / "from_your_device.toml").unlink()
    return made


@pytest.fixture
def current(folder: Path) -> Catalogue:
    return load_catalogue([folder])


def pressure(catalogue: Catalogue) -> object:
    uplink = Uplink(source="test", address="device:x", payload=b'{"pressure": 320}', received_at=0)
    return catalogue.types["vendor_model"].decode(uplink)[0].fields["pressure"]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_nothing_changed_is_the_same_types(folder: Path, current: Catalogue) -> None:
    found = renew(current, [folder])
    assert (found.changed, found.gone, found.refused) == ([], [], [])
    assert all(found.catalogue.types[name] is loaded for name, loaded in current.types.items())


def test_a_changed_codec_that_conforms_is_used(folder: Path, current: Catalogue) -> None:
    edit(folder / "codec.py", "message.pressure}", "message.pressure * 10}")
    for sample in ("quiescent", "low_pressure"):
        path = folder / "samples" / f"{sample}.toml"
        path.write_text(
            path.read_text(encoding="utf-8").replace('"pressure": 320.0', '"pressure": 32.0'), encoding="utf-8"
        )
        path.write_text(
            path.read_text(encoding="utf-8").replace('"pressure": 120.0', '"pressure": 12.0'), encoding="utf-8"
        )
    found = renew(current, [folder])
    assert (found.changed, found.refused, pressure(found.catalogue)) == (["vendor_model"], [], 3200.0)


def test_a_changed_codec_that_does_not_conform_is_refused_and_the_old_one_stays(
    folder: Path, current: Catalogue
) -> None:
    edit(folder / "codec.py", "message.pressure}", "message.pressure * 10}")
    found = renew(current, [folder])
    assert (found.changed, pressure(found.catalogue)) == ([], 320.0)
    assert "fields.pressure: the codec gives 3200.0, not 320.0" in "\n".join(map(str, found.refused))


def test_a_file_that_is_broken_is_refused_and_the_old_one_stays(folder: Path, current: Catalogue) -> None:
    (folder / "device.toml").write_text("name = \n", encoding="utf-8")
    found = renew(current, [folder])
    assert pressure(found.catalogue) == 320.0
    assert "not TOML" in str(found.refused[0])


def test_a_new_folder_is_found(folder: Path) -> None:
    found = renew(load_catalogue(), [folder])
    assert (found.changed, found.refused) == (["vendor_model"], [])


def test_a_new_folder_that_contradicts_the_others_is_left_out(folder: Path) -> None:
    edit(folder / "device.toml", "below = 140", "below = 130")
    found = renew(load_catalogue(), [folder])
    assert "vendor_model" not in found.catalogue.types
    assert "differs from the rule hydrant.low_pressure" in str(found.refused[0])


def test_a_folder_that_was_taken_away_is_gone(folder: Path, current: Catalogue) -> None:
    found = renew(current, [])
    assert (found.gone, found.changed) == (["vendor_model"], [])


def test_a_codec_that_never_ends_costs_its_own_process_and_stays_old(
    folder: Path, current: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.proving.PATIENCE", 3.0)
    path = folder / "codec.py"
    path.write_text(path.read_text(encoding="utf-8") + "\nwhile True:\n    pass\n", encoding="utf-8")
    found = renew(current, [folder])
    assert pressure(found.catalogue) == 320.0
    assert "the codec loops" in str(found.refused[0])


def test_a_folder_that_changes_while_it_is_tested_is_refused(folder: Path, current: Catalogue) -> None:
    (folder / "notes.txt").write_text("one", encoding="utf-8")

    def proof(proven: Path) -> list[Fault]:
        (proven / "notes.txt").write_text("two", encoding="utf-8")
        return []

    found = renew(current, [folder], proof=proof)
    assert found.changed == []
    assert "reload again" in str(found.refused[0])
