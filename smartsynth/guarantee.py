"""How a run keeps a budget of differential privacy: what it may not do, and the account of what it did.

With `privacy.epsilon`, nothing of the release may depend on a real row but through the generator's noise: no filter, no
race, no refinement, no balancing by real shares, rows kept aside one by one, as many rows as the noisy counts say. What
is made of real rows for their owner (profile, scores, report) is not part of the release.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from smartsynth import registry
from smartsynth.config import RunConfig
from smartsynth.errors import ConfigError
from smartsynth.models import dp_advice
from smartsynth.models.base import Generator
from smartsynth.privacy.ledger import Entry, Ledger, Touch
from smartsynth.privacy.spending import Account, Spent
from smartsynth.schema import Modality, Schema

if TYPE_CHECKING:
    import pandas as pd


def with_budget(run: RunConfig) -> RunConfig:
    """The run with a budget, if it asks by name for a generator that is differentially private."""
    name = run.generator.name
    if run.privacy.epsilon is not None or name == "auto" or not registry.generator_class(name).dp:
        return run
    epsilon = run.generator.options.get("epsilon", 1.0)
    given = run.model_dump(exclude_unset=True)
    return RunConfig.build({**given, "privacy": {**given.get("privacy", {}), "epsilon": epsilon}})


def options(run: RunConfig, name: str) -> dict[str, Any]:
    """The options of the generator of this name, with the budget and the window of a series if there is one."""
    cls, given = registry.generator_class(name), run.generator.options
    if run.window is not None and cls.windowed:
        given = {"window": run.window, **given}
    if run.privacy.epsilon is None:
        return given
    budget = {name: getattr(run.privacy, name) for name in ("epsilon", "delta", "unit", "max_rows_per_unit")}
    if cls.modality is Modality.TIMESERIES:
        most = budget.pop("max_rows_per_unit")  # an entity has many rows; only a bound that was asked for counts
        budget |= {"max_events": most} if most > 1 else {}
    return {**given, **budget}


def released_schema(run: RunConfig, schema: Schema) -> Schema:
    """The schema that the release is made with: within a budget it does not tell whether a cell was missing.

    Generators with a budget know ranges of two ends; of one end alone a rule is made (ruling.py).
    """
    if run.privacy.epsilon is None:
        return schema
    plain = [replace(column, nullable=True, missing="") for column in schema]
    return replace(
        schema,
        columns=tuple(replace(c, low=None, high=None) if (c.low is None) != (c.high is None) else c for c in plain),
    )


def advice(run: RunConfig, schema: Schema, rows: int) -> str | None:
    """What the owner should know before a budget is spent that is hardly of use for these rows and columns."""
    if run.privacy.epsilon is None:
        return None
    return dp_advice.advice(schema, rows, run.privacy.epsilon, run.privacy.delta)


def shortcomings(run: RunConfig, schema: Schema, rows: pd.DataFrame, told: str | None) -> list[str]:
    """What the owner should know about rows that were made within a budget."""
    if run.privacy.epsilon is None:
        return []
    alone = [name for name in rows.columns if rows[name].nunique(dropna=False) <= 1]
    return [line for line in (told, dp_advice.collapsed(schema, alone)) if line]


def reserve(
    model: Generator,
    run: RunConfig,
    rows: pd.DataFrame,
    schema: Schema,
    spending: Account,
    *,
    release: str | None = None,
) -> Spent | None:
    """Spend the budget on these rows before anything is learnt from them; None if the run has none.

    Raises:
        PrivacyError: All releases together would spend more than `privacy.total_epsilon`.
    """
    wanted = run.privacy
    if wanted.epsilon is None:
        return None
    dataset = spending.dataset(rows, wanted.dataset)
    return spending.reserve(
        dataset,
        epsilon=wanted.epsilon,
        delta=wanted.delta,
        thresholds=model.threshold_share(schema),
        most=wanted.total_epsilon,
        gaussian=model.gaussian,
        release=release,
    )


def ledger(model: Generator, run: RunConfig, spent: Spent | None) -> Ledger:
    """Everything that looked at real rows, and what earlier releases of them cost."""
    seen = [Entry("profile", "all rows, for the profile and the scan for identifiers", Touch.OWNER)]
    if run.evaluate.enabled:
        seen.append(Entry("evaluate", "rows learnt from and rows kept aside, for the scores", Touch.OWNER))
    if run.privacy.epsilon is None:
        blurred = "latent noise, which is not private" if run.generator.options.get("latent_noise") else ""
        learnt = [Entry("fit", "the rows learnt from", Touch.OPEN, blurred)]
        if run.privacy.filter:
            learnt.append(Entry("filter", "distances to the rows learnt from and kept aside", Touch.OPEN))
        return Ledger((*learnt, *seen))
    assert model.ledger_ is not None  # noqa: S101  (a differentially private generator keeps one)
    what = "names, kinds and formats of the columns"
    public = run.privacy.public_schema
    how = "read off the data, and declared public knowledge" if public else "read off the data"
    kinds = Entry("schema", what, Touch.PUBLIC if public else Touch.OPEN, how)
    measured = [entry for entry in model.ledger_.entries if entry.stage != "schema"]
    assert spent is not None  # noqa: S101  (it was reserved before the fit)
    return replace(model.ledger_, entries=(kinds, *measured, *seen), releases=spent.releases, total=spent.epsilon)


def as_many(model: Generator, run: RunConfig, *, split: bool) -> int:
    """As many rows as there are real ones, as far as the noisy counts of the model tell.

    Args:
        model: The fitted generator.
        run: The settings.
        split: Whether some of the real rows were kept aside.
    """
    assert model.rows_ is not None  # noqa: S101  (a differentially private generator counts)
    share = 1 - run.holdout.fraction if split else 1.0
    return max(round(model.rows_ / share), 1)


def check(run: RunConfig) -> None:
    """Refuse what would read the real rows beyond the budget.

    Raises:
        ConfigError: A setting does not go with `privacy.epsilon`.
    """
    if run.privacy.epsilon is None:
        return
    epsilon, wanted = run.privacy.epsilon, run.generator
    able = [name for name in registry.generators() if registry.generator_class(name).dp]
    if wanted.name not in ("auto", *able):
        raise ConfigError(
            f"privacy.epsilon={epsilon:g}: the generator {wanted.name!r} cannot be differentially private. "
            f"Use auto or {', '.join(able)}, or leave epsilon out."
        )
    if run.privacy.safe_harbor:
        raise ConfigError(
            f"privacy.safe_harbor=True looks for identifiers in the cells, which privacy.epsilon={epsilon:g} does not account "
            "for. Say what is to be done with each column: columns.NAME.treatment."
        )
    for setting, value in (
        ("generator.budget", wanted.budget), ("generator.refine", wanted.refine or None), ("balance", run.balance)
    ):  # fmt: skip
        if value is not None:
            raise ConfigError(
                f"{setting}={value!r} reads the real rows again, which privacy.epsilon={epsilon:g} does not account for. "
                "Leave one of the two out."
            )
