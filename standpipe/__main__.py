"""`python -m standpipe` is the same as the command `standpipe`."""

import sys

from standpipe.cli import main

if __name__ == "__main__":
    sys.exit(main())
