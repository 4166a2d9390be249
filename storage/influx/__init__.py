"""Writing to and asking an InfluxDB, real or embedded. Never knows which of the two it talks to."""
