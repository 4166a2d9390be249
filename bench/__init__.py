"""Measures Standpipe beside its peers, in one run on one machine. Asserts nothing: it prints figures."""
