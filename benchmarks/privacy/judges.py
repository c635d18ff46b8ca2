"""What the privacy rules of several tools say about tables; run by rules.py in an environment of each tool.

    python benchmarks/privacy/judges.py TOOL CASE …

A case is a folder with train.csv, holdout.csv, synthetic.csv and about.json. For each case a line of JSON is printed: per
rule the number found, the tool's own words where it has some, whether that counts as caught where there is a threshold,
and the seconds without imports. Each tool is asked through its own functions; nothing here is a copy of a rule.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Found = dict[str, dict[str, Any]]
Judge = Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, Any]], Found]
ATTACKS = 500
HELD = 0.05
"""The share of all real rows that NeMo Safe Synthesizer holds back unless it is told otherwise."""


def main() -> None:
    tool, cases = sys.argv[1], sys.argv[2:]
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    judge = JUDGES[tool]()
    for case in cases:
        train, synthetic, holdout = (read(Path(case) / f"{name}.csv") for name in ("train", "synthetic", "holdout"))
        about = json.loads((Path(case) / "about.json").read_text("utf-8"))
        np.random.seed(about["run"])
        with contextlib.redirect_stdout(sys.stderr):
            found = judge(train, synthetic, holdout, about)
        print(json.dumps({"case": case, "found": found}), flush=True)


def read(path: Path) -> pd.DataFrame:
    rows = pd.read_csv(path, keep_default_na=False, na_values=[""], float_precision="round_trip")
    return rows.astype({name: object for name in rows.columns if not is_number(rows[name])})


def is_number(cells: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(cells)


def smartsynth_() -> Judge:
    """The attack battery; the number is the corrected p-value of its strongest sign."""
    from smartsynth.facts import Outcome
    from smartsynth.privacy.battery import battery
    from smartsynth.schema import Schema

    def judge(train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame, about: dict[str, Any]) -> Found:
        begin = time.perf_counter()
        said = battery(train, synthetic, holdout, Schema.from_json(about["schema"]), seed=about["run"])
        caught = said.outcome is Outcome.FAIL
        return {
            "smartsynth": {
                "value": said.attacks[0].corrected, "words": said.outcome.value, "caught": caught, **since(begin)
            }
        }  # fmt: skip

    return judge


def sdmetrics_() -> Judge:
    """Two scores between 0 and 1, 1 being best. Categories become numbers, which its join of all pairs is faster with."""
    from sdmetrics.single_table import DCRBaselineProtection, DCROverfittingProtection

    def judge(train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame, about: dict[str, Any]) -> Found:
        kinds = {name: {"sdtype": "numerical" if is_number(train[name]) else "categorical"} for name in train.columns}
        t, s, h = numbered(train, synthetic, holdout)
        begin = time.perf_counter()
        one = DCROverfittingProtection.compute(t, s, h, {"columns": kinds}, "table")
        found = {"sdmetrics overfitting": {"value": float(one), **since(begin)}}
        begin = time.perf_counter()
        two = DCRBaselineProtection.compute(t, s, {"columns": kinds}, "table")
        return {**found, "sdmetrics baseline": {"value": float(two), **since(begin)}}

    return judge


def numbered(*frames: pd.DataFrame) -> list[pd.DataFrame]:
    """Categories as numbers, those of the first table first."""
    new = [frame.copy() for frame in frames]
    for name in frames[0].columns:
        if not is_number(frames[0][name]):
            known = list(dict.fromkeys(cell for frame in frames for cell in frame[name]))
            for frame in new:
                frame[name] = pd.Categorical(frame[name], known).codes
    return new


def mostly_() -> Judge:
    """The share of rows nearer to training rows, and that of identical rows, as its report reckons them."""
    from mostlyai.qa import _distances
    from mostlyai.qa._sampling import prepare_data_for_embeddings

    def judge(train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame, about: dict[str, Any]) -> Found:
        begin = time.perf_counter()
        s, t, h = prepare_data_for_embeddings(syn_tgt_data=synthetic, trn_tgt_data=train, hol_tgt_data=holdout)
        far = _distances.calculate_distances(syn_embeds=s, trn_embeds=t, hol_embeds=h)
        same, other = (float(_distances.calculate_ims(far[name])) for name in ("dcr_syn_trn", "dcr_syn_hol"))
        share = float(_distances.calculate_dcr_share(far["dcr_syn_trn"], far["dcr_syn_hol"]))
        took = since(begin)
        return {"mostly share": {"value": share, **took}, "mostly same": {"value": same, "holdout": other, **took}}

    return judge


def nemo_() -> Judge:
    """Membership inference with as many holdout rows as it would keep and with all, and the score its advice goes by."""
    from nemo_safe_synthesizer.config.evaluate import QUASI_IDENTIFIER_COUNT
    from nemo_safe_synthesizer.evaluation.components.attribute_inference_protection import AttributeInferenceProtection
    from nemo_safe_synthesizer.evaluation.components.data_privacy_score import DataPrivacyScore
    from nemo_safe_synthesizer.evaluation.components.membership_inference_protection import (
        MembershipInferenceProtection,
    )

    def judge(train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame, about: dict[str, Any]) -> Found:
        few = holdout.iloc[: round(len(train) * HELD / (1 - HELD))]
        scores, found = [], {}
        for name, test in (("nemo membership", few), ("nemo membership all", holdout)):
            begin = time.perf_counter()
            scores.append(MembershipInferenceProtection.mia(train, synthetic, test)[0])
            found[name] = {**graded(scores[-1]), **since(begin)}
        begin = time.perf_counter()
        attribute = AttributeInferenceProtection._aia(train, synthetic, QUASI_IDENTIFIER_COUNT)[0]
        whole = DataPrivacyScore.from_components([
            MembershipInferenceProtection(score=scores[0]), AttributeInferenceProtection(score=attribute)
        ])  # fmt: skip
        seconds = found["nemo membership"]["seconds"] + time.perf_counter() - begin
        found["nemo privacy"] = {**graded(whole.score), "seconds": seconds}
        found["nemo privacy"]["caught"] = found["nemo privacy"]["words"] != "Excellent"
        return found

    def graded(score: Any) -> dict[str, Any]:
        if score.score is None:
            raise RuntimeError(score.notes)
        return {"value": score.score, "words": score.grade.value}

    return judge


def anonymeter_() -> Judge:
    """Risks beyond those of the holdout rows; caught if the 95 % interval lies above 0."""
    from anonymeter.evaluators import InferenceEvaluator, LinkabilityEvaluator, SinglingOutEvaluator

    def judge(train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame, about: dict[str, Any]) -> Found:
        common = {"ori": train, "syn": synthetic, "control": holdout, "n_attacks": ATTACKS}
        names, secret = list(train.columns), about["secret"]
        attacks = {
            "univariate": lambda: SinglingOutEvaluator(**common, seed=about["run"]).evaluate(mode="univariate"),
            "multivariate": lambda: SinglingOutEvaluator(**common, seed=about["run"]).evaluate(mode="multivariate"),
            "linkability": lambda: LinkabilityEvaluator(**common, aux_cols=(names[::2], names[1::2])).evaluate(n_jobs=1),
            "inference": lambda: InferenceEvaluator(
                **common, aux_cols=[name for name in names if name != secret], secret=secret,
                regression=is_number(train[secret]),
            ).evaluate(n_jobs=1),
        }  # fmt: skip
        found = {}
        for name, attack in attacks.items():
            begin = time.perf_counter()
            risk = attack().risk(confidence_level=0.95)
            low = float(risk.ci[0])
            found[f"anonymeter {name}"] = {
                "value": float(risk.value), "low": low, "caught": low > 0, **since(begin)
            }  # fmt: skip
        return found

    return judge


def since(begin: float) -> dict[str, float]:
    return {"seconds": time.perf_counter() - begin}


JUDGES: dict[str, Callable[[], Judge]] = {
    "smartsynth": smartsynth_, "anonymeter": anonymeter_, "nemo": nemo_, "sdmetrics": sdmetrics_, "mostly": mostly_,
}  # fmt: skip


if __name__ == "__main__":
    main()
