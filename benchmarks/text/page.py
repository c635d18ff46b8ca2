"""docs/benchmarks-text.md from the figures in docs/benchmarks.

python benchmarks/text/page.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
import page_text

HEAD = """<!-- Made by benchmarks/text/page.py from the figures in docs/benchmarks. -->

# Benchmarks of texts

Data are public: banking77 (10,003 queries to a bank and 3,080 for testing, 77 intents, CC BY 4.0) and xquad (240 paragraphs with
1,190 questions, CC BY-SA 4.0). `make bench-text` measures everything again.
"""
Line = dict[str, Any]


def main() -> None:
    parts = [
        HEAD,
        full(page_text.found("banking")),
        augmented(page_text.found("banking")),
        private(page_text.found("text_private")),
    ]
    parts += [questions(page_text.found("xquad")), speed(page_text.found("text_speed"))]
    (page_text.DOCS / "benchmarks-text.md").write_text("\n".join(filter(None, parts)), "utf-8")


def table(head: list[str], rows: list[list[Any]]) -> str:
    return page_text.table(head, rows) + "\n"


def full(found: list[Line]) -> str:
    some = [one for one in found if one["what"] == "full"]
    if not some:
        return ""
    rows = [
        [f"`{one['base']}`, {one['epochs']:g} epochs, seed {one['seed']}", f"{one['rows']:,}", f"**{one['tstr_f1']:.3f}**",
         f"{one['as_many_real_f1']:.3f}", f"{one['real_f1']:.3f}", f"{one['copies'][0]:.1%} ({one['copies'][1]:.1%})",
         f"{one['fit_seconds']} s", f"{one['sample_seconds']} s", one["load"]]
        for one in some
    ]  # fmt: skip
    head = [
        "Model",
        "Queries",
        "Macro F1",
        "as many real",
        "all real",
        "8 words in a row of a training query (of test queries)",
        "Learnt in",
        "Drawn in",
        "Load of the machine",
    ]
    return f"""## banking77: what classifiers learn from synthetic queries

`python benchmarks/text/banking.py --data DATA`

A classifier of sentence embeddings learns from the queries and is tested on real ones.

{table(head, rows)}"""


def augmented(found: list[Line]) -> str:
    some = [one for one in found if one["what"] == "augmented"]
    if not some:
        return ""
    rows = [
        [f"`{one['base']}`, {one['epochs']:g} epochs, seed {one['seed']}", name, one["shots"], f"{one['rows']:,}", f"{before:.3f}", f"**{after:.3f}**",
         f"{100 * (after - before):+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"]
        for one in some for name, (before, after, low, high) in one["gains"].items()
    ]  # fmt: skip
    return f"""## banking77: a few real queries and synthetic ones

`python benchmarks/text/banking.py --data DATA --shots 5 --decoys 0 --what augmented`

The generator learns from these few queries alone. Gain: points of macro F1, with its 95 % interval over the test queries. Of so few
queries a model repeats many, which the filter drops; decoys beside them would leave nothing, so that they are off here.

{table(["Model", "Classifier by", "Real per intent", "Synthetic", "Real alone", "Together", "Gain"], rows)}"""


def private(found: list[Line]) -> str:
    if not found:
        return ""
    rows = [
        ["∞" if one["epsilon"] is None else f"{one['epsilon']:g}", steps(one), f"{one['rows']:,}", f"**{one['tstr_f1']:.3f}**", f"{one['as_many_real_f1']:.3f}",
         f"{one['exposure']['learnt']:.2f} ({one['exposure']['unseen']:.2f})", one["phrase_written"],
         f"{one['copies'][0]:.1%} ({one['copies'][1]:.1%})", f"{one['fit_seconds']} s on {one['learnt_on']['device']}"]
        for one in sorted(found, key=lambda one: one["epsilon"] or 1e9)
    ]  # fmt: skip
    head = [
        "ε", "Learnt by", "Queries", "Macro F1", "as many real", "Exposure of planted secrets, bits (of unseen ones)", "queries with their words",
        "8 words in a row (of test queries)", "Learnt in",
    ]  # fmt: skip
    return f"""## banking77: privacy

`python benchmarks/text/private.py --data DATA`

Models learn the training queries with 20 secrets planted once each. Exposure says how well a model knows them, at most 10 bits;
1.44 is what chance gives. Without a filter.

{table(head, rows)}"""


def steps(one: Line) -> str:
    """How a model learnt."""
    told = one["options"]
    if one["epsilon"] is None:
        return f"{told['epochs']:g} epochs"
    return f"{told['steps']} steps of {told['batch_size']}, rank {told['rank']}, rate {told['learning_rate']:g}, δ = {told['delta']:g}"


def questions(found: list[Line]) -> str:
    if not found:
        return ""
    rows = [
        [f"`{one['base']}`, {one['epochs']:g} epochs", one["rows"], one["questions"], f"{one['parsed']:.0%}", f"{one['answered']:.0%}",
         f"**{one['at_offset']:.0%}**", f"{one['copies'][0]:.1%} ({one['copies'][1]:.1%})", f"{one['fit_seconds']} s"]
        for one in found
    ]  # fmt: skip
    head = [
        "Model",
        "Paragraphs",
        "Questions",
        "Parsed",
        "Answered",
        "Answers at their offset",
        "13 words in a row (of unseen paragraphs)",
        "Learnt in",
    ]
    return f"""## xquad: questions about texts

`python benchmarks/text/xquad.py --data DATA`

The synthetic records are written as a SQuAD file, read again, and each answer is looked for where the file says that it stands.

{table(head, rows)}"""


def speed(found: list[Line]) -> str:
    if not found:
        return ""
    rows = [
        [f"`{one['base']}`", one["method"], one["device"], one["threads"], f"{one['learnt_tokens_per_second']:,}",
         f"{one.get('private_tokens_per_second', 0):,}" if "private_tokens_per_second" in one else "", f"{one['written_tokens_per_second']:,}"]
        for one in found
    ]  # fmt: skip
    return f"""## Speed

`python benchmarks/text/speed.py --data DATA`

Tokens per second, read and written; DP-SGD with its noise.

{table(["Model", "Method", "Machine", "Threads", "Learnt", "Learnt by DP-SGD", "Written"], rows)}"""


if __name__ == "__main__":
    main()
