"""Somebody who spends a privacy budget, in a module that other processes can import."""

from smartsynth.errors import PrivacyError
from smartsynth.privacy.spending import Spending, Spent


def spend(path, dataset="name:a", epsilon=1.0, most=None) -> Spent:
    return Spending(path).reserve(dataset, epsilon=epsilon, delta=1e-9, thresholds=0.0, most=most)


def tried(path) -> bool:
    """Whether a budget was left."""
    try:
        spend(path, epsilon=0.5, most=2.0)
    except PrivacyError:
        return False
    return True
