"""UCUM codes of the manifests to Grafana's unit ids, and the ids that Grafana knows. Converts no values."""

GRAFANA_UNITS = {
    "kPa": "pressurekpa",
    "Cel": "celsius",
    "m": "lengthm",
    "L/s": "suffix: L/s",
    "m3": "m3",
    "m3/min": "suffix: m³/min",
    "m/s": "velocityms",
    "%LEL": "suffix: %LEL",
    "[ppm]": "ppm",
    "mA": "mamp",
    "V": "volt",
    "%": "percent",
    "dBm": "dBm",
    "dB": "dB",
    "deg": "degree",
    "s": "s",
    "1": "none",
    "bool": "bool_yes_no",
    "enum": "string",
    "text": "string",
    "By": "bytes",
}
"""UCUM code -> Grafana unit id. L/s and m³/min have no id that is not scaled by SI prefixes, so they are suffixes."""

ALLOWED_PREFIXES = ("prefix:", "suffix:", "time:", "si:", "count:", "currency:", "bool:")
"""Unit ids that Grafana composes."""

_IDS = """
    none string short sishort percent percentunit humidity dB candela hex0x hex sci locale pixel ppm degree radian
    areaM2 hectares bytes decbytes bits decbits kbytes mbytes gbytes tbytes pps bps Bps KiBs MiBs
    dateTimeAsIso dateTimeAsIsoNoDateIfToday dateTimeAsLocal dateTimeAsLocalNoDateIfToday dateTimeAsSystem
    dateTimeFromNow watt kwatt watth kwatth amp mamp volt kvolt mvolt dBm mohm ohm kohm litreh flowlpm flowmlpm
    flowcms lux lengthmm lengthm lengthkm massg masskg pressurembar pressurebar pressurekbar pressurepa pressurehpa
    pressurekpa pressurehg pressurepsi celsius fahrenheit kelvin hertz ns µs ms s m h d dtdurationms dtdurations dthms
    dtdhms timeticks clockms clocks cps ops reqps rps wps iops eps mps recps rowsps cpm opm reqpm rpm wpm epm mpm recpm
    rowspm velocityms velocitykmh mlitre litre m3 Nm3 dm3 bool bool_yes_no bool_on_off
    """

KNOWN_UNITS = frozenset(_IDS.split())
"""Those of Grafana 12.4's unit ids that a fire and water installation can have a use for."""


def grafana_unit(ucum: str) -> str:
    """Return Grafana's id for a manifest's unit. Raises KeyError for a code that has none."""
    return GRAFANA_UNITS[ucum]


def is_known(unit: str) -> bool:
    """Return whether Grafana formats this id; it prints an unknown one as a suffix without a word."""
    return not unit or unit in KNOWN_UNITS or unit.startswith(ALLOWED_PREFIXES)
