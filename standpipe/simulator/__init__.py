"""Devices for testing a centre, ours or anybody's. Never imported by what runs in earnest."""
