"""Rows that follow one another, in the app: proposed, switched on, configured, made, judged, taken away."""

import json

import numpy as np
import pandas as pd
import pytest
from visitor import table

from smartsynth.config import RunConfig
from smartsynth.ui import session


def visits(patients: int = 60, seed: int = 0) -> bytes:
    """Patients with visits on days of their own."""
    rng = np.random.default_rng(seed)
    rows = []
    for patient in range(patients):
        day, level = pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(rng.integers(300))), rng.normal(5, 1)
        for _ in range(int(rng.integers(2, 9))):
            level = 5 + 0.8 * (level - 5) + rng.normal(0, 0.4)
            state = "bad" if level > 5.5 else "good"
            rows.append((f"P{patient:04d}", "fm"[patient % 2], day.date().isoformat(), round(level, 2), state))
            day += pd.Timedelta(days=int(rng.integers(10, 60)))
    return pd.DataFrame(rows, columns=["patient_id", "sex", "date", "lab", "state"]).to_csv(index=False).encode()


def series(n: int = 400) -> bytes:
    """One number every hour."""
    hours = np.arange(n)
    level = 10 + 3 * np.sin(hours / 24 * 2 * np.pi) + np.random.default_rng(0).normal(0, 0.3, n)
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(hours, unit="h")
    return pd.DataFrame({"when": when, "level": level.round(2)}).to_csv(index=False).encode()


def config(visitor) -> dict:
    """The settings that are kept."""
    return session.config_of(session.jobs().workspace(visitor.session))


def switch(visitor):
    """The switch that says that rows follow one another."""
    return next(toggle for toggle in visitor.at.toggle if toggle.label == "The rows follow one another")


def choice(visitor, label: str):
    """The widget of this label on the page."""
    return next(box for box in (*visitor.at.selectbox, *visitor.at.number_input) if box.label == label)


def labels(visitor) -> set[str]:
    """The labels of all settings on the page."""
    kinds = ("selectbox", "number_input", "toggle", "text_input", "multiselect")
    return {widget.label for kind in kinds for widget in getattr(visitor.at, kind)}


def looked(visitor):
    """Until the file has been looked at again."""

    def done(v) -> bool:
        job = session.jobs().latest(v.session, "profile")
        assert job.problem is None
        return job.state.is_final and len(v.run().at.header) > 0

    return visitor.run().until(done)


@pytest.fixture
def switched_on(visitor):
    """Somebody who uploaded visits and said that they are time series."""
    visitor.upload("visits.csv", visits())
    switch(visitor).set_value(True)
    return looked(visitor)


def test_what_was_found_is_proposed_and_not_used(visitor):
    visitor.upload("visits.csv", visits())
    assert "several rows are about one ‘patient\\_id’, and ‘date’ says when" in visitor.text
    assert switch(visitor).value is False
    assert config(visitor) == {}
    assert "Entities" not in visitor.metrics
    assert "Over time" in [tab.label for tab in visitor.at.tabs]
    assert "--entity" not in visitor.pieces  # the switch is the app's way to say it


def test_a_table_has_the_switch_and_no_tab(visitor):
    visitor.upload("people.csv", table())
    assert switch(visitor).value is False
    assert "They seem to" not in visitor.text
    assert "Over time" not in [tab.label for tab in visitor.at.tabs]


def test_the_switch_takes_what_was_found_and_looks_again(switched_on):
    assert config(switched_on) == {"entity": "patient_id", "time": "date"}
    assert switched_on.metrics["Entities"] == "60"
    columns = switched_on.at.dataframe[0].value.set_index("Column")
    assert (columns.loc["patient_id", "Role"], columns.loc["date", "Role"]) == ("entity", "time")
    assert choice(switched_on, "Whose a row is").value == "patient_id"
    assert "Rows per entity" in switched_on.text
    switch(switched_on).set_value(False)
    looked(switched_on)
    assert config(switched_on) == {}
    assert "Entities" not in switched_on.metrics


def test_another_time_is_looked_at_and_a_wrong_one_told(switched_on):
    choice(switched_on, "When it happened").set_value("state")
    switched_on.run().until(lambda v: v.at.error)
    assert "a time is a date, a duration or a number" in switched_on.at.error[0].value.replace("\\", "")
    assert switched_on.go("configure").at.info[0].value.startswith("The file was not read with the settings")
    switched_on.press("go-back").go("upload")
    choice(switched_on, "When it happened").set_value("only the order of the rows says")
    looked(switched_on)
    assert config(switched_on) == {"entity": "patient_id"}
    assert "When it happened" in labels(switched_on.go("configure"))


def test_a_role_given_to_a_column_is_the_runs(visitor):
    from smartsynth.ui.pages import upload

    asked = {"patient_id": {"role": "entity"}, "date": {"role": "time"}}
    assert upload.corrected({"seed": 1}, asked) == {"seed": 1, "entity": "patient_id", "time": "date"}
    assert upload.corrected({"entity": "a", "time": "b"}, {"a": {"role": "feature"}}) == {
        "time": "b", "columns": {"a": {"role": "feature"}},
    }  # fmt: skip


def test_configure_offers_what_goes_with_entities_alone(switched_on):
    switched_on.go("configure")
    offered = switched_on.at.radio[0].options
    assert offered[0] == "Recommended: panel"
    assert not {"forest", "copula", "flow", "timegan"} & set(offered)
    assert {"Entities", "Whose a row is", "When it happened", "Published"} <= labels(switched_on)
    assert not {"Rows", "Rows of a window", "Balance", "Thorough", "K anonymity", "Unit"} & labels(switched_on)
    assert choice(switched_on, "Entities").placeholder == "as many as the real data (60)"
    assert "60 entities of 5 columns" in switched_on.text
    assert "Histories that copy a real one" in switched_on.text
    switched_on.at.get("button_group")[0].set_value("dp")
    assert switched_on.run().at.radio[0].options == ["Recommended: dppanel"]
    assert "no single entity, with all its rows" in switched_on.text
    choice(switched_on, "Whose a row is").set_value("all rows are of one series")
    looked(switched_on)
    assert "Rows of a window" in labels(switched_on)
    assert "dp" not in switched_on.at.get("button_group")[0].options


def test_configure_offers_windows_for_a_plain_series(visitor):
    pytest.importorskip("torch")
    visitor.upload("series.csv", series())
    switch(visitor).set_value(True)
    looked(visitor).go("configure")
    assert config(visitor) == {"time": "when", "window": 24}
    assert {"Recommended: flow", "timegan"} <= set(visitor.at.radio[0].options)
    assert "panel" not in visitor.at.radio[0].options
    assert choice(visitor, "Windows").placeholder == "as many as the real data (17)"
    assert "config.generator.flow.window" not in {number.key for number in visitor.at.number_input}
    choice(visitor, "Rows of a window").set_value(40)
    looked(visitor)
    assert choice(visitor, "Windows").placeholder == "as many as the real data (10)"
    assert "window: 40" in visitor.at.code[0].value


def test_settings_of_tables_do_not_stay_behind(visitor):
    visitor.upload("visits.csv", visits())
    space = session.jobs().workspace(visitor.session)
    given = {
        "balance": "state",
        "privacy": {"k": 9, "k_anonymity": 3},
        "evaluate": {"thorough": True},
        "generator": "copula",
    }
    session.keep(space, given)
    switch(visitor).set_value(True)
    looked(visitor)
    assert config(visitor) == {"entity": "patient_id", "time": "date", "privacy": {"k": 9}}


@pytest.mark.slow
def test_visits_from_upload_to_download(switched_on, jobs, tmp_path, monkeypatch):
    """The whole way, with a generator that is quick; the code that the page shows makes the same rows."""
    from smartsynth.ui import snippets

    switched_on.go("configure")
    choice(switched_on, "Entities").set_value(50)
    choice(switched_on, "Seed").set_value(1)
    switched_on.at.radio[0].set_value("panel")
    switched_on.run()
    switched_on.at.number_input(key="config.generator.panel.trees").set_value(4)
    switched_on.at.number_input(key="config.generator.panel.refinement_rounds").set_value(1)
    switched_on.run().press("next")
    switched_on.until(lambda v: v.at.success)
    assert "50 synthetic entities with" in switched_on.at.success[0].value
    assert switched_on.metrics["Entities"] == "50"
    assert "Entities checked" in switched_on.metrics
    switched_on.go("evaluate")
    tabs = [tab.label for tab in switched_on.at.tabs]
    assert tabs == ["Columns", "Privacy", "Over time", "Relations", "Utility", "All scores", "Limits"]
    assert "lab" in switched_on.at.selectbox(key="pair-left").options
    folder = jobs.result(jobs.latest(switched_on.session, "synthesize").id)
    made = pd.read_csv(folder / "files" / "synthetic.csv")
    assert made["patient_id"].nunique() == 50
    run = RunConfig.build(json.loads((folder / "outcome.json").read_text())["config"]).model_dump(
        mode="json", exclude_defaults=True
    )
    (tmp_path / "visits.csv").write_bytes(visits())
    monkeypatch.chdir(tmp_path)
    exec(snippets.python(run, "visits.csv"), {})  # noqa: S102 - what the page shows
    assert (tmp_path / "synthetic.csv").read_bytes() == (folder / "files" / "synthetic.csv").read_bytes()
    shell = switched_on.go("download").at.code[1].value
    assert "run.yaml" in shell


def test_the_shown_command_names_entity_time_and_window():
    from smartsynth.ui import snippets

    shown = snippets.shell({"entity": "patient id", "time": "date", "seed": 1}, "v.csv")
    assert shown.endswith("--seed 1 --entity 'patient id' --time date")
    assert snippets.shell({"time": "when", "window": 48}, "s.csv").endswith("--time when --window 48")
