"""Navigation between the five pages."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import streamlit as st
from streamlit.errors import FragmentHandledException

from smartsynth.jobs.service import Gone

_log = logging.getLogger(__name__)
HERE = Path(__file__).parent
AGAIN = "drawn again"
MOST_TRIES = 3
STEPS = {
    "upload": "Upload",
    "configure": "Configure",
    "generate": "Generate",
    "evaluate": "Evaluate",
    "download": "Download",
}


def page_file(step: str) -> str:
    """The script of a page."""
    return str(HERE / "pages" / f"{step}.py")


def main() -> None:
    """Draw the navigation and the page that was asked for."""
    st.set_page_config("SmartSynth", page_icon=str(HERE / "assets" / "icon.svg"), layout="wide")
    st.logo(str(HERE / "assets" / "logo.svg"), size="large", link=None)
    pages = [
        st.Page(page_file(step), title=title, url_path=step, default=step == "upload") for step, title in STEPS.items()
    ]
    st.html(HERE / "assets" / "page.css")
    page = st.navigation(pages, position="top")
    try:
        page.run()
        st.session_state.pop(AGAIN, None)
    except FragmentHandledException:
        raise  # the fragment has told already
    except Gone as error:
        look_again(error)
    except Exception as error:
        report(error)


def look_again(error: Gone) -> None:
    """Draw the page anew: a newer result has replaced the one it began with. Told as unforeseen if that does not help."""
    tries = st.session_state.get(AGAIN, 0)
    if tries == MOST_TRIES:
        report(error)
        return
    st.session_state[AGAIN] = tries + 1
    st.rerun()


def report(error: Exception) -> None:
    """Tell the user that something unforeseen happened, and the log where; neither shows a value of the data."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error("page failed: %s in %s, line %s", type(error).__name__, place.filename, place.lineno)
    st.error(
        f"Something unforeseen went wrong on this page ({type(error).__name__}). Your data are as they were: reload the "
        "page, or start over from Upload. The server's log says where it happened."
    )


if __name__ == "__main__":
    main()
