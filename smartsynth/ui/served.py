"""The web app with the headers that protect it. `smartsynth app` runs this file, with options of Streamlit."""

import signal
import sys
from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from smartsynth.ui.protection import Headers

app = App(Path(__file__).with_name("entry.py"), middleware=[Middleware(Headers)])


def main() -> None:
    """Serve until told to end, which is no failure: Streamlit's server raises the signal again once it has ended."""
    from streamlit.web import cli

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    cli.main(["run", __file__, *sys.argv[1:]], prog_name="streamlit")


if __name__ == "__main__":
    main()
