"""xquad: do synthetic paragraphs with questions come back as a SQuAD file whose every answer stands where it says?

    python benchmarks/text/xquad.py --data DATA [--base scratch] [--epochs 8] [--rows 100] [--seed 0]

`DATA` holds xquad.en.json: 240 paragraphs with 1,190 questions (Artetxe et al. 2020, CC BY-SA 4.0). Nine tenths are learnt. The synthetic
records are written as a SQuAD file, read again as users would read it, and each is looked at:

    parsed       share of the cells with questions that are JSON of the right form
    answered     share of the questions that have an answer
    at_offset    share of these answers that stand in their paragraph at the offset that is told
    copies       share of paragraphs with a run of 13 words of a training paragraph, before the filter; and of those kept aside

Prints a line of JSON, and writes docs/benchmarks/xquad.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from banking import machine

OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "xquad.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", default="scratch")
    parser.add_argument("--epochs", type=float, default=8.0)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    line = {"base": options.base, "epochs": options.epochs, "rows": options.rows, **measured(options), **machine()}
    print(json.dumps(line), flush=True)
    found = json.loads(OUT.read_text("utf-8")) if OUT.is_file() else []
    same = ("base", "epochs", "rows")
    found = [one for one in found if [one[k] for k in same] != [line[k] for k in same]] + [line]
    OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def measured(options: argparse.Namespace) -> dict[str, Any]:
    from smartsynth import export, ingest
    from smartsynth.dataset import Dataset
    from smartsynth.inference import infer_schema
    from smartsynth.metrics.text import overlap
    from smartsynth.registry import create

    real = ingest.read(options.data / "xquad.en.json")
    order = real.frame.sample(frac=1, random_state=options.seed)
    train, held = order.iloc[len(order) // 10 :].reset_index(drop=True), order.iloc[: len(order) // 10]
    schema = infer_schema(train)
    began = time.perf_counter()
    model = create("gpt2", base=options.base, epochs=options.epochs, tries=2).fit(
        train, schema=schema, seed=options.seed
    )
    fitted = time.perf_counter()
    made = model.sample(options.rows, seed=options.seed)
    drawn = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "synthetic.json"
        export.write(Dataset(made, schema, real.source), file)
        again = ingest.read(file).frame
    [context] = [name for name in again if name == "context"]
    lists = [json.loads(cell) for cell in again["qas"].dropna()]
    texts = list(again.loc[again["qas"].notna(), context])
    answers = [(text, qa["answers"][0]) for text, qas in zip(texts, lists, strict=True) for qa in qas if qa["answers"]]
    right = [text[a["answer_start"] :].startswith(a["text"]) and bool(a["text"]) for text, a in answers]
    questions = sum(map(len, lists))
    return {
        "fit_seconds": round(fitted - began), "sample_seconds": round(drawn - fitted), "questions": questions,
        "parsed": sum(all("question" in qa for qa in qas) for qas in lists) / len(lists),
        "answered": round(len(answers) / questions, 4), "at_offset": sum(right) / len(right),
        "copies": [round(overlap(list(frame[context].dropna()), list(train[context]), 13).texts, 4) for frame in (made, held)],
    }  # fmt: skip


if __name__ == "__main__":
    main()
