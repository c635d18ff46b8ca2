"""Runs and their models in MLflow.

    log_result              settings as parameters, scores beside those of real rows as metrics, report, manifest, card and model
    save_model, log_model   a saved run as a `pyfunc` model: a folder without a pickle, which this module reads again
    load_model              the same rows as `resample` makes

    mlflow.pyfunc.load_model(uri).predict(pd.DataFrame({"n": [1000]}))

Nothing real is logged: what a manifest holds, and, unless a budget of differential privacy was asked for, the report.
"""

from __future__ import annotations

import json
import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pandas as pd

from smartsynth import registry, resampling
from smartsynth._version import __version__
from smartsynth.errors import ConfigError, MissingExtraError
from smartsynth.models.base import Generator
from smartsynth.models.conditions import Given
from smartsynth.report.cards import model_card
from smartsynth.result import Result
from smartsynth.schema import Column, Kind

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns of its own type hints
        import mlflow
        import mlflow.pyfunc
        from mlflow.models import ModelSignature
        from mlflow.types.schema import ColSpec, Schema
except ImportError:
    raise MissingExtraError("smartsynth.integrations.mlflow", "mlflow") from None

MOST_CHARS = 6_000
"""Of a parameter's value; a longer one stands in the manifest alone."""
_NOT_IN_NAMES = re.compile(r"[^\w\-./ ]")
_TYPES = {Kind.BOOLEAN: "boolean", Kind.IMAGE: "binary"}


class SavedRows:
    """The rows of a saved run or model, which is loaded once.

    Args:
        folder: What `Result.save` or `Generator.save` wrote.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.model = registry.load(folder)
        self._run = resampling.saved_run(folder)

    def sample(self, n: int | None = None, *, where: Given | None = None, seed: int | None = None) -> pd.DataFrame:
        """The rows that `resample` makes of the folder."""
        run = resampling.opened_of(self.model, self._run, n, where=where, seed=seed)
        return run.resampled().synthetic.frame

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Rows for orders, one after the other: each row of the input asks for `n` rows, with a `seed` and under conditions if given.

        Args:
            model_input: A column `n`; a column `seed` for other rows than the run's; a column `where` with conditions such as
                `age>=60`, one a line.
            params: None are known.

        Raises:
            ConfigError: An order cannot be filled.
        """
        orders = pd.DataFrame(model_input)
        if "n" not in orders.columns or orders.empty:
            raise ConfigError('The input has no column "n" with the number of rows. Give pd.DataFrame({"n": [1000]}).')
        made = [self._ordered(order) for order in orders.to_dict("records")]
        return made[0] if len(made) == 1 else pd.concat(made, ignore_index=True)

    def get_raw_model(self) -> Self:
        """What MLflow unwraps."""
        return self

    def _ordered(self, order: Mapping[Any, Any]) -> pd.DataFrame:
        given = {name: value for name, value in order.items() if not pd.isna(value)}
        if "n" not in given or int(given["n"]) != given["n"]:
            raise ConfigError(f"n={order['n']} is not a whole number of rows.")
        where = [line for line in str(given.get("where", "")).splitlines() if line.strip()]
        return self.sample(int(given["n"]), where=where or None, seed=int(given["seed"]) if "seed" in given else None)


def log_result(
    result: Result,
    run: Any = None,
    *,
    name: str = "model",
    report: bool | None = None,
    registered_model_name: str | None = None,
) -> Any:
    """Log a run: settings, scores, report, manifest, card and model.

    Args:
        result: What `synthesize` gave.
        run: A run of MLflow, or its id; the active one if not given, or a new one that ends here.
        name: What the model is called.
        report: Whether the HTML report is logged; if not given, where scores were measured and no budget of differential
            privacy was asked for: a report tells what was measured on real rows without noise.
        registered_model_name: Registers the model under this name too.

    Returns:
        MLflow's `ModelInfo`, with `model_uri` and `run_id`.
    """
    manifest = result.manifest
    if report is None:
        report = result.evaluation is not None and manifest["privacy"]["epsilon"] is None
    with _running(run), tempfile.TemporaryDirectory() as work:
        mlflow.set_tags(_tags(manifest))
        mlflow.log_params(_parameters(manifest["config"]))
        mlflow.log_metrics(_metrics(manifest["scores"]))
        mlflow.log_text(json.dumps(manifest, ensure_ascii=False, indent=2), "manifest.json")
        mlflow.log_text(model_card(manifest, result.synthetic.schema), "model_card.md")
        if report:
            for path in result.report(Path(work) / "report.html"):
                mlflow.log_artifact(str(path))
        return log_model(result, name=name, registered_model_name=registered_model_name)


def save_model(source: Result | Generator | str | Path, path: str | Path) -> None:
    """Write a saved run as a model of MLflow.

    Args:
        source: A result, a fitted generator, or the folder of either.
        path: A folder that is not there yet.
    """
    with _saved(source) as folder:
        mlflow.pyfunc.save_model(str(path), **_parts(folder))


def log_model(
    source: Result | Generator | str | Path, *, name: str = "model", registered_model_name: str | None = None
) -> Any:
    """Log a saved run as a model of the active run.

    Args:
        source: A result, a fitted generator, or the folder of either.
        name: What the model is called.
        registered_model_name: Registers the model under this name too.

    Returns:
        MLflow's `ModelInfo`, with `model_uri`.
    """
    with _saved(source) as folder:
        return mlflow.pyfunc.log_model(name=name, registered_model_name=registered_model_name, **_parts(folder))


def load_model(uri: str) -> SavedRows:
    """The rows of a model that was logged or saved; `mlflow.pyfunc.load_model` gives the same to whoever knows MLflow alone."""
    made: SavedRows = mlflow.pyfunc.load_model(uri).get_raw_model()
    return made


def _load_pyfunc(path: str) -> SavedRows:
    """What MLflow calls to read a model."""
    return SavedRows(path)


@contextmanager
def _running(run: Any) -> Iterator[None]:
    """The run that is asked for is the active one."""
    active = mlflow.active_run()
    wanted = run if run is None or isinstance(run, str) else run.info.run_id
    if active is not None and wanted in (None, active.info.run_id):
        yield
        return
    with mlflow.start_run(run_id=wanted, nested=active is not None):
        yield


@contextmanager
def _saved(source: Result | Generator | str | Path) -> Iterator[Path]:
    """The folder of a saved run or model, which is written for as long as it is needed."""
    if isinstance(source, str | Path):
        yield Path(source)
        return
    with tempfile.TemporaryDirectory() as work:
        yield source.save(Path(work) / "run")


def _parts(folder: Path) -> dict[str, Any]:
    """What MLflow needs to know of a saved run."""
    model = registry.load(folder)
    extras = ",".join(["mlflow", *([] if model.extra is None else [model.extra])])
    return {
        "loader_module": __name__,
        "data_path": str(folder),
        "signature": ModelSignature(
            Schema(
                [
                    ColSpec("long", "n"),
                    ColSpec("long", "seed", required=False),
                    ColSpec("string", "where", required=False),
                ]
            ),
            Schema([ColSpec(_type(column), column.name, required=not column.nullable) for column in model.schema_]),
        ),
        "input_example": pd.DataFrame({"n": [10]}),
        "pip_requirements": [f"smartsynth[{extras}]=={__version__}"],
        "metadata": {"smartsynth": __version__, "generator": model.name},
    }


def _type(column: Column) -> str:
    """What MLflow calls the cells of a column."""
    if column.kind in _TYPES:
        return _TYPES[column.kind]
    dtype = column.dtype.lower()
    if dtype.startswith("datetime64") or dtype == "date":
        return "datetime"
    if dtype.startswith(("int", "uint")):
        return "long"
    return "double" if dtype.startswith("float") else "string"


def _tags(manifest: Mapping[str, Any]) -> dict[str, str]:
    attacks = manifest["attacks"]
    tags = {
        "version": manifest["smartsynth"],
        "generator": manifest["generator"],
        "privacy": manifest["privacy"]["statement"],
    }
    tags |= {} if attacks is None else {"attacks": attacks["outcome"]}
    return {f"smartsynth.{name}": str(value) for name, value in tags.items()}


def _parameters(config: Mapping[str, Any]) -> dict[str, str]:
    """The settings that were made or have a default, by their paths."""
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in _leaves(config)}
    return {
        _NOT_IN_NAMES.sub("_", name): text if len(text) <= MOST_CHARS else "see manifest.json"
        for name, text in texts.items()
    }


def _leaves(config: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{before}{name}.")
        elif value is not None:
            yield before + name, value


def _metrics(scores: list[Mapping[str, Any]]) -> dict[str, float]:
    """Each score, and the same of real rows as `real.KEY`."""
    found: dict[str, float] = {}
    for score in scores:
        for name, value in ((score["key"], score["value"]), (f"real.{score['key']}", score["reference"])):
            if value is not None:
                found[_NOT_IN_NAMES.sub("_", name)] = value
    return found
