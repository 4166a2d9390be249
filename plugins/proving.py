"""Runs the conformance suite on a folder in a process of its own. Never lets a codec on trial into this one.

A codec that loops for ever, eats memory or leaves with an exit costs that process its life and the folder its proof.
"""

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from plugins.conformance import checks
from standpipe.model.errors import Fault

PATIENCE = 120.0
"""Seconds for the suite of one folder, which takes two or three."""


def prove(folder: Path) -> list[Fault]:
    """Return what is wrong in a device folder; blocks the calling thread. Raises nothing."""
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        ran = subprocess.run(  # noqa: S603 - our own module, on a folder that the operator configured
            [sys.executable, "-m", "plugins.proving", str(folder)],
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        return msgspec.json.decode(ran.stdout, type=list[Fault])
    except subprocess.TimeoutExpired:
        reason = f"the suite took longer than {PATIENCE:g} s: the codec loops, or it is far too slow"
    except (OSError, subprocess.CalledProcessError, msgspec.DecodeError) as err:
        words = getattr(err, "stderr", None) or str(err).encode()
        reason = f"the suite died: {words.decode(errors='replace').strip().rpartition(chr(10))[2][:300]}"
    return [Fault(str(folder), "", reason)]


if __name__ == "__main__":
    answer, sys.stdout = sys.stdout, sys.stderr
    answer.buffer.write(msgspec.json.encode([fault for _, check in checks(Path(sys.argv[1])) for fault in check()]))
