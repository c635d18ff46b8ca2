"""Every page in every state: empty, loading, error, success, cancelled, too small, expired."""

import json
import re
import time

import pytest
from streamlit.testing.v1 import AppTest
from visitor import FAST, NAMES, Visitor, table

from smartsynth.config import RunConfig
from smartsynth.jobs import State
from smartsynth.ui import runs, samples, session
from smartsynth.ui.entry import STEPS, page_file


def test_the_first_page_offers_a_file_and_tours(visitor):
    """Nobody needs data of their own to begin."""
    assert visitor.title == "Upload real data"
    assert len(visitor.at.file_uploader) == 1
    assert {f"tour-{sample.key}" for sample in samples.SAMPLES} <= visitor.buttons
    assert "2 h" in visitor.text


@pytest.mark.parametrize("page", NAMES[1:])
def test_a_page_that_is_too_early_says_what_is_missing_and_leads_there(visitor, page):
    """Never a blank page."""
    visitor.go(page)
    assert visitor.title.startswith(STEPS[page])
    assert "no data yet" in visitor.at.info[0].value
    assert visitor.press("go-back").title == "Upload real data"


@pytest.mark.parametrize("page", ["evaluate", "download"])
def test_evidence_and_files_need_a_run(visitor, page):
    """With data, but before a run."""
    visitor.upload().go(page)
    assert "no synthetic rows yet" in visitor.at.info[0].value
    assert visitor.press("go-back").title == "Generate"


def test_a_file_is_profiled(visitor):
    """Size, alerts, columns with kind and role, and first rows."""
    visitor.upload("patients.csv")
    assert visitor.metrics == {"Rows": "300", "Columns": "5", "Missing cells": "0%", "Duplicate rows": "0"}
    assert "patients" in visitor.text
    columns = visitor.at.dataframe[0].value.set_index("Column")
    assert columns.loc["patient_id", "Kind"] == "identifier"
    assert columns.loc["age", "Kind"] == "numeric"
    assert len(visitor.at.dataframe[1].value) == 50
    assert "patient_id" in visitor.pieces


def test_hostile_column_names_are_shown_as_text(with_result):
    """Neither Markdown nor HTML of the data is ever read as such."""
    for page in NAMES:
        with_result.go(page)
        assert "<img src=x onerror" not in with_result.pieces
        assert "<img src=x" not in "".join(m.value for m in with_result.at.markdown).replace("\\<", "")
    assert "&lt;img src=x" in with_result.go("evaluate").pieces


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "empty.csv is empty"),
        ("my data.csv", b"", "my data.csv is empty"),
        ("small.csv", table(5), "5 rows; at least 20"),
        ("ragged.csv", b"a,b\n" + b"1,2\n" * 30 + b"3\n" + b"1,2,3\n", "row"),
        ("twice.csv", b"a,a\n" + b"1,2\n" * 30, "more than once"),
        ("page.csv", b"\x89PNG\r\n\x1a\n" + b"0" * 500, "a single image"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_another_can_be_chosen(visitor, jobs, name, content, says):
    """Too small, broken, or no table at all."""
    visitor.upload(name, content)
    told = visitor.at.error[0].value.replace("\\", "")
    assert says in told
    assert not re.search(rf"[\w-]{{16}}\.{name}", told), "the name of the file on the server"
    visitor.press("another")
    assert len(visitor.at.file_uploader) == 1
    assert list((jobs.root / "work").iterdir()) == []


def test_a_correction_of_a_column_is_applied_and_kept(visitor):
    """The file is looked at again with it, and the run uses it."""
    from smartsynth.ui.pages import upload

    visitor.upload()
    before = visitor.at.dataframe[0].value
    after = before.copy()
    after.loc[after["Column"] == "age", "Kind"] = "categorical"
    after.loc[after["Column"] == "label", "Role"] = "target"
    changed = upload.changes(before, after)
    assert changed == {"age": {"kind": "categorical"}, "label": {"role": "target"}}
    space = session.jobs().workspace(visitor.session)
    session.keep(space, upload.corrected(session.config_of(space), changed))
    space = session.jobs().workspace(space.id)
    assert session.config_of(space) == {"target": "label", "columns": {"age": {"kind": "categorical"}}}
    session.look_again(space)
    visitor.run().until(lambda v: v.at.dataframe[0].value.set_index("Column").loc["age", "Kind"] == "categorical")
    assert visitor.at.dataframe[0].value.set_index("Column").loc["label", "Role"] == "target"


def test_rows_that_a_newer_look_replaced_meanwhile_are_read_from_it(visitor, monkeypatch):
    """The page that began with the older look is drawn anew, not broken."""
    from smartsynth.ui import outcome

    visitor.upload()
    space = session.jobs().workspace(visitor.session)
    before, looked = outcome.look, []

    def overtaken(workspace):
        found = before(workspace)
        if not looked:
            looked.append(found.folder)
            again = session.jobs().submit(space.id, "profile", {})
            while not session.jobs().watch(again.id).state.is_final or found.folder.exists():
                time.sleep(0.05)
        return found

    monkeypatch.setattr(outcome, "look", overtaken)
    visitor.run()
    assert looked
    assert visitor.metrics["Rows"] == "300"


def test_a_correction_that_cannot_be_is_told_and_the_profile_stays(visitor):
    """What was found before is still there."""
    visitor.upload()
    space = session.jobs().workspace(visitor.session)
    session.keep(space, {"columns": {"lable": {"role": "feature"}}})
    session.look_again(session.jobs().workspace(space.id))
    visitor.run().until(lambda v: v.at.error)
    assert "label" in visitor.at.error[0].value
    assert visitor.metrics["Rows"] == "300"


def test_settings_reach_the_yaml_and_survive_leaving_the_page(visitor):
    """What is set is what will run, and is still set after a visit elsewhere."""
    visitor.upload().go("configure")
    assert "Every setting has its default" in visitor.at.code[0].value
    visitor.at.number_input(key="config.rows").set_value(50)
    visitor.at.number_input(key="config.seed").set_value(7)
    visitor.at.selectbox(key="config.target").set_value("label")
    visitor.at.radio[0].set_value("copula")
    visitor.at.number_input(key="config.privacy.k").set_value(10)
    visitor.at.text_area(key="config.rules").set_value("age >= 1\n\ncombinations: [age, label]")
    visitor.run()
    expected = {
        "rules": ["age >= 1", "combinations: [age, label]"],
        "rows": 50,
        "seed": 7,
        "target": "label",
        "privacy": {"k": 10},
        "generator": {"name": "copula"},
    }
    assert RunConfig.build(session.config_of(session.jobs().workspace(visitor.session))) == RunConfig.build(expected)
    visitor.go("upload").go("configure")
    assert visitor.at.number_input(key="config.rows").value == 50
    assert visitor.at.selectbox(key="config.target").value == "label"
    assert visitor.at.radio[0].value == "copula"
    assert "rows: 50" in visitor.at.code[0].value


def test_what_cannot_run_is_told_where_it_is_set(visitor):
    """Rules beside their field, as code, so that no sign is drawn as another one; what was typed stays, and mending it frees the button."""
    visitor.upload().go("configure")
    for rule, says in (
        ("agee <= 90", "`agee <= 90` names `agee`"),
        ("age <= ", "cannot be read"),
        ('age <= "old"', "cannot be computed"),
        ("age >= 60\nage <= 50", "`age <= 50` clash"),
        ("one_hot: [age]", "two columns or more"),
    ):
        visitor.at.text_area(key="config.rules").set_value(rule)
        told, beside_the_button = (error.value for error in visitor.run().at.error)
        assert says in told
        assert not re.search(r"(?<!\S)\\?<\\?=(?!\S)", re.sub("`[^`]*`", "", told))
        assert "under Rules" in beside_the_button and visitor.at.button(key="next").disabled
    visitor.go("upload").go("configure")
    assert visitor.at.text_area(key="config.rules").value == rule
    visitor.at.number_input(key="config.privacy.k_anonymity").set_value(5)
    visitor.at.text_area(key="config.rules").set_value("age <= 90")
    assert "no rule can be promised" in visitor.run().at.error[0].value
    visitor.at.number_input(key="config.privacy.k_anonymity").set_value(None)
    assert not visitor.run().at.error and not visitor.at.button(key="next").disabled


def test_a_browser_that_missed_the_first_drawing_begins_with_the_same_settings(visitor):
    """A click may interrupt a page before the browser saw it; what is drawn next must not fall back on other values."""
    configure = visitor.upload().go("configure")
    configure.at.toggle(key="config.evaluate.sdmetrics").set_value(True)
    configure.run().run()
    toggles = {toggle.key: (toggle.proto.default, toggle.value) for toggle in configure.at.toggle}
    assert toggles["config.evaluate.enabled"] == (True, True)
    assert toggles["config.evaluate.sdmetrics"] == (True, True)
    assert all(shown == held for shown, held in toggles.values())
    assert all(box.proto.default == (box.value or "") for box in (*configure.at.text_input, *configure.at.text_area))
    assert all(number.proto.default == (number.value or 0) for number in configure.at.number_input)
    assert all(box.value is None or box.options[box.proto.default] == box.value for box in configure.at.selectbox)
    assert configure.at.radio[0].proto.default == 0
    assert list(configure.at.button_group[0].proto.default) == [0]


def test_the_recommended_generator_comes_first_with_its_reasons(visitor):
    """And the others say why they were not chosen."""
    visitor.upload().go("configure")
    radio = visitor.at.radio[0]
    assert radio.value == "auto"
    assert [option for option in radio.options if "forest" in option] == ["Recommended: forest"], "once"
    assert "to learn on" in visitor.text
    assert "in 98 of 100 pairs, against 54 for forest; 50 is a guess" in "".join(radio.proto.captions)


def test_safe_harbor_stands_where_privacy_is_set(visitor):
    """Above everything that is advanced; within a budget, with which it does not go, it is not on offer."""
    visitor.upload().go("configure")
    visitor.at.toggle(key="config.privacy.safe_harbor").set_value(True)
    visitor.run()
    assert "safe_harbor: true" in visitor.at.code[0].value
    (advanced,) = (one for one in visitor.at.expander if one.label == "Advanced")
    assert "config.privacy.safe_harbor" not in [toggle.key for toggle in advanced.toggle]
    visitor.at.get("button_group")[0].set_value("dp")
    visitor.run()
    assert "config.privacy.safe_harbor" not in [toggle.key for toggle in visitor.at.toggle]
    assert "safe_harbor" not in visitor.at.code[0].value and not visitor.at.error


def test_a_generators_own_options_can_be_set(visitor):
    """They come from its signature; those of the recommended one too, which is then asked for by name."""
    visitor.upload().go("configure")
    visitor.at.number_input(key="config.generator.forest.trees").set_value(5)
    visitor.run()
    assert session.config_of(session.jobs().workspace(visitor.session))["generator"] == {
        "name": "forest", "options": {"trees": 5},
    }  # fmt: skip
    visitor.go("upload").go("configure")
    assert visitor.at.radio[0].value == "auto"
    assert visitor.at.number_input(key="config.generator.forest.trees").value == 5
    visitor.at.radio[0].set_value("copula")
    visitor.run()
    visitor.at.number_input(key="config.generator.copula.min_count").set_value(9)
    visitor.run()
    assert session.config_of(session.jobs().workspace(visitor.session))["generator"] == {
        "name": "copula", "options": {"min_count": 9},
    }  # fmt: skip


def test_privacy_can_be_switched_off_and_says_what_that_means(visitor):
    """Differential privacy is not on offer before the library has it."""
    from smartsynth.ui import choices, outcome

    visitor.upload().go("configure")
    mode = visitor.at.get("button_group")[0]
    profile = outcome.look(session.jobs().workspace(visitor.session)).profile
    offered = {mode.key for mode in choices.privacy_modes(profile)}
    assert {"filter", "off"} <= offered
    assert "A safeguard, not a proof" in visitor.text
    mode.set_value("off")
    visitor.run()
    assert "filter: false" in visitor.at.code[0].value
    assert "Copies and near copies" in visitor.text


def test_what_the_library_gains_shows_up_by_itself(visitor, monkeypatch):
    """A privacy budget once a generator keeps it and the settings have it, and any other new setting."""
    from pydantic import Field

    from smartsynth import config
    from smartsynth.models.forest_generator import ForestGenerator
    from smartsynth.ui import choices

    class Private(config.PrivacyConfig):
        epsilon: float | None = Field(None, gt=0)

    class Run(config.RunConfig):
        privacy: Private = Field(default_factory=Private)
        habits: list[str] = Field(default_factory=list, description="Something else that is new.")
        flavour: str | None = Field(None, description="Something new.")

    visitor.upload()
    assert [box.key for box in visitor.go("configure").at.get("text_area")] == ["config.rules"]
    for place in (config, choices, runs):
        for name, cls in {"PrivacyConfig": Private, "RunConfig": Run}.items():
            if hasattr(place, name):
                monkeypatch.setattr(place, name, cls)
    monkeypatch.setattr(ForestGenerator, "dp", True)
    visitor.go("upload").go("configure")
    visitor.at.get("button_group")[0].set_value("dp")
    visitor.run()
    visitor.at.select_slider(key="epsilon").set_value(3.0)
    visitor.at.text_area(key="config.habits").set_value("[a < b]")
    visitor.at.text_input(key="config.flavour").set_value("new")
    visitor.run()
    assert "factor of at most 20" in visitor.text
    for line in ("epsilon: 3.0", "filter: false", "- a < b", "flavour: new"):
        assert line in visitor.at.code[0].value
    visitor.at.text_area(key="config.habits").set_value("[a < b")
    assert "not valid YAML" in visitor.run().at.error[0].value


def test_the_page_shows_how_a_run_goes_and_what_came_of_it(visitor):
    """From the button to the first rows."""
    visitor.upload().go("configure")
    visitor.at.radio[0].set_value("copula")
    visitor.run()
    visitor.press("next")
    assert visitor.title == "Generate"
    visitor.until(lambda v: v.at.success)
    assert visitor.metrics["Rows"] == "300"
    assert "Decoys removed" in visitor.metrics
    assert len(visitor.at.dataframe[0].value) == 10
    assert visitor.press("next").title == "Evaluate"


def test_a_run_can_be_cancelled_and_started_again(visitor):
    """The page says where it stopped; nothing is kept."""
    visitor.upload("big.csv", table(20_000)).go("configure").press("next")
    visitor.until(lambda v: "Fit" in v.text and "cancel" in v.buttons)
    visitor.press("cancel")
    visitor.until(lambda v: v.at.warning)
    assert "Cancelled" in visitor.at.warning[0].value
    assert "Nothing was kept" in visitor.at.warning[0].value
    assert "next" in visitor.buttons
    assert "no synthetic rows yet" in visitor.go("evaluate").at.info[0].value


def test_a_second_user_waits_behind_the_first_and_is_told(visitor):
    """While the first one trains."""
    visitor.upload("big.csv", table(20_000)).go("configure").press("next")
    other = Visitor().upload()
    other.go("configure").press("next")
    assert "Waiting: 1 ahead of you" in other.at.get("progress")[0].proto.text.replace("\\", "")
    visitor.press("cancel")
    other.until(lambda v: v.at.success)


def test_a_run_that_fails_says_why_and_can_be_repeated(visitor):
    """With the settings corrected."""
    visitor.upload()
    space = session.jobs().workspace(visitor.session)
    runs.start(space, {"target": "no such column"})
    visitor.go("generate").until(lambda v: v.at.error)
    assert "no such column" in visitor.at.error[0].value
    assert "next" in visitor.buttons
    assert [button.key for button in visitor.at.button if button.proto.type == "primary"] == ["mend"]
    assert visitor.press("mend").title == "Configure"


def test_the_evidence_stands_beside_its_yardstick(with_result):
    """Verdict, a tab for each kind of chart, every score, and what was not shown."""
    with_result.go("evaluate")
    assert [tab.label for tab in with_result.at.tabs] == [
        "Columns",
        "Privacy",
        "Relations",
        "Utility",
        "All scores",
        "Limits",
    ]
    for words in ("Is anybody given away?", "(real ", "As table", "Table of all scores", "<svg"):
        assert words in with_result.pieces
    assert "new attack may do better" in with_result.text.replace("\\", "")


@pytest.mark.parametrize(("outcome", "element"), [("leakage found", "error"), ("signs of leakage", "warning")])
def test_leakage_is_told_first_and_downloading_is_not_the_next_step(with_result, jobs, outcome, element):
    """In red or amber, on both pages, with the way to the settings; the files can still be taken."""
    said = f"{outcome.capitalize()}: `age` came back. Do not share these rows."
    path = jobs.result(jobs.latest(with_result.session, "synthesize").id) / "outcome.json"
    record = json.loads(path.read_text())
    record["evaluation"]["verdict"]["privacy"] = said
    record["evaluation"]["battery"]["outcome"] = outcome
    path.write_text(json.dumps(record))
    visitor = Visitor(with_result.session)
    for page in ("evaluate", "download"):
        visitor.go(page)
        (told,) = getattr(visitor.at, element)
        assert "Do not share these rows" in told.value and "generate and evaluate again" in told.value
        every = [*visitor.at.button, *visitor.at.get("download_button")]
        assert [button.label for button in every if button.proto.type == "primary"] == ["Change the settings"]
    assert "Download CSV" in {button.label for button in visitor.at.get("download_button")}
    assert visitor.press("mend").title == "Configure"


def test_a_pass_leads_to_downloading(with_result):
    """Without a word of warning."""
    for page, label in (("evaluate", "Download"), ("download", "Download CSV")):
        with_result.go(page)
        assert not with_result.at.error and not with_result.at.warning
        every = [*with_result.at.button, *with_result.at.get("download_button")]
        assert [button.label for button in every if button.proto.type == "primary"] == [label]


def test_any_two_columns_can_be_looked_at_closely(with_result):
    """Also with the hostile name."""
    with_result.go("evaluate")
    left, right = with_result.at.selectbox(key="pair-left"), with_result.at.selectbox(key="pair-right")
    assert "patient_id" not in left.options
    before = with_result.pieces
    left.set_value("age")
    with_result.run()
    with_result.at.selectbox(key="pair-right").set_value("<img src=x onerror=alert(1)>")
    with_result.run()
    assert with_result.pieces != before
    assert right.key == "pair-right"


@pytest.mark.parametrize("where", ["pair_chart", "charts"])
def test_the_unforeseen_is_told_without_a_value_of_the_data(with_result, monkeypatch, caplog, where):
    """On a page and in a part that draws itself alone: what happened and where, never what the error says."""
    from smartsynth.utils import visualizer

    def fail(*_):
        raise RuntimeError("secret cell 4711")

    with_result.at.session_state["remembered"] = {}
    monkeypatch.setattr(visualizer, where, fail)
    with_result.at.switch_page(page_file("evaluate"))
    with_result.at.run()
    told = [error.value for error in with_result.at.error]
    assert len(told) == 1
    assert "unforeseen" in told[0]
    assert "RuntimeError" in told[0]
    assert "test_pages.py" in caplog.text
    assert "4711" not in caplog.text + with_result.text + with_result.pieces


def test_a_run_without_evaluation_says_so(visitor):
    """And how to get one."""
    visitor.upload()
    config = {**FAST, "evaluate": {"enabled": False}}
    runs.start(session.jobs().workspace(visitor.session), config)
    visitor.go("generate").until(lambda v: v.at.success)
    visitor.go("evaluate")
    assert "not evaluated" in visitor.at.info[0].value
    visitor.go("download")
    assert "Download Report" not in {button.label for button in visitor.at.get("download_button")}


def test_every_file_can_be_taken_away(with_result, jobs):
    """Each with its size; nothing is read before it is asked for."""
    with_result.go("download")
    labels = [button.label for button in with_result.at.get("download_button")]
    assert labels == [
        "Download CSV", "Download JSON", "Download Parquet", "Download Hugging Face folder", "Download Report",
        "Download Report as JSON", "Download Manifest", "Download Data card", "Download Model", "Download Settings",
    ]  # fmt: skip
    assert "kB" in with_result.text


def test_the_same_run_as_code_gives_the_same_rows(with_result, jobs, tmp_path, monkeypatch, capsys):
    """The Python that the page shows, run as it stands."""
    import streamlit

    from smartsynth.ui import outcome, snippets

    (tmp_path / "data.csv").write_bytes(table())
    job = jobs.latest(with_result.session, "synthesize")
    folder = jobs.result(job.id)
    config = RunConfig.build(json.loads((folder / "outcome.json").read_text())["config"])
    config = config.model_dump(mode="json", exclude_defaults=True)
    monkeypatch.chdir(tmp_path)
    exec(snippets.python(config, "data.csv"), {})  # noqa: S102 - what the page shows
    assert (tmp_path / "synthetic.csv").read_bytes() == (folder / "files" / "synthetic.csv").read_bytes()
    assert (tmp_path / "report.html").is_file()
    assert streamlit and outcome


def test_the_command_that_the_page_shows_is_one_that_exists():
    """Every option of it, with and without a file of settings."""
    from typer.testing import CliRunner

    from smartsynth.cli import app
    from smartsynth.ui import snippets

    simple = snippets.shell({"seed": 1, "target": "a b"}, "my data.csv")
    assert simple == (
        "smartsynth synthesize 'my data.csv' -o synthetic.csv --report report.html --save model --seed 1 --target 'a b'"
    )
    assert "--config run.yaml" in snippets.shell({"seed": 1, "privacy": {"k": 9}}, "data.csv")
    known = CliRunner().invoke(app, ["synthesize", "--help"]).stdout
    for option in ("--report", "--save", "--seed", "--target", "--config", "--balance", "--rows"):
        assert option in known


def test_a_reload_finds_the_run_again(with_result):
    """By the address alone: a new browser session with the same address."""
    again = Visitor(with_result.session)
    assert again.metrics["Rows"] == "300"
    assert again.go("evaluate").title == "Evaluate"
    assert "(real " in again.pieces


def test_two_sessions_never_see_each_other(visitor):
    """Not a name, not a number."""
    visitor.upload("mine.csv", table(300, seed=1))
    other = Visitor()
    assert other.title == "Upload real data"
    assert "mine" not in other.text
    other.upload("theirs.csv", table(77, seed=2))
    assert other.metrics["Rows"] == "77"
    assert visitor.run().metrics["Rows"] == "300"
    assert other.session != visitor.session


@pytest.mark.parametrize("page", NAMES)
def test_a_session_that_has_ended_says_so(visitor, jobs, page):
    """After its time to live, on whichever page."""
    visitor.upload()
    jobs.delete(visitor.session)
    visitor.go(page)
    assert "session has ended" in visitor.at.warning[0].value
    assert "session" not in visitor.at.query_params


def test_an_address_that_somebody_made_up_shows_nothing(jobs):
    """As if it had ended."""
    for address in ("guess", "../../etc/passwd", "A" * 24):
        guess = Visitor(address)
        assert "session has ended" in guess.at.warning[0].value
        assert guess.title == "Upload real data"


def test_data_are_deleted_when_their_owner_says_so(with_result, jobs):
    """Everything: the file, the model, the rows."""
    known = with_result.session
    with_result.press("delete-now")
    assert "were deleted" in with_result.at.success[0].value
    assert not (jobs.root / "work" / known).exists()
    assert jobs.latest(known, "synthesize") is None


@pytest.mark.parametrize("sample", samples.SAMPLES, ids=lambda sample: sample.key)
def test_the_data_of_a_sample_are_there(sample, visitor):
    """Without its tour: profiled, nothing set, nothing running."""
    visitor.press(f"sample-{sample.key}")
    visitor.until(lambda v: "next" in v.buttons)
    space = session.jobs().workspace(visitor.session)
    assert session.config_of(space) == {}
    assert runs.current(space) is None
    target = sample.config["target"]
    assert target in list(visitor.at.dataframe[0].value["Column"])
    assert visitor.metrics["Rows"] in sample.about


@pytest.mark.parametrize("sample", samples.SAMPLES, ids=lambda sample: sample.key)
@pytest.mark.parametrize("most", [1_500, pytest.param(10**6, marks=pytest.mark.slow)])
def test_a_tour_is_one_click_and_ends_in_a_report(most, sample, visitor, jobs, monkeypatch):
    """Each page has a word on what to look at."""
    whole = samples.content(sample)
    monkeypatch.setattr(samples, "content", lambda _: b"".join(whole.splitlines(keepends=True)[: most + 1]))
    assert visitor.press(f"tour-{sample.key}").title == "Generate"
    assert visitor.at.get("progress"), "the run is seen"
    visitor.until(lambda v: v.at.success)
    shown = visitor.go("upload").until(lambda v: "next" in v.buttons).at.dataframe[0].value.set_index("Column")["Role"]
    told = re.findall(r"`(\w+)`[^`]*(?=was recognised|was marked)", sample.notes["upload"])
    assert all(shown[name] == "quasi-identifier" for name in told), "a role that the note tells is in the table"
    for page, note in sample.notes.items():
        visitor.go(page)
        assert any(note in info.value for info in visitor.at.info)
    job = jobs.latest(visitor.session, "synthesize")
    assert job.state is State.SUCCEEDED
    assert (jobs.result(job.id) / "files" / "report.html").stat().st_size > 20_000


def test_figures_of_learning_say_what_they_mean():
    """In plain words, beside the name."""

    def learning():
        from smartsynth.jobs import Job, State
        from smartsynth.ui.pages.generate import live

        names = ("bits per cell", "share explained", "bits to tell real from made", "something new")
        live(Job("j", "w", "synthesize", {}, State.RUNNING, figures={name: [(0.1, 1.0), (0.2, 0.5)] for name in names}))

    shown = {metric.label: metric.help for metric in AppTest.from_function(learning).run().metric}
    assert [bool(about) for about in shown.values()] == [True, True, True, False]
    assert "Near 0 the columns have little to do with one another" in shown["Share explained"]


def test_dates_without_a_time_of_day_are_shown_without_one():
    """A column of moments is shown as days if all of them are at midnight, and as it is if one is not."""

    def tables():
        import pandas as pd

        from smartsynth.ui import figures

        days = pd.Series(pd.to_datetime(["2024-01-05", None, "2024-03-01"]))
        figures.rows(pd.DataFrame({"day": days, "moment": days + pd.Timedelta(hours=1), "n": [1, 2, 3]}))

    (shown,) = AppTest.from_function(tables).run().dataframe
    assert {
        name: column.get("type_config", {}).get("type") for name, column in json.loads(shown.proto.columns).items()
    } == {
        "day": "date",
        "_index": None,
    }
