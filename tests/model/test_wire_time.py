"""Times as JSON devices write them."""

import pytest

from standpipe.model.errors import DecodeError
from standpipe.model.wire_time import epoch_ms

MORNING = 1_768_435_200_000
"""2026-01-15 00:00:00 UTC."""


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(1_768_435_200, id="seconds"),
        pytest.param(1_768_435_200.0, id="seconds with a fraction"),
        pytest.param(1_768_435_200_000, id="milliseconds"),
        pytest.param("2026-01-15T00:00:00Z", id="text in UTC"),
        pytest.param("2026-01-15T08:00:00+08:00", id="text with a zone"),
        pytest.param("2026-01-15 08:00:00", id="text without a zone is local"),
    ],
)
def test_a_time_is_read_however_it_is_written(value: float | str) -> None:
    assert epoch_ms(value, utc_offset=28_800) == MORNING


def test_no_time_stays_none() -> None:
    assert epoch_ms(None, utc_offset=28_800) is None


@pytest.mark.parametrize("value", [0, -1, 1e300, float("nan"), "soon", "", "9999-12-31T23:59:59-23:59"])
def test_what_is_no_time_is_refused_naming_the_field(value: float | str) -> None:
    with pytest.raises(DecodeError, match=r"^at is "):
        epoch_ms(value, utc_offset=28_800, field="at")
