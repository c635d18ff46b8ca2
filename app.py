"""The web app's entry: navigation only. `streamlit run app.py`, or `smartsynth app`."""

from smartsynth.ui.entry import main

main()
