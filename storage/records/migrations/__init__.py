"""Schema revisions, run at start."""
