"""Rules: what every synthetic row keeps, one a line, and the columns that name a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
import yaml

from smartsynth.config import RunConfig
from smartsynth.ui import forms

EXAMPLE = """total == price * quantity
ordered <= shipped
if status == "open" then is_missing(closed)
combinations: [country, city]"""


def choose(config: dict[str, Any], names: Sequence[str]) -> None:
    """Widgets for the rules and the primary key; what is set is put into `config`."""
    st.header("Rules", anchor=False)
    info = RunConfig.model_fields["rules"]
    text = st.text_area(
        "Every row keeps", written(config.get("rules", ())), key="config.rules", placeholder=EXAMPLE, height=130,
        help="One a line: formulas, orders, conditions, groups. All rows keep them, whichever generator makes them.",
    )  # fmt: skip
    forms.set_value(config, "rules", tuple(line.strip() for line in text.splitlines() if line.strip()), info)
    key = RunConfig.model_fields["primary_key"]
    forms.set_value(
        config, "primary_key", forms.setting("primary_key", key, config.get("primary_key"), columns=names) or (), key
    )


def written(rules: Sequence[Any]) -> str:
    """Rules, one a line."""
    return "\n".join(
        rule if isinstance(rule, str) else yaml.safe_dump(rule, default_flow_style=True, width=10_000).strip()[1:-1]
        for rule in rules
    )
