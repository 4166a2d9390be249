"""What Standpipe writes about itself for the dashboards. Decides nothing: no alarm ever waits for it or reads it."""
