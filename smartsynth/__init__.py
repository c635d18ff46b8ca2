"""SmartSynth: real data in, safe synthetic data out, with the evidence beside it.

    ingest → profile → select → fit → sample → privacy filter → evaluate → export

>>> import smartsynth as ss
>>> ss.generators()[0]
'forest'

The public names below stand in the order of that path. Each is imported when it is first used, so that
`import smartsynth` costs next to nothing.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from smartsynth._version import __version__

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when OpenMP is loaded: see threads.py

if TYPE_CHECKING:
    from smartsynth.augmentation import Augmented, augment
    from smartsynth.client import Client
    from smartsynth.config import RunConfig
    from smartsynth.dataset import Dataset
    from smartsynth.errors import (
        Cancelled,
        ConfigError,
        DataError,
        MissingExtraError,
        ModelFormatError,
        NotFittedError,
        PrivacyError,
        SmartSynthError,
        UnknownGeneratorError,
    )
    from smartsynth.facts import Choice, Evaluation, FilterSummary, Profile, Score
    from smartsynth.ingest import read
    from smartsynth.many import synthesize_many
    from smartsynth.models.base import Generator
    from smartsynth.nearest import nearest_images
    from smartsynth.parts import evaluate_parts
    from smartsynth.pipeline import evaluate, profile, synthesize
    from smartsynth.registry import create, generators, load
    from smartsynth.replaying import Replay, replay
    from smartsynth.resampling import resample
    from smartsynth.result import Result
    from smartsynth.schema import Column, Kind, Role, Schema

_PLACES = {
    # the whole path, and what it gives back
    "synthesize": "pipeline",
    "Result": "result",
    # its stages
    "read": "ingest",
    "profile": "pipeline",
    "generators": "registry",
    "create": "registry",
    "load": "registry",
    "resample": "resampling",
    "replay": "replaying",
    "Replay": "replaying",
    "Generator": "models.base",
    "evaluate": "pipeline",
    "synthesize_many": "many",
    "evaluate_parts": "parts",
    "augment": "augmentation",
    "Augmented": "augmentation",
    "nearest_images": "nearest",
    # the same verbs on a server
    "Client": "client",
    # what passes between them
    "RunConfig": "config",
    "Dataset": "dataset",
    "Schema": "schema",
    "Column": "schema",
    "Kind": "schema",
    "Role": "schema",
    "Profile": "facts",
    "Choice": "facts",
    "FilterSummary": "facts",
    "Evaluation": "facts",
    "Score": "facts",
    # what can go wrong
    "SmartSynthError": "errors",
    "DataError": "errors",
    "ConfigError": "errors",
    "UnknownGeneratorError": "errors",
    "ModelFormatError": "errors",
    "MissingExtraError": "errors",
    "PrivacyError": "errors",
    "NotFittedError": "errors",
    "Cancelled": "errors",
}

__all__ = [  # noqa: RUF022 - in the order of the data path
    "__version__",
    "synthesize",
    "Result",
    "read",
    "profile",
    "generators",
    "create",
    "load",
    "resample",
    "replay",
    "Replay",
    "Generator",
    "evaluate",
    "evaluate_parts",
    "augment",
    "Augmented",
    "nearest_images",
    "synthesize_many",
    "Client",
    "RunConfig",
    "Dataset",
    "Schema",
    "Column",
    "Kind",
    "Role",
    "Profile",
    "Choice",
    "FilterSummary",
    "Evaluation",
    "Score",
    "SmartSynthError",
    "DataError",
    "ConfigError",
    "UnknownGeneratorError",
    "ModelFormatError",
    "MissingExtraError",
    "PrivacyError",
    "NotFittedError",
    "Cancelled",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'smartsynth' has no attribute {name!r}")
    value = getattr(import_module(f"smartsynth.{_PLACES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
