"""Several tables from end to end: read, keep families aside, learn, make, measure."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth import registry
from smartsynth.config import Limits, PrivacyConfig
from smartsynth.errors import ConfigError
from smartsynth.progress import Progress, Stages, part, silent
from smartsynth.relational.gates import gates
from smartsynth.relational.learning import learn
from smartsynth.relational.making import make
from smartsynth.relational.model import Model
from smartsynth.relational.plan import held_out, plan_of
from smartsynth.relational.source import read
from smartsynth.relational.structure import Tables
from smartsynth.schema import Modality
from smartsynth.schema_document import SchemaDocument

HELD_OUT = 0.2


def _try(source: Any, schema: Any = None, seed: int = 1, scale: float = 1.0, filter: bool = True, generator: str = "forest") -> Any:
    import time
    t0 = time.time()
    tables, document = read(source, schema=schema)
    parts = plan_of(tables)
    held, shared = held_out(tables, parts, fraction=HELD_OUT, seed=seed)
    for p in parts:
        print(p.table, "main", p.main, "matched", [str(x) for x in p.matched], "late", [str(x) for x in p.late], "ref", [str(x) for x in p.looked_up], "implied", p.implied, p.own, p.serial, p.counter, p.single)
    print("read", time.time() - t0); t0 = time.time()
    model = learn(tables, parts, held, generator=generator, seed=seed, k=5, progress=lambda f, m="": None)
    print("learn", time.time() - t0); t0 = time.time()
    g = gates(tables, parts, held, PrivacyConfig(), seed=seed, progress=silent) if filter else None
    print("gates", time.time() - t0); t0 = time.time()
    made, left = make(model, scale=scale, seed=seed, gates=g)
    print("make", time.time() - t0, left)
    return tables, model, made, held
