"""Rules: what every synthetic row keeps, one a line, and the columns that name a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st
import yaml

from smartsynth import ruling
from smartsynth.config import RunConfig
from smartsynth.errors import SmartSynthError
from smartsynth.facts import Profile
from smartsynth.ui import forms, parts

if TYPE_CHECKING:
    import pandas as pd

EXAMPLE = """total == price * quantity
ordered <= shipped
if status == "open" then is_missing(closed)
combinations: [country, city]"""


def choose(config: dict[str, Any], profile: Profile, some: pd.DataFrame) -> bool:
    """Widgets for the rules and the primary key; what is set is put into `config`. Whether the rules can be kept, told beside them if not."""
    st.header("Rules", anchor=False)
    names = [column.name for column in profile.columns]
    info = RunConfig.model_fields["rules"]
    text = st.text_area(
        "Every row keeps", written(config.get("rules", ())), key="config.rules", placeholder=EXAMPLE, height=130,
        help="One a line: formulas, orders, conditions, groups. All rows keep them, whichever generator makes them.",
    )  # fmt: skip
    place = st.container()
    forms.set_value(config, "rules", tuple(line.strip() for line in text.splitlines() if line.strip()), info)
    key = RunConfig.model_fields["primary_key"]
    forms.set_value(
        config, "primary_key", forms.setting("primary_key", key, config.get("primary_key"), columns=names) or (), key
    )
    with place:
        return are_right(config, profile, some)


def are_right(config: dict[str, Any], profile: Profile, some: pd.DataFrame) -> bool:
    """Whether the rules can be read, are about columns that there are, and do not clash; told if not."""
    try:
        rules = RunConfig.build({"rules": config.get("rules", ())}).rules
        ruling.try_out(rules, profile.schema, some)
    except SmartSynthError as error:
        st.error(parts.text_of(error))
        return False
    return True


def written(rules: Sequence[Any]) -> str:
    """Rules, one a line."""
    return "\n".join(
        rule if isinstance(rule, str) else yaml.safe_dump(rule, default_flow_style=True, width=10_000).strip()[1:-1]
        for rule in rules
    )
