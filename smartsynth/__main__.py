"""`python -m smartsynth` is the command `smartsynth`."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the command `smartsynth`; Ctrl-C is answered in words while it is still being loaded, too."""
    try:
        from smartsynth.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("Cancelled. Nothing was kept.\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
