"""The dashboards, one file each: what is asked and how it is shown. Words are in words.toml."""
