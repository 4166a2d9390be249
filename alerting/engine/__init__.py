"""Readings to alerts: rules compiled to functions, folded over each device's samples in event time. Pure throughout."""
