"""Stochastic gradient descent within a budget of differential privacy (DP-SGD).

    draw       each person is in a step with the same small probability, independently of all others (Poisson sampling)
    clip       each person's gradient is shortened to a norm of at most `clip`
    add noise  Gaussian, as wide as the account says (privacy/accountant.py)

Abadi et al. (2016), "Deep Learning with Differential Privacy". Opacus computes the norm of each row's gradient and the
factor that clips it, without storing a gradient per row (ghost clipping, Li et al. 2022); a person has one row in a step.
Where few weights learn, as adapters of a large network do, gradients per row are stored instead: one pass back is enough then, a person
may be looked at several times in a step, and gradients are clipped as they are, whatever precision they were computed in.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, MissingExtraError
from smartsynth.privacy.noise import FloatNoise


class Persons:
    """Who is in a step, and with which of his rows.

    Args:
        owner: For each row a number that its person has alone; None if each row is a person.
        n: Number of rows.
        rate: Probability with which a person is in a step.
        noise: Where randomness comes from.
    """

    def __init__(self, owner: NDArray[Any] | None, n: int, *, rate: float, noise: FloatNoise) -> None:
        owner = np.arange(n) if owner is None else np.unique(owner, return_inverse=True)[1]
        self.rate, self.noise = rate, noise
        self._rows = np.argsort(owner, kind="stable")
        self._count = np.bincount(owner)
        self._first = np.cumsum(self._count) - self._count

    def draw(self) -> NDArray[np.int64]:
        """One row of each person who is in the step."""
        inside = np.flatnonzero(self.noise.uniform(len(self._count)) < self.rate)
        which = (self.noise.uniform(len(inside)) * self._count[inside]).astype(np.int64)
        return np.asarray(self._rows[self._first[inside] + which])


class _Noisy:
    """Noise as wide as the clipping norm and the account say."""

    clip: float
    sigma: float
    noise: FloatNoise

    def _noise(self, gradient: Any) -> Any:
        """Gaussian noise of the shape and kind of a gradient."""
        import torch

        made = self.noise.normal(gradient.numel(), self.sigma * self.clip).reshape(tuple(gradient.shape))
        return torch.from_numpy(made).to(gradient)


class PrivateGradient(_Noisy):
    """The noisy gradient of a network on rows of real persons.

    Args:
        network: A torch module without normalisation over the batch, because that mixes persons.
        clip: Norm that one person's gradient has at most.
        sigma: Standard deviation of the noise over `clip`.
        expected: Number of persons that a step is expected to have; the sum of gradients is divided by it.
        noise: Where noise comes from.
    """

    def __init__(self, network: Any, *, clip: float, sigma: float, expected: float, noise: FloatNoise) -> None:
        try:
            from opacus.grad_sample import GradSampleModuleFastGradientClipping
            from opacus.validators import ModuleValidator
        except ImportError as error:
            raise MissingExtraError("DP-SGD", "dpsgd") from error
        ModuleValidator.validate(network, strict=True)
        self.network = GradSampleModuleFastGradientClipping(
            network, max_grad_norm=clip, use_ghost_clipping=True, loss_reduction="sum"
        )
        self.network.disable_hooks()  # what the network does besides is not a step on real rows
        self.clip, self.sigma, self.expected, self.noise = clip, sigma, expected, noise

    def __call__(self, rows: Any, loss: Callable[[Any], Any]) -> list[Any]:
        """One noisy gradient per parameter.

        Args:
            rows: Inputs of the network, one row per person; there may be none.
            loss: Of the network's outputs, one number per row.
        """
        return [(g + self._noise(g)) / self.expected for g in self.clipped(rows, loss)]

    def clipped(self, rows: Any, loss: Callable[[Any], Any]) -> list[Any]:
        """The sum over persons of their clipped gradients, one per parameter: what one person changes by at most `clip`."""
        import torch

        parameters = list(self.network.parameters())
        if len(rows) == 0:
            return [torch.zeros_like(parameter) for parameter in parameters]
        self.network.zero_grad()
        self.network.enable_hooks()
        each = loss(self.network(rows.detach().requires_grad_())).reshape(len(rows))
        each.sum().backward(retain_graph=True)
        factor = self.network.get_clipping_coef().reshape(len(rows)).detach()
        self.network.zero_grad()
        self.network.disable_hooks()
        (factor * each).sum().backward()
        return [parameter.grad.detach().clone() for parameter in parameters]


class PrivateParts(_Noisy):
    """The noisy gradient of a network on rows of real persons, part by part; each part needs room for its rows times the weights that learn.

    Args:
        network: A torch module without normalisation over the batch; its weights that learn are those of layers that Opacus knows.
        clip: Norm that one person's gradient has at most.
        sigma: Standard deviation of the noise over `clip`.
        expected: Number of persons that a step is expected to have; the sum of gradients is divided by it.
        noise: Where noise comes from.
        copies: Losses of each person, one after the other, whose gradients are averaged before they are clipped.
    """

    def __init__(
        self, network: Any, *, clip: float, sigma: float, expected: float, noise: FloatNoise, copies: int = 1
    ) -> None:
        try:
            from opacus import GradSampleModule
        except ImportError as error:
            raise MissingExtraError("DP-SGD", "dpsgd") from error
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.watched = GradSampleModule(network, batch_first=True, loss_reduction="sum")
        self.clip, self.sigma, self.expected, self.noise, self.copies = clip, sigma, expected, noise, copies

    def __call__(self, parts: Iterable[Callable[[], Any]]) -> list[Any]:
        """One noisy gradient per parameter.

        Args:
            parts: Each a part of the step's rows: called for the losses of each of them, `copies` per person.
        """
        return [(g + self._noise(g)) / self.expected for g in self.clipped(parts)]

    def clipped(self, parts: Iterable[Callable[[], Any]]) -> list[Any]:
        """The sum over persons of their clipped gradients, one per parameter: what one person changes by at most `clip`."""
        import torch

        summed = [torch.zeros_like(p, dtype=torch.float32) for p in self.parameters]
        for losses in parts:
            self.watched.zero_grad()
            with warnings.catch_warnings():  # the first adapter's input needs no gradient, which torch mentions
                warnings.filterwarnings("ignore", "Full backward hook is firing")
                found = losses()
                found.sum().backward()
            if any(len(p.grad_sample) != len(found) for p in self.parameters):
                raise ConfigError(
                    "The network mixes the rows of a step in its layers, so that no person's part can be bounded. Use another base."
                )
            each = [p.grad_sample.float().reshape(-1, self.copies, *p.shape).mean(dim=1) for p in self.parameters]
            norms = torch.stack([g.flatten(1).norm(dim=1) for g in each]).norm(dim=0)
            factor = (self.clip / norms.clamp(min=1e-12)).clamp(max=1.0)
            factor = torch.where(torch.isfinite(norms), factor, 0.0)
            for total, gradient in zip(summed, each, strict=True):
                total += torch.tensordot(factor, torch.nan_to_num(gradient), dims=1)
        self.watched.zero_grad()
        return summed

    def close(self) -> None:
        """Take the hooks off the network again."""
        self.watched.remove_hooks()
