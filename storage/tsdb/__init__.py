"""The embedded time-series store for one machine, behind the InfluxDB HTTP API. Never needed by an alarm."""
