"""`python -m authmux.cli`, where the console script is not on the path."""

import sys

from authmux.cli.program import main

if __name__ == "__main__":
    sys.exit(main())
