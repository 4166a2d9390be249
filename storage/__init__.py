"""What is kept: time series behind the InfluxDB API, records in SQL. Never decides anything about an alarm."""
