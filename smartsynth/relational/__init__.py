"""Several tables that point to each other: made together, so that every key holds.

from smartsynth import relational

made = relational.synthesize("shop/", schema="schema.yaml", seed=1)
made.tables["orders"]                   a frame
made.write("synthetic/")                a folder, a workbook or a database
made.report("report.html")
made.save("model/")
relational.sample("model/", scale=2.0).write("more/")
relational.evaluate("shop/", "synthetic/", schema="schema.yaml")
"""

from smartsynth.relational.run import Made, RelationalResult, evaluate, sample, synthesize
from smartsynth.relational.scores import LinkScores, RelationalEvaluation, TableScores
from smartsynth.relational.source import read
from smartsynth.relational.structure import Link, Structure, Tables

__all__ = [
    "Link", "LinkScores", "Made", "RelationalEvaluation", "RelationalResult", "Structure", "TableScores", "Tables",
    "evaluate", "read", "sample", "synthesize",
]  # fmt: skip
