"""The made shop of the benchmark, small, and a run over it."""

import importlib.util
from pathlib import Path

import pytest

from smartsynth import relational

_SHOP = Path(__file__).parents[3] / "benchmarks" / "relational" / "shop.py"


def _module():
    spec = importlib.util.spec_from_file_location("shop", _SHOP)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def schema():
    return _module().SCHEMA


@pytest.fixture(scope="session")
def shop():
    return _module().shop(300, seed=3)


@pytest.fixture(scope="session")
def made(shop, schema):
    return relational.synthesize(shop, schema=schema, seed=5)
