"""Can a fire engine draw from this hydrant? A grade from its last pressure and the age of it. Pure.

Never `usable` without fresh data: limits are GB 55036-2022 3.0.3 (0.14 MPa running, 0.10 MPa in use).
"""

from alerting.views import Readiness

USABLE_KPA = 140.0
LEAST_KPA = 100.0
STALE_INTERVALS = 2.5
"""Data older than this many reporting intervals says nothing any more."""

_UNUSABLE: Readiness = "unusable"
_DEGRADED: Readiness = "degraded"
_REASONS = {
    "never": {"zh": "从未收到数据", "en": "no data yet"},
    "stale": {"zh": "数据过期", "en": "data too old"},
    "barrel": {"zh": "传感器在阀后，不反映管网压力", "en": "the sensor sits behind the valve"},
    "suspect": {"zh": "数据可疑", "en": "data suspect"},
}


def grade(
    *, pressure: float | None, observed_at: int | None, interval: int, now: int, suspect: bool, mounting: str
) -> tuple[Readiness, dict[str, str]]:
    """Return the grade and why, by language. Pressure in kPa gauge, times and interval in ms."""
    if mounting == "barrel":
        return "unknown", _REASONS["barrel"]
    if pressure is None or observed_at is None:
        return "unknown", _REASONS["never"]
    if now - observed_at > STALE_INTERVALS * interval:
        return "unknown", _REASONS["stale"]
    shown = f"{pressure:.0f} kPa"
    if pressure < USABLE_KPA:
        limit, readiness = (LEAST_KPA, _UNUSABLE) if pressure < LEAST_KPA else (USABLE_KPA, _DEGRADED)
        return readiness, {"zh": f"水压 {shown}，低于 {limit:.0f} kPa", "en": f"{shown}, under {limit:.0f} kPa"}
    return ("degraded", _REASONS["suspect"]) if suspect else ("usable", {"zh": f"水压 {shown}", "en": shown})
