"""Device types, one folder each, and what reads, checks and tries those folders. Knows no socket and no database."""
