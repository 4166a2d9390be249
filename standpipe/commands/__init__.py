"""One file per command. Each has `arguments(parser)`, which names its options and sets `run`."""
