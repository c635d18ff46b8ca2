"""DP-SGD holds what its account says: one person changes a step by at most the clipping norm, noise is as wide as said."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.errors import ConfigError
from smartsynth.privacy.accountant import Sampled, fixed_order, largest_mu, sampled_sigma, spent_epsilon
from smartsynth.privacy.noise import FloatNoise
from smartsynth.schema import Column, Kind, Schema

torch = pytest.importorskip("torch")
pytest.importorskip("opacus")

from smartsynth.models.dp_sgd import Persons, PrivateGradient  # noqa: E402
from smartsynth.models.dpctgan_generator import DPCTGANGenerator, _critic  # noqa: E402

QUICK = {"steps": 30, "batch_size": 64, "generator_dim": (32,), "discriminator_dim": (32,)}
SCHEMA = Schema((
    Column("x", Kind.NUMERIC, "int64", decimals=0, low=0, high=40),
    Column("c", Kind.CATEGORICAL, "object", categories=("a", "b", "c")),
))  # fmt: skip


def rows(n=400, seed=0):
    rng = np.random.default_rng(seed)
    c = rng.choice(list("abc"), n, p=[0.6, 0.3, 0.1])
    return pd.DataFrame({"x": np.clip(rng.normal(10 + 10 * (c == "b"), 3, n), 0, 40).astype(int), "c": c})


def critic_gradient(clip=0.1, sigma=1.0, noise=None, expected=1.0):
    torch.manual_seed(0)
    return PrivateGradient(_critic(6, (8, 8)), clip=clip, sigma=sigma, expected=expected, noise=noise or FloatNoise())


def loss(out):
    return torch.nn.functional.softplus(-out)


def flat(gradients):
    return torch.cat([g.reshape(-1) for g in gradients])


def test_each_person_is_clipped():
    """The sum is that of gradients computed one by one and shortened to the norm."""
    gradient = critic_gradient(clip=0.1)
    x = torch.randn(20, 6) * torch.linspace(0.01, 5, 20)[:, None]
    expected, norms = 0, []
    for one in x:
        gradient.network.zero_grad()
        loss(gradient.network(one[None].requires_grad_())).sum().backward()
        own = flat([p.grad for p in gradient.network.parameters()])
        norms.append(float(own.norm()))
        expected = expected + own * min(1.0, 0.1 / float(own.norm()))
    assert max(norms) > 0.1
    torch.testing.assert_close(flat(gradient.clipped(x, loss)), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e6])
def test_one_person_changes_a_step_by_at_most_the_norm(size):
    gradient = critic_gradient(clip=0.1)
    x = torch.randn(20, 6)
    with_one = torch.cat([x, torch.full((1, 6), size)])
    change = flat(gradient.clipped(with_one, loss)) - flat(gradient.clipped(x, loss))
    assert float(change.norm()) <= 0.1 * (1 + 1e-5)


def test_noise_is_as_wide_as_said_even_where_nobody_is():
    gradient = critic_gradient(clip=0.5, sigma=3.0, expected=10.0)
    made = torch.stack([flat(gradient(torch.zeros(0, 6), loss)) for _ in range(300)])
    assert float(made.std()) == pytest.approx(3.0 * 0.5 / 10.0, rel=0.02)
    assert abs(float(made.mean())) < 0.01


def test_layers_that_mix_persons_are_refused():
    network = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1))
    with pytest.raises(Exception, match="BatchNorm"):
        PrivateGradient(network, clip=1.0, sigma=1.0, expected=1.0, noise=FloatNoise())


def test_persons_are_drawn_independently_with_one_row_each():
    owner = np.repeat(np.arange(500), 3)
    persons = Persons(owner, len(owner), rate=0.1, noise=FloatNoise())
    drawn = [persons.draw() for _ in range(400)]
    assert all(len(set(owner[step])) == len(step) for step in drawn)
    sizes = np.array([len(step) for step in drawn])
    assert sizes.mean() == pytest.approx(50, abs=1.5)
    assert sizes.var() == pytest.approx(45, rel=0.3)  # a fixed batch would not vary
    assert np.bincount(np.concatenate(drawn), minlength=1500).std() < 6


def test_float_noise_is_gaussian():
    from scipy.stats import kstest

    made = FloatNoise().normal(20_000, 2.0)
    assert kstest(made / 2, "norm").pvalue > 1e-4


def test_the_account_is_that_of_opacus():
    """Opacus' Rényi accountant says the same of one order; privacy loss distributions say that fixed steps cost less."""
    from opacus.accountants.analysis import rdp

    sigma, order = sampled_sigma(3.0, 1e-9, mu=0.0, rate=0.02, steps=500), fixed_order(3.0, 1e-9, 0.0, 500)
    with pytest.warns(UserWarning, match="Optimal order"):
        theirs, _ = rdp.get_privacy_spent(
            orders=[order], rdp=rdp.compute_rdp(q=0.02, noise_multiplier=sigma, steps=500, orders=[order]), delta=1e-9
        )
    assert theirs == pytest.approx(3.0, rel=0.01)
    assert 2.0 < spent_epsilon([], 1e-9, [Sampled(sigma, 0.02, 500)]) < 3.0
    assert spent_epsilon([], 1e-9, [Sampled(sigma / 2, 0.02, 500)]) > 6


def test_steps_with_everybody_are_gaussian_releases():
    """n steps with noise σ are one release with noise σ / √n."""
    sigma = sampled_sigma(2.0, 1e-9, mu=0.1, rate=1.0, steps=7)
    order = fixed_order(2.0, 1e-9, 0.1, 7)
    as_one = spent_epsilon([0.1, 7**0.5 / sigma], 1e-9, order=order)
    assert as_one == pytest.approx(2.0, rel=0.01)
    assert 1.5 < spent_epsilon([0.1, 7**0.5 / sigma], 1e-9) < 2.0


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 10.0])
def test_one_order_holds_for_every_rate(epsilon):
    """The rate comes from noisy counts, so the order of Rényi privacy that the account holds at may not depend on it."""
    delta, mu, steps = 1e-9, largest_mu(epsilon, 1e-9) * 0.3**0.5, 400
    order = fixed_order(epsilon, delta, mu, steps)
    for rate in (0.001, 0.03, 0.4, 1.0):
        sigma = sampled_sigma(epsilon, delta, mu=mu, rate=rate, steps=steps)
        assert 0.85 * epsilon < spent_epsilon([mu], delta, [Sampled(sigma, rate, steps)], order=order) <= epsilon


def test_the_ledger_accounts_for_all():
    model = DPCTGANGenerator(epsilon=2.0, **QUICK).fit(rows(), schema=SCHEMA)
    assert model.ledger_.is_private
    assert 1.9 < model.ledger_.spent() <= 2.0 + 1e-6
    steps = next(entry for entry in model.ledger_.measured if entry.stage == "fit")
    assert (steps.steps, steps.reads) == (30, "gradients of the critic")
    assert 0.1 < steps.rate < 0.25


def test_shares_are_those_that_were_measured():
    real = rows(3_000)
    model = DPCTGANGenerator(epsilon=50.0, **QUICK | {"batch_size": 3_000}).fit(real, schema=SCHEMA)
    made = model.sample(20_000, seed=0)
    shares = made["c"].value_counts(normalize=True)
    assert shares["a"] == pytest.approx((real["c"] == "a").mean(), abs=0.03)
    assert abs(made["x"].mean() - real["x"].mean()) < 0.5


def test_what_a_step_draws_does_not_depend_on_the_data():
    """Neighbouring tables and the same answers of the domain: the same noise is asked for, in the same order."""

    class Replayed:
        """Counts with recorded noise; on a second table the answers of the first come again."""

        def __init__(self):
            self.answers, self.asked, self.turn = [], [], 0

        def gaussian(self, counts, *, sigma, sensitivity, what):
            if self.turn == len(self.answers):
                self.answers.append(np.asarray(counts, float))
            self.asked.append((what, np.shape(counts), sigma))
            answer = self.answers[self.turn]
            self.turn += 1
            return answer

    class Recorded(FloatNoise):
        def __init__(self):
            self.asked = []

        def normal(self, n, sigma):
            self.asked.append((n, sigma))
            return super().normal(n, sigma)

    counts, found = Replayed(), []
    for table in (rows(), rows().iloc[1:]):
        model = DPCTGANGenerator(epsilon=2.0, **QUICK)
        counts.turn, counts.asked = 0, []
        model.noise, model.gradient_noise = counts, Recorded()
        model.fit(table, schema=SCHEMA)
        found.append((counts.asked, model.gradient_noise.asked))
    assert found[0] == found[1]
    assert len(found[0][1]) == 30 * 4  # steps × parameters of the critic


@pytest.mark.parametrize("scale, flagged", [(1.0, 0), (0.5, 20)])
def test_an_audit_of_the_step_finds_halved_noise(scale, flagged):
    """A canary's gradient lies along one direction; what is released along it bounds the step's μ from below."""

    class Scaled(FloatNoise):
        def normal(self, n, sigma):
            return super().normal(n, scale * sigma)

    runs, found = 400, 0
    claimed = 1 / 1.5
    for _ in range(20):
        gradient = critic_gradient(clip=0.1, sigma=1.5, noise=Scaled())
        canary, nobody = torch.full((1, 6), 1e3), torch.zeros(0, 6)
        direction = flat(gradient.clipped(canary, loss))
        direction = direction / direction.norm()
        told = [[float(flat(gradient(x, loss)) @ direction) for _ in range(runs)] for x in (canary, nobody)]
        gap = (np.mean(told[0]) - np.mean(told[1])) / np.std(told[1], ddof=1)
        found += gap - 4 * np.sqrt(2 / runs) > claimed
    assert found == flagged


def test_wrong_options_are_all_named():
    with pytest.raises(ConfigError, match=r"steps=0 .* clip=-1 "):
        DPCTGANGenerator(steps=0, clip=-1).fit(rows(), schema=SCHEMA)


def test_a_person_with_many_rows_is_one_person():
    """At most so many of his rows are kept, and he is in a step with one of them."""
    real = rows(600).assign(who=[f"P{i % 100:03d}" for i in range(600)])
    schema = Schema((*SCHEMA.columns, Column("who", Kind.IDENTIFIER, "object")))
    model = DPCTGANGenerator(epsilon=5.0, unit="who", max_rows_per_unit=3, **QUICK).fit(real, schema=schema)
    assert model.ledger_.unit == "one who with at most 3 rows"
    assert model.rows_ == pytest.approx(300, abs=150)  # the noise has a standard deviation of 28; without the limit 600
    assert model.ledger_.spent() <= 5.0 + 1e-6
    made = model.sample(100, seed=0)
    assert not set(made["who"]) & set(real["who"])
