"""Grafana as code: dashboards made from device types and rules. Talks to no database while it makes them."""
