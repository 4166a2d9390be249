"""Readings in, people told: rules, incidents, escalation, delivery."""
