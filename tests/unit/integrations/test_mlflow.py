"""MLflow: what a logged run says, what its model makes, and that nothing real is in it."""

import json
import os
import re
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth.errors import ConfigError
from smartsynth.integrations.mlflow import load_model, log_model, log_result, save_model

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
RNG = np.random.default_rng(3)
N = 300
REAL = pd.DataFrame({
    "age": RNG.integers(18, 90, N),
    "income": np.where(RNG.random(N) < 0.1, np.nan, RNG.gamma(3, 1000, N).round(2)),
    "mark": [f"kept-nowhere-{i:04d}" for i in range(N)],
    "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 300, N), unit="D"),
    "paid": np.where(RNG.random(N) < 0.3, "no", "yes"),
})  # fmt: skip


@pytest.fixture(scope="module")
def tracking(tmp_path_factory):
    """A store of MLflow in a folder, with nobody told."""
    folder = tmp_path_factory.mktemp("mlflow")
    before = {name: os.environ.get(name) for name in ("MLFLOW_ALLOW_FILE_STORE", "MLFLOW_DISABLE_TELEMETRY")}
    os.environ.update(MLFLOW_ALLOW_FILE_STORE="true", MLFLOW_DISABLE_TELEMETRY="true")
    mlflow.set_tracking_uri(f"file://{folder}/runs")
    yield folder
    mlflow.set_tracking_uri(None)
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


@pytest.fixture(scope="module")
def result():
    return ss.synthesize(
        REAL, target="paid", generator="copula", seed=1, rows=200, columns={"age": {"role": "quasi-identifier"}}
    )


@pytest.fixture(scope="module")
def logged(tracking, result):
    return log_result(result)


def test_settings_scores_and_files_are_logged(logged, result):
    run = mlflow.get_run(logged.run_id)
    assert run.info.status == "FINISHED" and mlflow.active_run() is None
    assert run.data.params["generator.name"] == "copula"
    assert run.data.params["columns.age.role"] == "quasi-identifier"
    assert "privacy.epsilon" not in run.data.params
    for score in result.manifest["scores"]:
        assert run.data.metrics.get(score["key"]) == score["value"]
        assert run.data.metrics.get(f"real.{score['key']}") == score["reference"]
    assert run.data.tags["smartsynth.generator"] == "copula"
    assert "Not differentially private" in run.data.tags["smartsynth.privacy"]
    names = {file.path for file in mlflow.MlflowClient().list_artifacts(logged.run_id)}
    assert names >= {"report.html", "report.json", "manifest.json", "model_card.md"}
    card = mlflow.artifacts.load_text(f"runs:/{logged.run_id}/model_card.md")
    auc = next(score for score in result.manifest["scores"] if score["key"] == "detection_auc")
    assert f"(`detection_auc`) | {auc['value']:.3f} | {auc['reference']:.3f} | lower |" in card


def test_the_model_makes_the_rows_of_the_run(logged, result):
    model = mlflow.pyfunc.load_model(logged.model_uri)
    assert model.predict(pd.DataFrame({"n": [200]})).equals(result.data)
    assert len(model.predict(pd.DataFrame({"n": [1000]}))) == 1000
    both = model.predict(pd.DataFrame({"n": [3, 4], "seed": [1, 7]}))
    assert both[:3].equals(result.data[:3]) and len(both) == 7
    assert both[3:].reset_index(drop=True).equals(load_model(logged.model_uri).sample(4, seed=7))


def test_the_signature_says_what_goes_in_and_comes_out(logged):
    signature = logged.signature
    assert {one.name: one.required for one in signature.inputs.inputs} == {"n": True, "seed": False, "where": False}
    assert {one.name: one.type.name for one in signature.outputs.inputs} == {
        "age": "long", "income": "double", "mark": "string", "day": "datetime", "paid": "string"
    }  # fmt: skip
    with pytest.raises(mlflow.MlflowException, match="missing inputs"):
        mlflow.pyfunc.load_model(logged.model_uri).predict(pd.DataFrame({"rows": [3]}))


def test_no_pickle_and_nothing_real_is_logged(tracking, logged):
    files = [path for path in tracking.rglob("*") if path.is_file()]
    assert {"MLmodel", "model.json", "release.json"} <= {path.name for path in files}
    assert not [path for path in files if path.suffix in (".pkl", ".pickle", ".pt")]
    secret = re.compile(rb"kept-nowhere-0[0-2]\d\d|" + re.escape(str(REAL["income"].max()).encode()))
    assert not [path for path in files if secret.search(path.read_bytes())]
    example = next(path for path in files if path.name == "input_example.json")
    assert json.loads(example.read_text("utf-8")) == {"columns": ["n"], "data": [[10]]}


def test_within_a_budget_only_what_was_paid_for_is_logged(tracking):
    private = ss.synthesize(
        REAL.drop(columns="mark"), generator="marginal", seed=1, rows=100, target="paid",
        privacy={"epsilon": 1.0, "public_schema": True},
        columns={"age": {"low": 18, "high": 90}, "income": {"low": 0, "high": 20_000},
                 "day": {"low": "2024-01-01", "high": "2024-12-31"}, "paid": {"categories": ["no", "yes"]}},
    )  # fmt: skip
    run = mlflow.get_run(log_result(private).run_id)
    assert run.data.metrics == {}
    assert run.data.params["privacy.epsilon"] == "1.0"
    names = {file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id)}
    assert "report.html" not in names and "manifest.json" in names


def test_it_logs_to_the_run_that_is_named_or_active(tracking, result):
    with mlflow.start_run() as run:
        assert log_result(result, report=False).run_id == run.info.run_id
        assert mlflow.active_run().info.run_id == run.info.run_id
        assert log_result(result, run.info.run_id, report=False).run_id == run.info.run_id
    other = mlflow.MlflowClient().create_run("0")
    assert log_result(result, other, report=False).run_id == other.info.run_id


def test_models_are_saved_from_runs_generators_and_folders(tracking, result, tmp_path):
    save_model(result, tmp_path / "model")
    assert mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(pd.DataFrame({"n": [200]})).equals(result.data)
    forest = ss.create("copula").fit(REAL, seed=1)
    save_model(forest, tmp_path / "alone")
    made = mlflow.pyfunc.load_model(str(tmp_path / "alone")).predict(pd.DataFrame({"n": [5], "seed": [2]}))
    assert made.equals(forest.sample(5, seed=2))
    folder = result.save(tmp_path / "run")
    with mlflow.start_run():
        uri = log_model(folder, name="again").model_uri
    assert load_model(uri).sample().equals(result.data)


@pytest.mark.parametrize(
    ("orders", "names"),
    [
        ({"rows": [3]}, 'no column "n"'),
        ({"n": [2.5]}, "n=2.5 is not a whole number"),
        ({"n": [0]}, "n=0 must be at least 1"),
        ({"n": ["x"]}, "n=x is not a whole number"),
        ({"n": [float("inf")]}, "n=inf is not a whole number"),
        ({"n": [3], "seed": [-1]}, "seed=-1 is not a whole number from 0 on"),
        ({"n": [3], "seed": ["a"]}, "seed=a is not a whole number from 0 on"),
        ({"n": [3], "where": ["age>=60"]}, "cannot sample under conditions"),
    ],
)
def test_orders_that_cannot_be_filled_are_named(logged, orders, names):
    with pytest.raises(ConfigError, match=names):
        load_model(logged.model_uri).predict(pd.DataFrame(orders))


def test_conditions_are_written_one_a_line(tmp_path):
    model = ss.create("forest").fit(REAL.drop(columns="mark"), seed=1)
    save_model(model, Path(tmp_path) / "model")
    made = load_model(str(tmp_path / "model")).predict(
        pd.DataFrame({"n": [20], "seed": [1], "where": ["age>=60\npaid=no"]})
    )
    assert (made["age"] >= 60).all() and (made["paid"] == "no").all()
