"""`python -m bench [NAME …]`: run the benchmarks and print a line per figure.

A benchmark is a module of this folder with `figures()`, which yields `Figure`s as it gets them.
"""

import importlib
import os
import platform
import sys
from pathlib import Path

PARTS = {"__init__", "__main__", "figure", "rig", "load"}
"""Modules that benchmarks are made of."""


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; return 2 for a name that is none."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in PARTS)
    known = [name for name in known if hasattr(importlib.import_module(f"bench.{name}"), "figures")]
    if unknown := [name for name in names if name not in known]:
        print(f"no benchmark {', '.join(unknown)}; known: {', '.join(known)}", file=sys.stderr)
        return 2
    load = os.getloadavg()[0]
    print(f"# {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load before {load:.2f}")
    if load > 0.5:
        print("# the machine is busy: rates are lower and latencies higher than they would be")
    for name in names or known:
        for figure in importlib.import_module(f"bench.{name}").figures():
            print(figure, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
