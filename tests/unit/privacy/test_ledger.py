"""The account behind the words."""

import pytest

from smartsynth.privacy.accountant import largest_mu
from smartsynth.privacy.ledger import Budget, Entry, Ledger, Touch

SPENT = Entry("measure", "counts", Touch.MEASURED, "discrete Gaussian noise", mu=0.1)


def test_the_words_need_every_entry_accounted_for():
    account = Ledger((SPENT, Entry("schema", "kinds", Touch.PUBLIC)), 1.0, 1e-9)
    assert account.is_private
    assert account.statement() == "Differentially private with ε = 1 at δ = 1e-09, for one row added or removed."
    seen = account.plus([Entry("evaluate", "all rows", Touch.OWNER)])
    assert seen.is_private
    broken = account.plus([Entry("filter", "distances to the training rows", Touch.OPEN)])
    assert not broken.is_private
    assert broken.statement().startswith("Not differentially private as a whole: distances to the training rows")


def test_without_a_measurement_there_is_nothing_to_claim():
    assert not Ledger((Entry("schema", "kinds", Touch.PUBLIC),)).is_private
    assert Ledger().statement() == "Not differentially private: real rows were read without noise."


def test_a_ledger_comes_back_from_json():
    account = Ledger(
        (SPENT, Entry("domain", "town", Touch.MEASURED, "threshold", 0.05, 1e-10)), 2.0, 1e-9, "one patient"
    )
    assert Ledger.from_json(account.to_json()) == account
    assert Ledger.from_json(Ledger().to_json()).entries == ()


def test_a_budget_gives_what_it_has_and_no_more():
    pytest.importorskip("dp_accounting")
    budget = Budget(1.0, 1e-9, thresholds=0.5)
    assert budget.mu == largest_mu(1.0, 0.5e-9)
    budget.spend("domain", "a", "noise", budget.share(0.4), delta=0.5e-9)
    budget.spend("measure", "b", "noise", budget.share(0.6))
    assert budget.check() <= 1e-9
    assert Ledger(tuple(budget.entries), 1.0, 1e-9).spent() == pytest.approx(1.0, rel=1e-4)
    with pytest.raises(ValueError, match="more was spent"):
        budget.spend("measure", "c", "noise", budget.share(0.01))
    with pytest.raises(ValueError, match="more was spent"):
        Budget(1.0, 1e-9).spend("domain", "d", "threshold", 0.0, delta=1e-10)
