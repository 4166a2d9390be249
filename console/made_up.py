"""Hydrants, alerts and incidents that nobody has: material for rehearsals. Never asks the time, never keeps a state."""

from random import Random

from msgspec.structs import replace

from alerting import incidents
from alerting.views import AlertView, EntryView, HydrantView, IncidentView, LedgerView, NoticeView, Readiness
from standpipe.model.signal import Signal

REASONS: dict[Readiness, dict[str, str]] = {
    "usable": {"zh": "140 kPa 以上，数据新鲜", "en": "140 kPa or more, fresh"},
    "degraded": {"zh": "低于 140 kPa（GB 55036 3.0.3）", "en": "below 140 kPa (GB 55036 3.0.3)"},
    "unusable": {"zh": "低于 100 kPa，无法供水", "en": "below 100 kPa, cannot supply"},
    "unknown": {"zh": "超过上报周期未收到数据", "en": "nothing heard within its interval"},
}
_STREETS = ("N", "E", "S", "W", "C")
_FRESH = 750_000


def hydrant(number: int, now: int, dice: Random) -> HydrantView:
    """Return a usable hydrant with fresh data, somewhere on a grid of streets."""
    street = _STREETS[number % 5]
    return HydrantView(
        id=f"HY-{number:03d}",
        name=f"{street}-{number:03d}",
        zone=f"zone-{street}",
        site="town",
        readiness="usable",
        reason=REASONS["usable"],
        pressure=round(dice.uniform(210, 420), 1),
        observed_at=now - dice.randint(1_000, 280_000),
        age=None,
        battery=float(dice.randint(30, 100)),
        latitude=36.617 + (number // 10) * 0.0022 + dice.uniform(-0.0005, 0.0005),
        longitude=101.778 + (number % 10) * 0.0031 + dice.uniform(-0.0005, 0.0005),
        alerts=[],
    )


def aged(one: HydrantView, now: int) -> HydrantView:
    """Return the hydrant with its age, and ungraded when its data are too old for any grade."""
    if one.observed_at is None:
        return one
    age = now - one.observed_at
    if age > _FRESH and one.readiness != "unknown":
        return replace(one, age=age, readiness="unknown", reason=REASONS["unknown"])
    return replace(one, age=age)


def alert(
    id_: str, device: str, at: HydrantView | None, label: dict[str, str], value: float | None, since: int
) -> AlertView:
    """Return a low-pressure rule firing on a device, a hydrant or not, since `since` (epoch ms)."""
    name, zone = (at.name, at.zone) if at else (device, "")
    return AlertView(
        id=id_,
        rule="hydrant.low_pressure",
        device=device,
        name=name,
        zone=zone,
        signal="supervisory",
        since=since,
        value=value,
        label=label,
    )


def incident(id_: str, now: int, *, signal: str, site: tuple[str, str], zone: tuple[str, str]) -> IncidentView:
    """Return a suspected incident just opened, its first notices sent; names are (Chinese, English)."""
    ledger = LedgerView(
        device=now - 1_240, received=now - 62, stored=now - 55, accepted=now - 31, opened=now - 22, displayed=None,
        handed_over=now - 4, delivered=None, acknowledged=None, confirmed=None,
    )  # fmt: skip
    entries = [EntryView(at=now - 22, event="alarm", actor="", text={"zh": "探测器报火警", "en": "detector alarm"})]
    notice = NoticeView(
        step=0, person="duty", channel="sms", to="138****2046", state="sent", due_at=now - 22, sent_at=now - 4,
        receipt_at=None, attempts=1, error="",
    )  # fmt: skip
    plan = [
        replace(notice, person="马建国", state="delivered", receipt_at=now + 900),
        replace(notice, person="仓库微型消防站", to="139****7713"),
        replace(notice, step=1, person="李秀英", to="137****0098", state="due", due_at=now + 60_000, sent_at=None),
    ]
    return IncidentView(
        id=id_, signal=signal, state="suspected", title={"zh": "探测器报警", "en": "detector alarm"},
        site="site", site_name={"zh": site[0], "en": site[1]},
        zone="zone", zone_name={"zh": zone[0], "en": zone[1]},
        devices=["smoke-0042"], opened_at=now - 22, historic=False, entries=entries, notices=plan, ledger=ledger,
        actions=[event.value for event in incidents.actions(incidents.State.SUSPECTED, Signal(signal))],
    )  # fmt: skip
