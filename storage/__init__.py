"""What is kept: time series, durable logs, and records. Knows nothing of devices' bytes or people's screens."""
