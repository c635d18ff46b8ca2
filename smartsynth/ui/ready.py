"""Tables without real data, from public figures: for whoever has none to upload."""

from __future__ import annotations

import streamlit as st

from smartsynth import templates
from smartsynth.errors import MissingExtraError
from smartsynth.formats import count
from smartsynth.templates.people import locales
from smartsynth.ui import parts

USUAL = 1_000


def tables() -> None:
    """A template, its size, and its tables to take away."""
    st.header("Or make tables without real data", anchor=False)
    try:
        spoken = locales()
    except MissingExtraError as error:
        st.caption(parts.text(str(error), 400))
        return
    known = {name: templates.load(name) for name in templates.names()}
    with st.container(border=True):
        left, middle, right = st.columns([3, 2, 2])
        name = left.selectbox("Template", list(known), format_func=str.capitalize, key="template")
        said = known[name]
        n = middle.number_input(
            f"Rows of {said.root}",
            min_value=1,
            max_value=templates.MOST_PACKED,
            value=USUAL,
            step=100,
            key="template-rows",
        )
        languages = list(said.locales or spoken)
        locale = right.selectbox(
            "Language of names", languages, index=languages.index(said.locale), key=f"template-locale-{name}"
        )
        st.caption(
            f"{said.title}. {said.about} Tables: {', '.join(one for one, part in said.tables.items() if part.keep)}. Everything is assumed from public "
            "figures that the template names; nothing is learnt from data. For millions of rows, or a template of your own: "
            f"`smartsynth template {name} -n 1000000 -o folder`."
        )
        if st.button("Make the tables", key="template-make"):
            with parts.told(), st.spinner("Making the tables"):
                st.session_state["template-made"] = name, templates.packed(said, int(n), locale=locale)
        made = st.session_state.get("template-made")
        if made is not None and made[0] == name:
            st.success(
                "Made, in rows: " + ", ".join(f"{table} {count(rows)}" for table, rows in made[1].rows.items()) + "."
            )
            st.download_button(
                "Download the tables", made[1].content, f"{name}.zip", "application/zip", key="template-download"
            )
