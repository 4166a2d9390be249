"""What the dashboards are fed: the wall, incidents, alerts, devices and zones as points that are declared."""

from collections.abc import Mapping

import httpx
import msgspec
import pytest

from alerting.views import AlertView, EntryView, HydrantView, IncidentView, LedgerView, NoticeView, SourceView, WallView
from plugins.catalogue import Catalogue, load_catalogue
from standpipe.model.platform import read_platform
from standpipe.model.registry import Device, Registry, Site, Zone
from standpipe.telemetry.device_points import device_points
from standpipe.telemetry.feed import Telemetry
from standpipe.telemetry.wall_points import alert_points, incident_points, latency_points, wall_points
from standpipe.telemetry.zone_hours import HOUR, zone_hours
from storage.influx.platform_points import Point, encode_points
from storage.influx.query import InfluxQuery
from storage.influx.writer import InfluxWriter

NOW = 1_795_363_200_000
"""2026-11-22 16:00 UTC, midnight of Monday in Shanghai."""
LEDGER = LedgerView(**dict.fromkeys(LedgerView.__struct_fields__))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def registry() -> Registry:
    site = Site(name={"zh": "仓库", "en": "Warehouse"}, district="north", latitude=37.6, longitude=93.2)
    zone = Zone(site="warehouse", name={"zh": "一区", "en": "One"})
    devices = {
        "HY-1": Device(type="hydrant_json", address="device:HY-1", site="warehouse", zone="one", interval="1m"),
        "HY-2": Device(type="hydrant_json", address="device:HY-2", site="warehouse", zone="one", interval="1m"),
        "SM-1": Device(type="smoke_json", address="device:SM-1", site="warehouse", interval="24h"),
    }
    return Registry(sites={"warehouse": site}, zones={"one": zone}, devices=devices)


def hydrant(id_: str, *, latitude: float, readiness: str = "usable") -> HydrantView:
    return msgspec.convert(
        {
            "id": id_, "name": id_, "zone": "one", "site": "warehouse", "readiness": readiness, "reason": {},
            "pressure": 210.0, "observed_at": NOW - 30_000, "age": 30_000, "battery": 80.0, "latitude": latitude,
            "longitude": 93.2, "alerts": [],
        },
        HydrantView,
    )  # fmt: skip


def incident(*events: tuple[str, int], notices: list[NoticeView] | None = None) -> IncidentView:
    return IncidentView(
        id="I1", signal="fire", state="suspected", title={"zh": "火警", "en": "Fire"}, site="warehouse",
        site_name={}, zone="one", zone_name={}, devices=["SM-1"], opened_at=NOW - 90_000, historic=False, actions=[],
        entries=[EntryView(at=NOW - 90_000 + ms, event=event, actor="x", text={"en": event}) for event, ms in events],
        notices=notices or [], ledger=LEDGER,
    )  # fmt: skip


def alert(rule: str, *, device: str = "HY-1", signal: str = "supervisory", since: int = NOW - 60_000) -> AlertView:
    return AlertView(
        id=f"{rule}{device}", rule=rule, device=device, name="", zone="one", signal=signal, since=since, value=120.0,
        label={"en": "low pressure"},
    )  # fmt: skip


def wall(**changes: object) -> WallView:
    hydrants = [hydrant("HY-1", latitude=37.602), hydrant("HY-2", latitude=37.601, readiness="unknown")]
    plain: dict[str, object] = {
        "at": NOW, "incidents": [incident(("alarm", 0))], "alerts": [], "hydrants": hydrants,
        "counts": {"usable": 1, "unknown": 1}, "devices_total": 3, "devices_heard": 2,
        "sources": [SourceView(collector="c1", last_contact=NOW - 2_000, silent=False)], "data_silent": False,
        "problems": [],
    }  # fmt: skip
    return WallView(**{**plain, **changes})  # type: ignore[arg-type]


def named(points: list[Point], measurement: str) -> list[Point]:
    return [point for point in points if point.measurement == measurement]


def test_every_point_is_declared(registry: Registry, catalogue: Catalogue) -> None:
    view = wall(alerts=[alert("hydrant.low_pressure")])
    points = [
        *wall_points(view, registry, language="en"),
        *incident_points(view.incidents[0], registry, language="zh"),
        *alert_points([], view.alerts, registry, language="en", now=NOW),
        *device_points(view, {"HY-1": NOW}, registry, catalogue),
    ]
    assert encode_points(points, read_platform()).count(b"\n") == len(points)


def test_the_wall_counts_fires_by_state(registry: Registry) -> None:
    confirmed = msgspec.structs.replace(incident(("alarm", 0)), state="confirmed")
    view = wall(incidents=[incident(("alarm", 0)), confirmed])
    total = named(list(wall_points(view, registry, language="en")), "wall")[0].fields
    assert (total["suspected"], total["confirmed"], total["incidents"], total["unusable"]) == (1, 1, 2, 0)


def test_open_incidents_stand_in_slots_with_their_age(registry: Registry) -> None:
    found = named(list(wall_points(wall(), registry, language="zh")), "open_incident")[0]
    assert (found.tags["slot"], found.fields["title"], found.fields["age"]) == ("01", "火警", 90.0)


def test_the_nearest_hydrant_comes_first_with_its_state(registry: Registry) -> None:
    near = named(list(wall_points(wall(), registry, language="en")), "incident_hydrant")
    assert [(one.tags["rank"], one.fields["device"], one.fields["readiness"]) for one in near] == [
        ("01", "HY-2", 0),
        ("02", "HY-1", 3),
    ]
    assert near[0].fields["distance"] == pytest.approx(111.3, abs=0.1)


def test_an_incidents_events_keep_their_own_times(registry: Registry) -> None:
    case = incident(("alarm", 0), ("alarm", 5_000), ("acknowledge", 20_000), ("clear", 30_000), ("false_alarm", 60_000))
    points = list(incident_points(case, registry, language="en"))
    assert [(p.tags["event"], p.fields["after"], p.fields["false_alarm"]) for p in points] == [
        ("opened", 0.0, None),
        ("acknowledged", 20.0, None),
        ("false_alarm", 60.0, 1),
    ]
    assert points[1].at == NOW - 70_000


def test_notices_of_one_step_do_not_overwrite_each_other(registry: Registry) -> None:
    sent = NoticeView(
        step=1, person="a", channel="sms", to="*", state="delivered", due_at=NOW, sent_at=NOW, receipt_at=NOW + 1_500,
        attempts=1, error="",
    )  # fmt: skip
    waiting = msgspec.structs.replace(sent, sent_at=None, receipt_at=None, state="due")
    case = incident(notices=[sent, msgspec.structs.replace(sent, person="b"), waiting])
    points = named(list(incident_points(case, registry, language="en")), "notice")
    assert len({point.at for point in points}) == len(points) == 2
    assert points[0].fields["receipt"] == 1.5


def test_latency_is_counted_from_receipt() -> None:
    quick = msgspec.structs.replace(LEDGER, received=NOW, stored=NOW + 4, handed_over=NOW + 40)
    slow = msgspec.structs.replace(quick, handed_over=NOW + 200)
    old = msgspec.structs.replace(quick, handed_over=NOW + 9_000)
    cases = [msgspec.structs.replace(incident(), ledger=ledger) for ledger in (quick, slow)]
    cases.append(msgspec.structs.replace(incident(), ledger=old, historic=True))
    found = {point.tags["stage"]: point.fields for point in latency_points(cases, at=NOW)}
    assert found["stored"] == {"p50": 0.004, "p99": 0.004}
    assert found["handed_over"] == {"p50": pytest.approx(0.12), "p99": 0.2}


def test_an_alert_is_written_when_it_begins_and_when_it_ends(registry: Registry) -> None:
    one = alert("hydrant.low_pressure")
    began = list(alert_points([], [one], registry, language="en", now=NOW))
    ended = list(alert_points([one], [], registry, language="en", now=NOW))
    assert [(p.tags["state"], p.at) for p in (*began, *ended)] == [("firing", one.since), ("resolved", NOW)]
    assert list(alert_points([one], [one], registry, language="en", now=NOW)) == []


HEARD = {"fresh": {"HY-1": NOW - 60_000}, "late": {"HY-1": NOW - 151_000}, "never": {}}


@pytest.mark.parametrize(("case", "online", "age"), [("fresh", 1, 60.0), ("late", 0, 151.0), ("never", 0, None)])
def test_a_device_is_online_by_its_own_interval(
    case: str, online: int, age: float | None, registry: Registry, catalogue: Catalogue
) -> None:
    points = list(device_points(wall(), HEARD[case], registry, catalogue))
    found = next(p for p in named(points, "device_health") if p.tags["device"] == "HY-1")
    assert (found.fields["online"], found.fields["age"]) == (online, age)


@pytest.mark.parametrize(("signal", "intact"), [("fault", 0), ("shielded", 0), ("supervisory", 1)])
def test_a_fault_makes_a_facility_not_intact(
    signal: str, intact: int, registry: Registry, catalogue: Catalogue
) -> None:
    view = wall(alerts=[alert("x.y", device="HY-1/1.1.40.7", signal=signal)])
    points = list(device_points(view, {"HY-1": NOW}, registry, catalogue))
    fleet = next(p for p in named(points, "fleet") if p.tags["kind"] == "hydrant")
    assert fleet.fields["intact"] == intact
    assert (fleet.fields["total"], fleet.fields["unknown"]) == (2, 1)


async def test_zone_hours_are_stamped_with_local_time(registry: Registry) -> None:
    at = NOW - HOUR

    def answer(request: httpx.Request) -> httpx.Response:
        good = b"compliant" in request.content
        columns = ["time", "compliant"] if good else ["time", "minimum", "mean", "maximum", "samples"]
        row = [at, 9] if good else [at, 130.0, 180.0, 210.0, 12]
        series = {"name": "hydrant", "tags": {"zone": "one", "site": "warehouse"}, "columns": columns, "values": [row]}
        return httpx.Response(200, json={"results": [{"series": [series]}]})

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://x")
    points = await zone_hours(InfluxQuery(client, "town"), registry, now=NOW)
    assert points[0].tags == {"site": "warehouse", "zone": "one", "district": ""}
    assert (points[0].fields["weekday"], points[0].fields["hour"]) == (7, 23)
    assert (points[0].fields["samples"], points[0].fields["compliant"]) == (12, 9)


class Database:
    """A transport of the writer that can be away."""

    def __init__(self) -> None:
        self.taken = b""
        self.away = False

    def post(self, body: bytes, *, encoding: str) -> tuple[int, str, Mapping[str, str]]:
        if self.away:
            return 503, "away", {}
        self.taken += body
        return 204, "", {}

    def close(self) -> None:
        return


class Service:
    """Alerting, as the feed sees it."""

    def __init__(self) -> None:
        self.now = wall()

    def wall(self, now: int) -> WallView:
        return self.now

    def incident(self, id_: str) -> IncidentView | None:
        return incident(("alarm", 0), ("false_alarm", 60_000)) if id_ == "I1" else None


def telemetry(service: Service, database: Database, registry: Registry, catalogue: Catalogue) -> Telemetry:
    client = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, json={"results": [{}]})), base_url="http://x"
    )
    return Telemetry(
        service, registry, catalogue, writer=InfluxWriter(database), query=InfluxQuery(client, "town"),
        heard=lambda: {"HY-1": NOW}, clock=lambda: NOW, language="en",
    )  # fmt: skip


async def test_an_incident_that_closed_is_written_once_more(registry: Registry, catalogue: Catalogue) -> None:
    service, database = Service(), Database()
    feed = telemetry(service, database, registry, catalogue)
    await feed.round(0)
    service.now = wall(incidents=[])
    database.taken = b""
    await feed.round(1)
    assert b"incident,district=north,event=false_alarm" in database.taken
    database.taken = b""
    await feed.round(2)
    assert b"incident,district=north" not in database.taken
    assert b"wall " in database.taken


async def test_a_database_that_is_away_is_no_failure(
    registry: Registry, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    service, database = Service(), Database()
    feed = telemetry(service, database, registry, catalogue)
    database.away = True
    await feed.round(0)
    await feed.round(1)
    assert sum("not fed" in record.message for record in caplog.records) == 1
    database.away = False
    await feed.round(2)
    assert database.taken.startswith(b"wall ")
