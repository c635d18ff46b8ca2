"""A run's manifest → the cards that travel with its model and its rows: Markdown that people read and Hugging Face shows.

    model card   README.md of a saved run: what it makes, how near to real rows that is, what is promised, how it is opened
    data card    <name>.card.md beside exported rows, or README.md of an exported folder

Both are made of the manifest and the columns' names alone, so they hold no value of the real data, no clock and no name of a file; every
score stands beside the same of real rows. What a manifest leaves out within a budget of differential privacy is missing here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from smartsynth.formats import MISSING, number
from smartsynth.report.glossary import explanation
from smartsynth.schema import Modality, Schema

Manifest = Mapping[str, Any]
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_TAGS = {Modality.TABLE: "tabular", Modality.TIMESERIES: "timeseries", Modality.TEXT: "text", Modality.IMAGE: "image"}
_NAMES = {Modality.TABLE: "rows", Modality.TIMESERIES: "time series", Modality.TEXT: "texts", Modality.IMAGE: "images"}
_LICENCE = "Nobody but those who hold the rights to the real data can say under which licence this may be passed on; put it in the place of `unknown`."
_LIMITS = (
    "Rare things are missing on purpose: what fewer people share than the setting `privacy.k` says was not learnt.",
    "A score is of all rows together. It says little about small groups: look at the report's columns and pairs before you rely on one.",
    "What everybody in the real data shares is in the synthetic rows too, bias included.",
)


def is_of_a_run(manifest: Manifest | None) -> bool:
    """Whether a manifest says enough for a card; that of a model that was saved alone does not."""
    return manifest is not None and {"smartsynth", "generator", "privacy", "data"} <= set(manifest)


def model_card(manifest: Manifest, schema: Schema) -> str:
    """The card of a saved run.

    Args:
        manifest: Of the run (manifest.py).
        schema: Of its rows.
    """
    head = {"library_name": "smartsynth", "license": "unknown", "tags": _tags(manifest, schema)}
    parts = [
        f"# Synthetic {_what(schema)} by `{manifest['generator']}`",
        f"A model made by SmartSynth {manifest['smartsynth']} with seed {manifest['seed']}. It makes synthetic rows and holds no real one: "
        f"a folder of JSON, arrays and safetensors, which is read without running code.{_released(manifest)}",
        "## Use",
        "```python\nimport smartsynth as ss\n\nss.resample(\"FOLDER\").synthetic.frame  # the rows of the run\nss.load(\"FOLDER\").sample(1000, seed=1)  # any number of others\n```",
        _uses(),
        *_made_from(manifest),
        *_evidence(manifest),
        *_limits(manifest, "Rows beyond those that the run released were never compared with real ones." if _filtered(manifest) else None),
    ]  # fmt: skip
    return _card(head, parts)


def data_card(manifest: Manifest, schema: Schema) -> str:
    """The card of exported rows.

    Args:
        manifest: That travels with them.
        schema: Of the rows.
    """
    head = {"license": "unknown", "tags": _tags(manifest, schema), "size_categories": [_size(_rows(manifest))]}
    return _card(head, [data_card_text(manifest, schema)])


def data_card_text(manifest: Manifest, schema: Schema) -> str:
    """The card of exported rows without its head, for a card that has a head of its own."""
    rows = _rows(manifest)
    parts = [
        f"# Synthetic {_what(schema)}",
        f"{rows:,} synthetic rows with {len(schema)} columns, made by SmartSynth {manifest['smartsynth']} with the generator "
        f"`{manifest['generator']}` and seed {manifest['seed']}. They are drawn from what was learnt of real rows, not taken from these.",
        _uses(),
        *_made_from(manifest),
        "## Columns",
        _columns(schema),
        *_rules(manifest),
        *_evidence(manifest),
        *_limits(manifest, None),
        "All settings and versions are in the manifest beside this card.",
    ]
    return "\n\n".join(parts) + "\n"


def _card(head: Mapping[str, Any], parts: Sequence[str]) -> str:
    text = yaml.safe_dump(dict(head), sort_keys=False, allow_unicode=True)
    return f"---\n{text}---\n\n" + "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _tags(manifest: Manifest, schema: Schema) -> list[str]:
    tags = ["synthetic", "smartsynth", _TAGS[schema.modality], str(manifest["generator"])]
    return [*tags, "differential-privacy"] if _epsilon(manifest) is not None else tags


def _what(schema: Schema) -> str:
    return _NAMES[schema.modality]


def _rows(manifest: Manifest) -> int:
    return int(manifest.get("rows", manifest["data"]["synthetic"]))


def _size(rows: int) -> str:
    """What Hugging Face calls such a number of rows.

    >>> _size(10), _size(25_000), _size(10**9)
    ('n<1K', '10K<n<100K', '10M<n<100M')
    """
    return next((name for most, name in _SIZES if rows < most), "10M<n<100M")


def _released(manifest: Manifest) -> str:
    return f" The run released {_rows(manifest):,} rows."


def _uses() -> str:
    return (
        "**Meant for** developing and testing software, teaching, sharing the shape of data before the data themselves, and as more rows to "
        "learn from where the scores below say that it helps. **Not meant for** decisions about single people, for finding out about "
        f"somebody, or for figures that are passed on as if they had been counted in real data. {_LICENCE}"
    )


def _made_from(manifest: Manifest) -> list[str]:
    """What is told of the real data: their shape, and nothing that is in them."""
    data = manifest["data"]
    lines = [f"| Columns | {data['columns']:,} |"]
    for key, name in (
        ("real", "Real rows"),
        ("train", "Learnt from"),
        ("holdout", "Kept aside, for the evidence alone"),
    ):
        if key in data:
            lines.append(f"| {name} | {data[key]:,} |")
    if manifest.get("target") is not None:
        lines.append(f"| Column to be predicted | {_cell(manifest['target'])} |")
    lines += [f"| {_cell(name)} | {_cell(value)} |" for name, value in _settings(manifest)]
    reasons = " ".join(str(reason) for reason in manifest.get("reasons", ()))
    return ["## Made from", "\n".join(["| | |", "| --- | --- |", *lines]), *([reasons] if reasons else [])]


def _settings(manifest: Manifest) -> list[tuple[str, Any]]:
    """Settings that change what rows are like, where they are set."""
    config = manifest.get("config", {})
    privacy, generator = config.get("privacy", {}), config.get("generator", {})
    found = {
        "Options of the generator": generator.get("options") or None, "Refined": generator.get("refine") or None,
        "Balanced": None if config.get("balance") is None else "yes", "Fewest people who share what is learnt": privacy.get("k"),
        "k-anonymity": privacy.get("k_anonymity"), "ε": privacy.get("epsilon"), "Conditions": manifest.get("where"),
    }  # fmt: skip
    return [(name, value) for name, value in found.items() if value is not None]


def _columns(schema: Schema) -> str:
    lines = ["| Column | Kind | Meaning |", "| --- | --- | --- |"]
    lines += [f"| {_cell(c.name)} | {c.kind.value} | {_cell(c.semantic or MISSING)} |" for c in schema]
    return "\n".join(lines)


def _rules(manifest: Manifest) -> list[str]:
    rules = [rule.get("rule", rule.get("name")) for rule in manifest.get("rules", ())]
    if not rules:
        return []
    return ["## Rules that every row keeps", "\n".join(f"- {_cell(rule)}" for rule in rules)]


def _evidence(manifest: Manifest) -> list[str]:
    """Privacy and scores."""
    return ["## Privacy", "\n".join(f"- {line}" for line in _privacy(manifest)), "## Scores", _scores(manifest)]


def _privacy(manifest: Manifest) -> list[str]:
    lines = [manifest["privacy"]["statement"], _filter_told(manifest)]
    attacks = manifest.get("attacks")
    if attacks is not None and manifest.get("scores"):
        smallest = attacks["smallest_leak_seen"]
        seen = "" if smallest is None else f" A leak of {100 * smallest:.2g} % of the rows would have been seen."
        lines.append(f"{attacks['made']} attacks on the rows: {attacks['outcome']}.{seen}")
    treated = [one for one in manifest.get("identifiers", ()) if one["treatment"] != "keep"]
    if treated:
        lines.append(
            "Columns that say who somebody is: "
            + ", ".join(f"{_cell(one['column'])} ({one['treatment']})" for one in treated)
            + "."
        )
    if manifest.get("recoding") is not None:
        lines.append("Rows were made k-anonymous after they were drawn.")
    return lines


def _filter_told(manifest: Manifest) -> str:
    if _epsilon(manifest) is not None:
        return "No privacy filter looked at the rows: the model itself is private, and so is every row of it."
    if not _filtered(manifest):
        return "No privacy filter looked at these rows."
    summary = manifest["filter"]
    removed = summary["exact_copies"] + summary["too_close"]
    return (
        f"A privacy filter looked at {summary['checked']:,} rows and removed {removed:,} as copies or near copies of real ones, with "
        f"{summary['decoys']:,} decoys. Rows beyond those that were released, and rows of another seed, it never saw."
    )


def _filtered(manifest: Manifest) -> bool:
    return manifest.get("filter") is not None


def _epsilon(manifest: Manifest) -> float | None:
    epsilon: float | None = manifest["privacy"].get("epsilon")
    return epsilon


def _scores(manifest: Manifest) -> str:
    """A table of scores, or a sentence if there are none."""
    if not manifest.get("scores"):
        return "None were measured, or none may be told."
    lines = ["| Score | Synthetic | Real | Better |", "| --- | --- | --- | --- |"]
    for score in manifest["scores"]:
        known = explanation(score["key"])
        name = score["key"] if known is None else f"{known[0]} (`{score['key']}`)"
        real = MISSING if score["reference"] is None else number(score["reference"])
        lines.append(f"| {name} | {number(score['value'])} | {real} | {score['better']} |")
    return "\n".join(lines)


def _limits(manifest: Manifest, more: str | None) -> list[str]:
    lines = [*_LIMITS, *([] if more is None else [more])]
    if _epsilon(manifest) is None:
        lines.append("Without an ε none of this is a proof: a new attack may do better than those that were tried.")
    return ["## Limits", "\n".join(f"- {line}" for line in lines)]


def _cell(value: Any) -> str:
    """A text as a cell of a table that no Markdown and no HTML comes of."""
    text = " ".join(str(value).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "|`[]*":
        text = text.replace(sign, f"&#{ord(sign)};")
    return text
