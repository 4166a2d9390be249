"""The map of the demo town as tables: pressure zones, streets, lanes. Fictional, and computes nothing."""

import msgspec

TOWN = {"zh": "云汀镇（模拟）", "en": "Yunting Town (simulated)"}
ORIGIN = (37.60, 93.20)
"""Latitude and longitude (WGS-84) of the map's south-west corner: open desert, where no town is."""
DATUM_ALTITUDE = 2850
"""Metres above sea level of the town's zero; the network's levels count from it."""
SPACING = 140.0
"""Metres between street corners."""


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """A dead-end street of narrow pipe: a hydrant opened in it starves its neighbours."""

    zh: str
    en: str
    corner: tuple[int, int]
    """Column and row of the street corner that feeds it."""
    heading: tuple[float, float]
    """Unit vector east, north in which it leaves the corner."""
    step: float
    """Metres between its hydrants."""


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """One pressure zone: a grid of streets, one hydrant at each corner, and a lane."""

    id: str
    zh: str
    en: str
    at: tuple[float, float]
    """Metres east and north of the town's corner."""
    ground: tuple[float, float]
    """Ground level in metres above datum at the zone's south and north edge."""
    demand: float
    """Average draw at one street corner, L/s."""
    streets: tuple[tuple[str, str], ...]
    """Names of the east-west streets, south to north."""
    lane: Lane


COLUMNS = 4
LANE_HYDRANTS = 3

ZONES = (
    Zone(
        id="riverside",
        zh="河滨区",
        en="Riverside",
        at=(0.0, 0.0),
        ground=(1.0, 5.0),
        demand=0.55,
        streets=(("滨河路", "Riverbank Road"), ("渡口街", "Ferry Street"), ("鱼市街", "Fish Market Street")),
        lane=Lane(zh="船坞巷", en="Boatyard Lane", corner=(0, 0), heading=(-1.0, 0.0), step=90.0),
    ),
    Zone(
        id="old-town",
        zh="老城区",
        en="Old Town",
        at=(60.0, 520.0),
        ground=(8.0, 15.0),
        demand=0.7,
        streets=(("南门街", "South Gate Street"), ("钟楼街", "Bell Tower Street"), ("书院街", "Academy Street")),
        lane=Lane(zh="织工巷", en="Weavers Lane", corner=(0, 1), heading=(-0.94, 0.34), step=85.0),
    ),
    Zone(
        id="logistics",
        zh="物流园",
        en="Logistics Park",
        at=(900.0, 380.0),
        ground=(12.0, 18.0),
        demand=0.6,
        streets=(("货运路", "Freight Road"), ("仓储路", "Depot Road"), ("集散路", "Terminal Road")),
        lane=Lane(zh="北站台支路", en="North Dock Spur", corner=(3, 2), heading=(0.8, 0.6), step=80.0),
    ),
    Zone(
        id="hill",
        zh="高坡区",
        en="Hillside",
        at=(300.0, 1120.0),
        ground=(48.0, 60.0),
        demand=0.45,
        streets=(("松林路", "Pinewood Road"), ("望云路", "Cloudview Road"), ("观星路", "Stargazer Road")),
        lane=Lane(zh="梯田巷", en="Terrace Lane", corner=(3, 2), heading=(0.9, 0.44), step=75.0),
    ),
)

DEMAND_BY_HOUR = (
    *(0.42, 0.36, 0.33, 0.33, 0.40, 0.66, 1.12, 1.52, 1.58, 1.34, 1.20, 1.16),
    *(1.22, 1.12, 1.02, 1.00, 1.08, 1.30, 1.56, 1.58, 1.38, 1.10, 0.78, 0.56),
)
"""Draw by hour of the local day as a share of the average: two peaks, a quiet night."""
