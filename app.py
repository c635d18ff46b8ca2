"""The web app's entry, for `streamlit run app.py` and the Space; `smartsynth app` starts the same."""

from starlette.middleware import Middleware
from streamlit.starlette import App

from smartsynth.ui import entry
from smartsynth.ui.protection import Headers

app = App(entry.__file__, middleware=[Middleware(Headers)])
