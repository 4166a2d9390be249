"""Standpipe: a monitoring stack for fire-safety IoT. This package holds the nouns (model) and the doors (cli)."""

__version__ = "0.1.0"
