"""The plugin author's tools: a new folder, what the suite says of it, the certificate, trying a payload."""

from pathlib import Path

import pytest

from plugins import certify, conformance
from plugins.catalogue import load_folder
from plugins.scaffold import PRESETS, write_folder
from plugins.trying import try_payload
from standpipe.model.errors import ConfigError


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A new folder whose failing sample has been taken away, so that it conforms."""
    made = tmp_path / "vendor_model"
    write_folder(made, kind="hydrant")
    (made / "samples" / "from_your_device.toml").unlink()
    return made


def problems(folder: Path) -> str:
    return "\n".join(str(fault) for fault in conformance.test_folder(folder))


@pytest.mark.parametrize("kind", [*PRESETS, "fan"])
def test_a_new_folder_fails_in_one_sample_only(tmp_path: Path, kind: str) -> None:
    made = tmp_path / "vendor_model"
    write_folder(made, kind=kind)
    assert [Path(fault.file).name for fault in conformance.test_folder(made)] == ["from_your_device.toml"]


@pytest.mark.parametrize("kind", [*PRESETS, "fan"])
def test_a_new_folder_conforms_without_that_sample(tmp_path: Path, kind: str) -> None:
    made = tmp_path / "vendor_model"
    write_folder(made, kind=kind)
    (made / "samples" / "from_your_device.toml").unlink()
    assert problems(made) == ""


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        pytest.param("Vendor-Model", "hydrant", "'Vendor-Model' must be snake_case", id="name"),
        pytest.param("vendor", "Hydrant!", "'Hydrant!' must be snake_case", id="kind"),
    ],
)
def test_a_folder_with_a_wrong_name_is_not_written(tmp_path: Path, name: str, kind: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        write_folder(tmp_path / name, kind=kind)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_never_overwritten(folder: Path) -> None:
    with pytest.raises(ConfigError, match="is there already"):
        write_folder(folder, kind="hydrant")


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        pytest.param(
            "samples/quiescent.toml", "pressure = 320.0 }", "pressure = 321.0 }",
            "quiescent.toml:3: fields.pressure: the codec gives 320.0, not 321.0", id="a wrong value",
        ),
        pytest.param(
            "samples/low_pressure.toml", 'raises  = ["low_pressure"]', "",
            "raises: is ['low_pressure'], the sample says []", id="a rule that is not expected",
        ),
        pytest.param(
            "samples/quiescent.toml", "2026-01-15T00:00:00Z", "2026-01-15T08:00:00Z",
            "observed_at: is '2026-01-15T00:00:00.000Z', the sample says '2026-01-15T08:00:00.000Z'", id="a wrong time",
        ),
        pytest.param(
            "samples/malformed.toml", 'error   = "truncated"', "",
            'change codec.py, or write error = "…" instead', id="a payload that is refused",
        ),
        pytest.param(
            "samples/malformed.toml", '{"pressure": \'', '{"pressure": 300}\'',
            "error: the codec accepts it", id="a payload that is not refused",
        ),
        pytest.param(
            "samples/quiescent.toml", "fields ", "feilds ",
            "feilds: unknown key; did you mean 'fields'?", id="an unknown key",
        ),
        pytest.param(
            "device.toml", "[rules.low_pressure]",
            '[metrics.battery]\nunit = "%"\nlabel = { zh = "电量", en = "battery" }\n[rules.low_pressure]',
            "metrics.battery: no sample shows it; add it to a file in samples/, or remove battery", id="unseen",
        ),
        pytest.param(
            "device.toml", "below = 140", "below = 90",
            "rules.low_pressure: no sample raises it; add a sample with pressure below 90", id="a rule nobody raised",
        ),
        pytest.param(
            "device.toml", "below = 140\nclear = 150", "below = 400",
            "rules.low_pressure: no sample shows pressure on the good side of its limit", id="a rule always raised",
        ),
        pytest.param(
            "device.toml", "signals = []", 'signals = ["fire"]', "no sample has fire on", id="a signal nobody saw",
        ),
        pytest.param(
            "device.toml", 'status = "bench"', 'status = "field"',
            'status: is "field": add `firmware = "…"` to a captured sample', id="field without capture",
        ),
        pytest.param(
            "codec.py", "except (msgspec.DecodeError, UnicodeDecodeError) as err", "except UnicodeDecodeError as err",
            "let it raise DecodeError", id="a codec that lets errors through",
        ),
        pytest.param(
            "codec.py", "    at = epoch_ms", "    return None\n    at = epoch_ms",
            "must return a list", id="a codec that returns nothing",
        ),
    ],
)  # fmt: skip
def test_the_suite_names_file_key_and_fix(folder: Path, file: str, old: str, new: str, says: str) -> None:
    replace(folder / file, old, new)
    assert says in problems(folder)


@pytest.mark.parametrize("sample", ["quiescent", "malformed"])
def test_a_folder_without_such_a_sample_is_refused(folder: Path, sample: str) -> None:
    (folder / "samples" / f"{sample}.toml").unlink()
    assert f"no sample is {sample}" in problems(folder)


def test_a_folder_without_a_device_is_refused(tmp_path: Path) -> None:
    assert "holds no device.toml" in problems(tmp_path)


def test_a_conforming_folder_is_certified(folder: Path) -> None:
    certificate = certify.certify(folder)
    assert (certificate.frames, certificate.faults, certificate.passed) == (30_000, [], True)
    assert str(certificate).endswith("vendor_model: certified")
    assert certificate.seconds < 10


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            "    try:", "    if not uplink.payload.endswith(b'}'):\n        raise KeyError('x')\n    try:",
            "KeyError: 'x'; let it raise DecodeError", id="fails on damage",
        ),
        pytest.param(
            "    at = epoch_ms", "    SEEN.append(1)\n    message = Message(float(len(SEEN)))\n    at = epoch_ms",
            "for the same bytes the second time; a codec remembers nothing", id="remembers",
        ),
        pytest.param(
            "    at = epoch_ms", "    SEEN.append(bytes(4096))\n    at = epoch_ms",
            "after a thousand frames; a codec remembers nothing", id="leaks",
        ),
        pytest.param(
            "    at = epoch_ms", "    pow(3, 10**800, 10**900 + 7)\n    at = epoch_ms", "us per frame; 1000", id="slow",
        ),
    ],
)  # fmt: skip
def test_a_codec_that_wears_badly_is_not_certified(folder: Path, old: str, new: str, says: str) -> None:
    replace(folder / "codec.py", old, new)
    replace(folder / "codec.py", "class Message", "SEEN: list[object] = []\n\n\nclass Message")
    certificate = certify.certify(folder, frames=50)
    assert says in "\n".join(str(fault) for fault in certificate.faults)


def test_trying_a_payload_shows_the_readings_and_the_rules_that_would_fire(folder: Path) -> None:
    tried = try_payload(load_folder(folder), b'{"pressure": 120}', received_at=0)
    assert [(one.fields, one.fires) for one in tried] == [({"pressure": 120.0}, ["hydrant.low_pressure"])]


def test_a_folder_that_contradicts_another_device_type_is_refused(folder: Path) -> None:
    replace(folder / "device.toml", "below = 140", "below = 130")
    assert "differs from the rule hydrant.low_pressure in" in problems(folder)
