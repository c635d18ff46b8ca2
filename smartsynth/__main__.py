"""`python -m smartsynth` is the command `smartsynth`."""

from smartsynth.cli import main

if __name__ == "__main__":
    main()
