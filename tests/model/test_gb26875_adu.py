"""Application data units: every type goes there and back, vendor deviations are read, the rest is refused in words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standpipe.model.errors import DecodeError
from standpipe.model.gb26875 import adu, encode, tables
from standpipe.model.gb26875.layouts import LAYOUTS
from standpipe.model.gb26875.objects import (
    Clock,
    ComponentAnalog,
    ComponentState,
    Inspection,
    SystemConfiguration,
    SystemState,
    TransmitterConfiguration,
    TransmitterState,
)
from standpipe.model.gb26875.text import read_text, write_description

FIXED = sorted(flag for flag, layout in LAYOUTS.items() if not layout.text)
AT = bytes([2, 58, 9, 26, 9, 12])


@pytest.mark.parametrize("flag", FIXED)
@settings(max_examples=25)
@given(data=st.data())
def test_every_fixed_type_goes_there_and_back(flag: int, data: st.DataObject) -> None:
    layout = LAYOUTS[flag]
    count = data.draw(st.integers(1, layout.limit))
    body = data.draw(st.binary(min_size=count * layout.shape.size, max_size=count * layout.shape.size))
    unit = adu.decode(bytes([flag, count]) + body)
    assert unit.deviation == ""
    assert encode.adu(flag, unit.objects) == bytes([flag, count]) + body


@given(texts=st.lists(st.binary(max_size=255), min_size=1, max_size=3))
def test_configurations_of_unequal_length_go_there_and_back(texts: list[bytes]) -> None:
    objects = tuple(SystemConfiguration(1, 2, text) for text in texts)
    assert adu.decode(encode.adu(6, objects)).objects == objects


def test_a_transmitter_configuration_goes_there_and_back() -> None:
    item = TransmitterConfiguration("二号楼".encode("gb18030"))
    assert adu.decode(encode.adu(26, [item])).objects == (item,)
    assert item.text == "二号楼"


@given(data=st.binary(max_size=1024))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        adu.decode(data)
    except DecodeError as err:
        assert str(err)


@pytest.mark.parametrize(
    ("data", "objects", "deviation"),
    [
        pytest.param(
            "0201 870028 4b000000 2300 2b040a100614",
            (ComponentState(135, 0, 40, 75, 0x23, b"", bytes.fromhex("2b040a100614")),),
            "component states without a description",
            id="component state of 15 bytes",
        ),
        pytest.param(
            "1501 01",
            (TransmitterState(1, b""),),
            "transmitter states without a time",
            id="transmitter state of 1 byte",
        ),
        pytest.param("16", (), "one byte only, no number of objects", id="a handshake of one byte"),
        pytest.param("cc01 0001", (), "type 204 is not the standard's", id="a vendor's own type"),
        pytest.param("0100", (), "", id="no objects at all"),
        pytest.param(
            "1c02 023a091a090c 023a091a090c",
            (Clock(AT), Clock(AT)),
            "2 objects, at most 1 are allowed",
            id="more objects than allowed",
        ),
    ],
)
def test_what_departs_from_the_standard_is_read_and_named(
    data: str, objects: tuple[object, ...], deviation: str
) -> None:
    unit = adu.decode(bytes.fromhex(data))
    assert (unit.objects, unit.deviation) == (objects, deviation)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param("", "the ADU is empty", id="nothing"),
        pytest.param("0101 0102", "2 bytes after the count, expected 1 x 10 = 10", id="cut short"),
        pytest.param("0201" + "00" * 16, "16 bytes after the count, expected 1 x 46 = 46", id="a layout of 16 bytes"),
        pytest.param("1500 01", "1 bytes after the count, expected 0 x 7 = 0", id="an object that is not counted"),
        pytest.param("0601 01", "inside the head of object 1", id="text object cut in its head"),
        pytest.param("0601 010105 4142", "a text of 5 bytes, 2 left", id="text longer than what is there"),
        pytest.param("1a01 01 4142", "1 bytes after its 1 objects", id="bytes behind a text"),
        pytest.param("3d01 0101 023a091a090c", "expected 1 x 2 = 2", id="a time where the standard has none"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data: str, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        adu.decode(bytes.fromhex(data))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b" " * 31, "", id="spaces"),
        pytest.param("厨房".encode("gb18030") + bytes(27), "厨房", id="nul behind"),
        pytest.param(
            bytes(17) + "厨房".encode("gb18030") + bytes(8) + b"\xaa\xbb", "厨房", id="nul before, stale behind"
        ),
        pytest.param(b"loop 1  " + bytes(23), "loop 1", id="spaces behind"),
        pytest.param(b"\xff\xff" + bytes(29), "��", id="no text at all"),
        pytest.param("𠮷野家".encode("gb18030").ljust(31, b"\0"), "𠮷野家", id="a character of four bytes"),
    ],
)
def test_descriptions_are_read_however_they_are_padded(content: bytes, words: str) -> None:
    assert read_text(content) == words


@given(text=st.text(alphabet=st.characters(codec="gb18030", exclude_categories=["Cs"]), max_size=40))
def test_a_description_is_never_cut_inside_a_character(text: str) -> None:
    content = write_description(text)
    assert len(content) == 31
    assert text.encode("gb18030").startswith(content.rstrip(b"\0"))
    assert text.startswith(content.rstrip(b"\0").decode("gb18030"))


@pytest.mark.parametrize(
    ("flag", "objects", "reason"),
    [
        pytest.param(1, [], "takes 1 to 102 objects, got 0", id="none"),
        pytest.param(28, [Clock(AT), Clock(AT)], "takes 1 to 1 objects, got 2", id="too many"),
        pytest.param(1, [Clock(AT)], "is made of SystemState, got Clock", id="another object"),
        pytest.param(9, [Clock(AT)], "has no layout", id="a reserved type"),
        pytest.param(28, [Clock(b"")], "time of type 28 is 0 bytes, expected 6", id="no time"),
        pytest.param(3, [ComponentAnalog(1, 1, 40, 1, 3, 40_000, AT)], "object of type 3", id="a value over 16 bits"),
        pytest.param(6, [SystemConfiguration(1, 1, bytes(256))], "text of 256 bytes", id="a long text"),
        pytest.param(91, [Inspection(300)], "object of type 91", id="a timeout over a byte"),
    ],
)
def test_the_encoder_writes_nothing_that_is_not_the_standard(flag: int, objects: list[object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        encode.adu(flag, objects)  # type: ignore[arg-type]


def test_many_objects_become_several_adus_within_the_limits() -> None:
    states = [SystemState(1, number % 256, 1, AT) for number in range(250)]
    units = encode.adus(1, states)
    assert [unit[1] for unit in units] == [102, 102, 46]
    assert max(map(len, units)) <= 1024
    assert [item for unit in units for item in adu.decode(unit).objects] == states


@pytest.mark.parametrize(
    ("code", "raw", "value", "unit"),
    [
        pytest.param(5, 42, 4.2, "kPa", id="4.2 kPa"),
        pytest.param(3, -125, -12.5, "Cel", id="-12.5 degrees"),
        pytest.param(2, 511, 5.11, "m", id="5.11 m"),
        pytest.param(6, 1000, 100.0, "%LEL", id="100 %LEL"),
        pytest.param(12, 20, 20.0, "m/s", id="20 m/s"),
    ],
)
def test_analog_values_are_exact_to_their_step(code: int, raw: int, value: float, unit: str) -> None:
    analog = tables.ANALOGS[code]
    assert (analog.value(raw), analog.unit) == (value, unit)


@pytest.mark.parametrize(
    ("code", "locale", "words"),
    [
        pytest.param(42, "zh-CN", "点型光电感烟火灾探测器", id="known, zh"),
        pytest.param(42, "en", "point photoelectric smoke detector", id="known, en"),
        pytest.param(5, "en", "reserved 5", id="reserved"),
        pytest.param(203, "zh-CN", "自定义类型203", id="user-defined"),
    ],
)
def test_every_component_code_has_a_name(code: int, locale: str, words: str) -> None:
    assert tables.words_of(tables.COMPONENTS, code, locale) == words
