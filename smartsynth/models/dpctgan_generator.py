"""CTGAN whose critic learns by DP-SGD: a generative network within a budget of differential privacy.

    domain      what values each column can have, and how often, with noise      dp_domain.py
    critic      learns to tell real rows from made ones; real rows by DP-SGD      dp_sgd.py
    generator   learns from the critic alone, so that it costs no privacy
    settle      the generator's shares of each column are set to those of the domain

Real rows are one-hot codes of the domain. The critic takes many steps for one of the generator, with large batches: then
noise hurts it least (Bie, Kamath & Zhang 2023, "Private GANs, revisited"). What changes from CTGAN (Xu et al. 2019) is
what would read real rows beside the account: rows are drawn by chance alone and not by a wished-for category, a critic
judges single rows and not groups of them, and the penalty on its gradient, which mixes real rows into one more loss, is
replaced by clipping. Neither network normalises over the batch.

Jordon, Yoon & van der Schaar (2019, PATE-GAN) and Fang, Dhami & Kersting (2022, DP-CTGAN) do the same with other means.
On tables the generator `marginal` is much nearer to real data at the same budget; this one is for those who want a neural
generator with a guarantee.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from smartsynth.errors import ConfigError, MissingExtraError
from smartsynth.models.base import State
from smartsynth.models.coding import Coding, under
from smartsynth.models.dp_sgd import Persons, PrivateGradient
from smartsynth.models.options import not_between, not_whole, not_widths
from smartsynth.models.private import PrivateGenerator
from smartsynth.privacy.ledger import Ledger
from smartsynth.privacy.noise import FloatNoise
from smartsynth.progress import Note, Progress
from smartsynth.schema import Schema

DOMAIN = 0.3
"""Share of the budget for the columns on their own."""
TEMPERATURE = 0.3
"""Of the Gumbel softmax, through which the generator learns to choose categories (Jang et al. 2017)."""
AVERAGE = 0.99
"""How much of the average of the generator's weights stays in one of its steps."""
SETTLING, ROUNDS = 8_192, 20
"""Rows and rounds by which the shares of columns are set right in the end."""


class DPCTGANGenerator(PrivateGenerator):
    """A generative adversarial network with differential privacy by DP-SGD.

    Args:
        epsilon: Privacy budget ε: how much one person can change what comes out. 1 is strong, over 10 is weak.
        delta: Chance that the promise fails for one person.
        unit: Column that names persons, if one person has several rows; what is protected is a person, not a row.
        max_rows_per_unit: Most rows of one person that are used, drawn at random.
        steps: Steps of the critic on real rows; more need more noise each.
        batch_size: Persons that a step is expected to have.
        critic_steps: Steps of the critic for one of the generator.
        clip: Norm that one person's gradient has at most.
        embedding_dim: Width of the noise.
        generator_dim: Widths of the generator's residual layers.
        discriminator_dim: Widths of the critic's layers.
        generator_lr: Learning rate of the generator.
        discriminator_lr: Learning rate of the critic.
    """

    name: ClassVar[str] = "dpctgan"
    summary: ClassVar[str] = (
        "CTGAN whose critic learns by DP-SGD, within a budget of differential privacy; `marginal` is nearer to real data."
    )
    gaussian: ClassVar[bool] = False
    cost: ClassVar[float] = 60.0
    cost_rows: ClassVar[int] = 10_000
    cost_columns: ClassVar[float] = 1.0
    cost_per_sample: ClassVar[float] = 0.1
    effort: ClassVar[Mapping[str, int]] = {"steps": 2_000}
    quality: ClassVar[float] = 0.0
    min_rows: ClassVar[int] = 20
    extra: ClassVar[str | None] = "dpsgd"

    gradient_noise: FloatNoise = FloatNoise()
    """Where the randomness of gradients comes from; a test puts a recorder in its place."""

    def __init__(
        self,
        *,
        epsilon: float = 1.0,
        delta: float = 1e-9,
        unit: str | None = None,
        max_rows_per_unit: int = 1,
        steps: int = 2_000,
        batch_size: int = 512,
        critic_steps: int = 5,
        clip: float = 1.0,
        embedding_dim: int = 128,
        generator_dim: Sequence[int] = (256, 256),
        discriminator_dim: Sequence[int] = (256, 256),
        generator_lr: float = 1e-3,
        discriminator_lr: float = 1e-3,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.unit = unit
        self.max_rows_per_unit = max_rows_per_unit
        self.steps = steps
        self.batch_size = batch_size
        self.critic_steps = critic_steps
        self.clip = clip
        self.embedding_dim = embedding_dim
        self.generator_dim = generator_dim
        self.discriminator_dim = discriminator_dim
        self.generator_lr = generator_lr
        self.discriminator_lr = discriminator_lr

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        self._check_options(schema)
        rows, budget = self._within_budget(data, schema)
        domain = self._domain(rows, schema, budget, DOMAIN, progress)
        self._coding, self.rows_, self._sizes = domain.coding, domain.rows, tuple(int(n) for n in domain.sizes)
        self._weights: dict[str, NDArray[np.float32]] = {}
        if self._sizes:
            rate = min(float(f"{self.batch_size / domain.rows:.2g}"), 1.0)
            sigma = budget.spend_steps("fit", "gradients of the critic", rate=rate, steps=self.steps)
            owner = None if self.unit is None else pd.factorize(rows[self.unit])[0]
            persons = Persons(owner, len(rows), rate=rate, noise=self.gradient_noise)
            game = _Game(self, domain.coding.codes(rows), persons, sigma)
            self._weights = game.play(progress)
            self._settle([margin.clean / margin.clean.sum() for margin in domain.margins])
        self.ledger_ = self._account(budget)

    def _check_options(self, schema: Schema) -> None:
        self._check_budget(schema)
        wrong = not_whole(self, ("steps", "batch_size", "critic_steps", "embedding_dim"))
        wrong += not_widths(self, ("generator_dim", "discriminator_dim"))
        wrong += not_between(self, {"generator_lr": 1, "discriminator_lr": 1, "clip": 1_000})
        if wrong:
            raise ConfigError(" ".join(wrong))

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Any], progress: Progress
    ) -> pd.DataFrame:
        if not self._sizes:
            return self._coding.encoder.decode([], rng, start=start, n=n)
        raw = self._forward(rng.standard_normal((n, self._weights["0.weight"].shape[1]), dtype=np.float32))
        progress(0.5, "Drawn")
        codes = np.empty((len(self._sizes), n), np.uint16)
        for i, logits in enumerate(np.split(raw, np.cumsum(self._sizes)[:-1], axis=1)):
            codes[i] = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
        return self._coding.encoder.decode(self._coding.values(codes, [rng], n), rng, start=start, n=n)

    def _settle(self, shares: Sequence[NDArray[np.float64]]) -> None:
        """Shift the last layer's biases until each column has the shares that were measured: no more real rows are read."""
        wanted = np.maximum(np.concatenate(list(shares)), 1e-7)
        bias = f"{len(self.generator_dim)}.bias"
        noise = np.random.default_rng(0).standard_normal((SETTLING, self.embedding_dim), dtype=np.float32)
        logits = self._forward(noise)
        for _ in range(ROUNDS):
            parts = np.split(logits, np.cumsum(self._sizes)[:-1], axis=1)
            made = np.concatenate([softmax(part, axis=1).mean(axis=0) for part in parts])
            shift = np.log(wanted) - np.log(np.maximum(made, 1e-12))
            logits += shift
            self._weights[bias] += shift.astype(np.float32)

    def _forward(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """The generator network's output: residual layers x ↦ [relu(norm(Wx + b)), x], then a linear one."""
        w = self._weights
        layers = sum(name.endswith(".scale") for name in w)
        for i in range(layers):
            h = x @ w[f"{i}.weight"].T + w[f"{i}.bias"]
            h = (h - h.mean(axis=1, keepdims=True)) / np.sqrt(h.var(axis=1, keepdims=True) + 1e-5)
            x = np.concatenate([np.maximum(h * w[f"{i}.scale"] + w[f"{i}.shift"], 0.0), x], axis=1)
        return np.asarray(x @ w[f"{layers}.weight"].T + w[f"{layers}.bias"], dtype=np.float64)

    def _state(self) -> State:
        values: dict[str, Any] = {
            "coding": self._coding.to_json(), "rows": self.rows_, "ledger": self.ledger_.to_json(),
            "sizes": list(self._sizes),
        }  # fmt: skip
        return State(values, self._coding.arrays(), self._weights)

    def _restore(self, state: State) -> None:
        self._coding = Coding.restore(state.values["coding"], under(state.arrays, ""))
        self.rows_ = float(state.values["rows"])
        self.ledger_ = Ledger.from_json(state.values["ledger"])
        self._sizes = tuple(state.values["sizes"])
        self._weights = {name: np.array(array) for name, array in state.weights.items()}
        self.generator_dim, self.discriminator_dim = tuple(self.generator_dim), tuple(self.discriminator_dim)
        if self._sizes:
            last = max(int(name.split(".")[0]) for name in self._weights)
            if len(self._weights[f"{last}.weight"]) != sum(self._sizes):
                raise ValueError("The network's weights do not belong to these columns.")


class _Game:
    """The training: a critic that learns by DP-SGD, and a generator that learns from it.

    Args:
        options: The generator's options.
        codes: Columns × rows of codes.
        persons: Who is in a step.
        sigma: Noise of a step's gradient over the clipping norm.
    """

    def __init__(self, options: DPCTGANGenerator, codes: NDArray[Any], persons: Persons, sigma: float) -> None:
        try:
            import torch
        except ImportError as error:
            raise MissingExtraError("The generator 'dpctgan'", "dpsgd") from error
        self.torch, self.options, self.persons, self.sigma = torch, options, persons, sigma
        self.sizes = options._sizes
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        offsets = np.cumsum(self.sizes) - self.sizes
        self.places = torch.from_numpy(codes.astype(np.int64).T + offsets).to(self.device)

    def play(self, progress: Progress) -> dict[str, NDArray[np.float32]]:
        """The generator's weights, averaged over its last steps."""
        torch, options = self.torch, self.options
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(secrets.randbits(63))
            self.generator = _generator(options).to(self.device)
            critic = _critic(sum(self.sizes), options.discriminator_dim).to(self.device)
            self.gradient = PrivateGradient(
                critic, clip=options.clip, sigma=self.sigma, expected=options.batch_size, noise=options.gradient_noise
            )
            steps = [
                torch.optim.Adam(network.parameters(), lr=rate, betas=(0.5, 0.9))
                for network, rate in ((critic, options.discriminator_lr), (self.generator, options.generator_lr))
            ]
            average = [p.detach().clone() for p in self.generator.parameters()]
            for step in range(options.steps):
                told = self._teach_critic(critic, steps[0])
                if (step + 1) % options.critic_steps == 0 or step + 1 == options.steps:
                    self._teach_generator(critic, steps[1])
                    for kept, now in zip(average, self.generator.parameters(), strict=True):
                        kept.lerp_(now.detach(), 1 - AVERAGE)
                if step % max(options.steps // 100, 1) == 0:
                    note = Note(f"Step {step + 1} of {options.steps}", {"critic on made rows": told})
                    progress(0.1 + 0.9 * (step + 1) / options.steps, note)
        names = [name for name, _ in self.generator.named_parameters()]
        return {
            name: np.ascontiguousarray(tensor.cpu().numpy(), dtype=np.float32)
            for name, tensor in zip(names, average, strict=True)
        }

    def _teach_critic(self, critic: Any, step: Any) -> float:
        """One step on real rows by DP-SGD and on made rows as they are; the mean verdict on made rows."""
        torch = self.torch
        gradients = self.gradient(self._real(self.persons.draw()), lambda out: torch.nn.functional.softplus(-out))
        with torch.no_grad():
            made = self._made(self.options.batch_size)
        step.zero_grad()
        verdict = critic(made.requires_grad_())
        torch.nn.functional.softplus(verdict).mean().backward()
        for parameter, gradient in zip(critic.parameters(), gradients, strict=True):
            parameter.grad += gradient
        step.step()
        return float(torch.sigmoid(verdict.detach()).mean())

    def _teach_generator(self, critic: Any, step: Any) -> None:
        step.zero_grad()
        self.torch.nn.functional.softplus(-critic(self._made(self.options.batch_size))).mean().backward()
        step.step()

    def _real(self, rows: NDArray[np.int64]) -> Any:
        """Real rows as one-hot codes."""
        places = self.places[self.torch.from_numpy(rows).to(self.device)]
        onehot = self.torch.zeros((len(rows), sum(self.sizes)), device=self.device)
        return onehot.scatter_(1, places, 1.0)

    def _made(self, n: int) -> Any:
        """Rows of the generator as nearly one-hot codes through which gradients flow."""
        torch = self.torch
        raw = self.generator(torch.randn((n, self.options.embedding_dim), device=self.device))
        parts = [
            torch.nn.functional.gumbel_softmax(logits, tau=TEMPERATURE) for logits in raw.split(list(self.sizes), 1)
        ]
        return torch.cat(parts, dim=1)


def _critic(width: int, widths: Sequence[int]) -> Any:
    """Linear layers with leaky rectifiers; nothing normalises over the batch."""
    from torch import nn

    layers: list[Any] = []
    for after in widths:
        layers += [nn.Linear(width, after), nn.LeakyReLU(0.2)]
        width = after
    return nn.Sequential(*layers, nn.Linear(width, 1))


def _generator(options: DPCTGANGenerator) -> Any:
    """The generator network, whose parameters have the names that `_forward` reads."""
    import torch
    from torch import nn

    class Residual(nn.Module):  # type: ignore[misc]  # torch has no types here
        def __init__(self, width: int, after: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.empty(after, width))
            self.bias = nn.Parameter(torch.zeros(after))
            self.scale, self.shift = nn.Parameter(torch.ones(after)), nn.Parameter(torch.zeros(after))
            nn.init.kaiming_uniform_(self.weight, nonlinearity="relu")

        def forward(self, x: Any) -> Any:
            h = nn.functional.layer_norm(x @ self.weight.T + self.bias, self.bias.shape, self.scale, self.shift)
            return torch.cat([torch.relu(h), x], dim=1)

    layers: list[Any] = []
    width = options.embedding_dim
    for after in options.generator_dim:
        layers.append(Residual(width, after))
        width += after
    return nn.Sequential(*layers, nn.Linear(width, sum(options._sizes)))
