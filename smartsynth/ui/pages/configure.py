"""Configure: generator, rows, target, privacy and everything else of the settings tree; time and the run as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from smartsynth import pipeline
from smartsynth.config import PrivacyConfig, RunConfig
from smartsynth.errors import ConfigError, SmartSynthError
from smartsynth.facts import Profile
from smartsynth.formats import count, span
from smartsynth.jobs import Workspace
from smartsynth.ui import choices, forms, outcome, painting, parts, ruled, runs, sequence, session

if TYPE_CHECKING:
    import pandas as pd

HANDLED = (
    *sequence.SETTINGS, "generator", "columns", "limits", "rules", "primary_key", "privacy.filter", "privacy.epsilon", "privacy.public_schema",
    "privacy.safe_harbor",
)  # fmt: skip
"""Settings with a place of their own; every other one gets a widget by itself."""
BUDGET = ("epsilon", "delta", "unit", "max_rows_per_unit", "max_events")
"""Options of generators that the settings of privacy give them."""


def page() -> None:
    """The page from top to bottom."""
    workspace = parts.heading("Configure", "What to make, how it is protected, and how long it will take.")
    parts.tour_note(workspace, "configure")
    workspace = parts.needs_data(workspace)
    found = outcome.look(workspace) or parts.missing("The file has not been read yet: see Upload.", "upload")
    config = session.config_of(workspace)
    if not sequence.agrees(config, found.profile):
        sequence.looking(workspace)
    left, right = st.columns([3, 2], gap="large")
    some = outcome.rows(found.folder, "head")
    problem: SmartSynthError | None = None
    with left:
        try:
            if not form(workspace, config, found.profile, some):
                problem = ConfigError("Mend what stands in red under Rules.")
            run = RunConfig.build(config)
            session.keep(workspace, config)  # what is typed is not lost, and what cannot run is refused
            if problem is None:
                pipeline.check(run, found.profile.schema, some)
        except SmartSynthError as error:
            problem = error
    with right:
        if problem is None:
            preview(config, found.profile)
        else:
            st.error(parts.text_of(problem))
        if st.button(
            "Generate",
            type="primary",
            key="next",
            width="stretch",
            disabled=problem is not None or runs.busy(workspace),
        ):
            generate(workspace, config)
        if runs.busy(workspace):
            st.caption("A run of this session is under way: see the page Generate.")
    parts.footer(workspace)


def form(workspace: Workspace, config: dict[str, Any], profile: Profile, some: pd.DataFrame) -> bool:
    """Every widget; what is set is put into `config`. Whether the rules among it are right, which are tried on some of the rows."""
    names = [column.name for column in profile.columns]
    pictures = painting.has_images(profile)
    hidden = (*HANDLED, *(sequence.TABLES_ONLY if sequence.is_on(config) else sequence.SERIES_ONLY))
    hidden += ("balance",) if pictures else ()
    mode = privacy(config, profile)
    generator(config, profile, dp=mode.key == "dp")
    if sequence.is_on(config):
        st.header("Rows that follow one another", anchor=False)
        sequence.choose(workspace, profile)
    real, what = sequence.records_of(profile, config)
    st.header(what.capitalize(), anchor=False)
    hints = {"seed": "drawn and written down", "target": f"guessed: {profile.target}" if profile.target else "none"}
    hints["rows"] = f"as many as the real data ({count(real)})"
    if mode.key == "dp":
        hints["rows"] = "as many as noisy counts of the real data tell"
    for name, info in RunConfig.model_fields.items():
        if name not in hidden and not forms.is_group(info):
            value = forms.setting(
                name, info, forms.value_of(config, name, info), columns=names, placeholder=hints.get(name),
                label=what.capitalize() if name == "rows" else None,
            )  # fmt: skip
            forms.set_value(config, name, value, info)
    are_right = ruled.choose(config, profile, some)
    with st.expander("Advanced"):
        for name, info in RunConfig.model_fields.items():
            if forms.is_group(info) and name not in HANDLED and isinstance(info.annotation, type):
                st.markdown(f"**{name.capitalize()}**")
                forms.group(info.annotation, config, name, columns=names, skip=hidden)
    return are_right


def privacy(config: dict[str, Any], profile: Profile) -> choices.Mode:
    """How people are protected."""
    st.header("Privacy", anchor=False)
    modes = choices.privacy_modes(profile)
    given = config.get("privacy", {})
    now = "dp" if given.get("epsilon") else "filter" if given.get("filter", True) else "off"
    titles = {mode.key: mode.title for mode in modes}
    first = now if now in titles else "filter"
    key = st.segmented_control(
        "Protection",
        list(titles),
        default=first,
        format_func=lambda key: titles[key],
        key=f"mode {' '.join(titles)}",
        required=True,
    )
    mode = next(mode for mode in modes if mode.key == key)
    st.caption(mode.meaning)
    settings = dict(mode.settings)
    if "epsilon" in settings:
        settings["epsilon"] = budget(given.get("epsilon"))
        settings["public_schema"] = st.checkbox(
            "Names, kinds and formats of the columns are public knowledge", bool(given.get("public_schema")),
            key="public_schema", help="They were read off your data. Unless they are public, the rows cannot be called differentially private.",
        )  # fmt: skip
    elif not painting.has_images(profile):
        info = PrivacyConfig.model_fields["safe_harbor"]
        settings["safe_harbor"] = forms.setting(
            "privacy.safe_harbor", info, given.get("safe_harbor"), columns=(), label="Safe Harbor (HIPAA)"
        )
    for name, info in PrivacyConfig.model_fields.items():
        if f"privacy.{name}" in HANDLED:
            default = info.get_default(call_default_factory=True)
            forms.set_value(config, f"privacy.{name}", settings.get(name, default), info)
    return mode


def budget(given: float | None) -> float:
    """The privacy budget ε, on a logarithmic scale."""
    nearest = min(choices.EPSILONS, key=lambda value: abs(value - (given or 1.0)))
    epsilon = st.select_slider("Privacy budget ε (smaller is safer)", choices.EPSILONS, nearest, key="epsilon")
    st.caption(choices.meaning_of_epsilon(epsilon))
    return float(epsilon)


def generator(config: dict[str, Any], profile: Profile, *, dp: bool) -> None:
    """The recommended generator with its reasons, and the others with theirs."""
    st.header("Generator", anchor=False)
    choice = choices.recommended(profile, dp=dp)
    classes = choices.generators(profile)
    usable = [
        name for name, cls in classes.items()
        if name != choice.generator and choices.is_installed(cls) and (cls.dp or not dp)
    ]  # fmt: skip
    labels = {"auto": f"Recommended: {choice.generator}"} | {name: name for name in usable}
    why = dict(choice.rejected)
    captions = [choice.reasons[0], *(f"{classes[name].summary} {_second(why.get(name))}" for name in usable)]
    given = config.get("generator", {})
    given = {"name": given} if isinstance(given, str) else dict(given)
    first = next(
        (place for place, name in enumerate(labels) if name == given.get("name")), 0
    )  # the recommended one is the first
    name = st.radio("Generator", list(labels), first, format_func=labels.get, captions=captions, key=f"generator {' '.join(labels.values())}", label_visibility="collapsed")  # fmt: skip
    for reason in choice.reasons[1:]:
        st.caption(parts.text(reason, 300))
    for absent in [name for name, cls in classes.items() if not choices.is_installed(cls)]:
        st.caption(f"Not installed here: {absent} (`pip install 'smartsynth[{classes[absent].extra}]'`).")
    used = choice.generator if name == "auto" else name
    if given.get("name") not in (name, used):
        given.pop("options", None)
    given = {**given, "name": name}
    skip: tuple[str, ...] = ("window",) if sequence.is_on(config) and not config.get("entity") else ()
    if painting.has_images(profile):
        st.header("Images", anchor=False)
        if not dp:
            painting.mix(config, profile)
        skip = painting.options(classes[used], given)
    with st.expander(f"Options of {used}"):
        forms.options(classes[used], given, skip=(*skip, *(BUDGET if dp else ())))
    given["name"] = used if given.get("options") else name  # options go with a generator that is named
    config.pop("generator", None)
    if given != {"name": "auto"}:
        config["generator"] = given


def _second(reason: str | None) -> str:
    return f"Not chosen: {reason}." if reason else ""


def preview(config: dict[str, Any], profile: Profile) -> None:
    """How long it will take, and the run as YAML."""
    run = RunConfig.build(config)
    name = run.generator.name
    if name == "auto":
        name = choices.recommended(profile, dp=bool(config.get("privacy", {}).get("epsilon"))).generator
    real, what = sequence.records_of(profile, config)
    wanted = run.rows or real
    rows = max(round(wanted * profile.rows / max(real, 1)), 1)
    seconds = choices.seconds(profile, name, rows=rows, filtered=run.privacy.filter, evaluated=run.evaluate.enabled)
    with st.container(border=True):
        st.metric("Time on this machine, roughly", span(max(round(seconds), 1)))
        st.caption(f"{count(wanted)} {what} of {count(len(profile.columns))} columns, made by {name}.")
    st.caption("This run as YAML, for `smartsynth synthesize --config run.yaml`")
    st.code(runs.yaml(config), language=None, wrap_lines=True)


def generate(workspace: Workspace, config: dict[str, Any]) -> None:
    """Start the run and show how it goes."""
    try:
        runs.start(workspace, config)
    except ConfigError as error:
        st.error(parts.text_of(error))
        return
    parts.go("generate")


if __name__ == "__main__":
    page()
