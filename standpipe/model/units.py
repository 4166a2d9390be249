"""The closed list of units, UCUM codes, one per quantity. A device declares one of these or is refused."""

UNITS: dict[str, str] = {
    "kPa": "pressure (gauge)",
    "Cel": "temperature",
    "m": "level or length",
    "L/s": "flow",
    "m3": "volume",
    "m3/min": "air volume flow",
    "m/s": "speed",
    "%LEL": "combustible gas",
    "[ppm]": "gas concentration",
    "mA": "current, residual or load",
    "V": "voltage",
    "%": "share: battery, humidity, opening",
    "dBm": "radio signal strength",
    "dB": "ratio, signal to noise",
    "deg": "angle",
    "s": "duration",
    "1": "count",
    "bool": "yes or no",
    "enum": "one of the declared names",
    "text": "words for a person; never compared by a rule",
}
"""Unit code -> quantity. `bool`, `enum` and `text` are value kinds rather than UCUM codes."""
