"""How TimeGAN is trained: five recurrent networks, three phases, in a loop that can be stopped and gone on with.

    embedder       series ⟶ hidden codes          phase 1: reconstruct series
    recovery       hidden codes ⟶ series
    supervisor     codes so far ⟶ the next code    phase 2: predict the codes of real series
    generator      noise ⟶ codes                  phase 3: all together, two steps of these four to one of the discriminator
    discriminator  codes ⟶ real or made

Yoon, Jarrett & van der Schaar (2019), "Time-series Generative Adversarial Networks"; losses, weights, noise and initial weights are
those of its reference code. What differs, so that minutes on a processor do:

    an average of the weights over the last steps makes the series (Yazıcı et al. 2019)
    of the averages in the last half of phase 3 the one is kept that a small new discriminator tells from real series least
    gradients are clipped, and the rate falls in the last half of phase 3
    a step of phase 3 runs each network once for all losses: the embedder follows the supervisor of before the step, and the
    discriminator judges the codes of the step before

and series that end early count with their own rows alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import MissingExtraError
from smartsynth.models import recurrent

STEPS_PER_EPOCH = 50
DISCRIMINATOR_REST = 0.15
"""The discriminator learns only while its loss is above."""
CLIPPED = 1.0
"""Largest norm of a network's gradient."""
AVERAGE = 0.998
"""Share of the average that a step keeps."""
COOLING, COOLED = 0.5, 0.1
"""In the last half of the third phase the rate falls to a tenth."""
JUDGED_FROM, JUDGED_TIMES = 0.5, 8
"""In the last half of the third phase averages are compared so many times."""
JUDGE_STEPS, JUDGE_WIDTH, JUDGE_BATCH, JUDGE_RATE, JUDGED = 200, 8, 128, 5e-3, 2048
MAKERS = ("generator", "supervisor", "recovery")
TINY = 1e-12
"""Under roots, so that they have a slope at 0."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How networks are built and trained.

    Args:
        hidden_dim: Width of hidden codes.
        layers: Layers of each network; the supervisor has one less, at least one.
        steps: Steps of each of the three phases.
        batch_size: Series of one step.
        gamma: Weight of what the discriminator says of codes that no supervisor has smoothed.
        rate: Of Adam.
        half: Whether memories are computed in half precision on a GPU.
    """

    hidden_dim: int
    layers: int
    steps: tuple[int, int, int]
    batch_size: int
    gamma: float
    rate: float
    half: bool = True


class TimeGANTraining:
    """TimeGAN's networks in training; fifty steps are an epoch. Draws from generators of its own alone.

    Args:
        values: Series in about [0, 1], shape (n, length, channels); zeros after the end of a short one.
        lengths: Rows of each.
        plan: Networks and steps.
        seed: Same seed, same weights on the same machine.
        device: `cpu` or `cuda`; the latter where there is one, if not given.
    """

    def __init__(
        self,
        values: NDArray[np.float32],
        lengths: NDArray[np.int64],
        plan: Plan,
        seed: int,
        *,
        device: str | None = None,
    ) -> None:
        torch = _torch()
        self._torch, self._plan = torch, plan
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._phases = [-(-steps // STEPS_PER_EPOCH) for steps in plan.steps]
        self.epochs = sum(self._phases)
        self._values = torch.from_numpy(np.ascontiguousarray(values)).to(self._device)
        self._lengths = torch.from_numpy(np.asarray(lengths, np.int64)).to(self._device)
        self._draws = torch.Generator(self._device).manual_seed(seed)
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(seed)
            self.networks = networks(values.shape[2], plan.hidden_dim, plan.layers).to(self._device)
        self._average = {name: value.clone() for name, value in self.networks.state_dict().items()}
        self._best: dict[str, Any] = {}
        self._least, self._done = float("inf"), 0
        parts = {name: list(net.parameters()) for name, net in self.networks.items()}
        coding, making = [*parts["embedder"], *parts["recovery"]], [*parts["generator"], *parts["supervisor"]]
        # The embedder has an optimiser for each of its phases, as in the reference.
        self._weights = {
            "embed": coding, "follow": parts["supervisor"], "code": coding, "make": making, "judge": parts["discriminator"],
        }  # fmt: skip
        fused = self._device.type == "cpu"  # on a GPU it would not go with scaled gradients that are clipped
        self._optimizers = {name: torch.optim.Adam(w, lr=plan.rate, fused=fused) for name, w in self._weights.items()}
        self._half = self._device.type == "cuda" and plan.half
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=self._half)

    def epoch(self, number: int) -> dict[str, float]:
        """Fifty steps of the phase that this epoch belongs to; its mean losses."""
        one, two, three = self._phases
        if number < one:
            return self._steps(self._reconstruct)
        if number < one + two:
            return self._steps(self._supervise)
        share = (number - one - two) / three
        falls = max(0.0, (share - 1 + COOLING) / COOLING)
        for optimizer in self._optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = self._plan.rate * COOLED**falls
        losses = self._steps(self._compete)
        turn = number - one - two + 1
        compared = JUDGED_FROM + (1 - JUDGED_FROM) * np.arange(1, JUDGED_TIMES + 1) / JUDGED_TIMES
        if turn in np.ceil(compared * three).astype(int):
            self._compare()
        return losses

    def _steps(self, step: Callable[[], dict[str, float]]) -> dict[str, float]:
        made = [step() for _ in range(STEPS_PER_EPOCH)]
        return {name: sum(losses[name] for losses in made) / len(made) for name in made[0]}

    def _reconstruct(self) -> dict[str, float]:
        """Phase 1: series through hidden codes and back."""
        x, mask = self._batch()
        loss = reconstruction(x, self._run("recovery", self._run("embedder", x)), mask)
        self._update({"embed": loss})
        return {"reconstruction": loss.item()}

    def _supervise(self) -> dict[str, float]:
        """Phase 2: the next code of real series."""
        x, mask = self._batch()
        with self._torch.no_grad():
            codes = self._run("embedder", x)
        loss = supervision(codes, self._run("supervisor", codes), mask)
        self._update({"follow": loss})
        return {"supervision": loss.item()}

    def _compete(self) -> dict[str, float]:
        """Phase 3: two steps of the makers and the embedder, then one of the discriminator."""
        for _ in range(2):
            losses, codes, mask = self._make()
        on_real, on_smooth, on_raw = self._run("discriminator", self._torch.cat(codes, dim=1)).chunk(3, dim=1)
        loss = told(on_real, 1.0, mask) + told(on_smooth, 0.0, mask) + self._plan.gamma * told(on_raw, 0.0, mask)
        losses["discriminator"] = loss.item()
        if losses["discriminator"] > DISCRIMINATOR_REST:
            self._update({"judge": loss})
        self._done += 1
        keep = min(AVERAGE, self._done / (self._done + 10))
        with self._torch.no_grad():
            for name, value in self.networks.state_dict().items():
                self._average[name].lerp_(value, 1 - keep)
        return losses

    def _make(self) -> tuple[dict[str, float], list[Any], Any]:
        """A step of generator and supervisor, and one of embedder and recovery; the codes of the batch."""
        x, mask = self._batch()
        codes = self._run("embedder", x)
        following = self._run("supervisor", codes)
        raw = self._run("generator", self._noise(mask))
        smooth = self._run("supervisor", raw)
        on_smooth, on_raw = self._run("discriminator", self._torch.cat([smooth, raw], dim=1), frozen=True).chunk(
            2, dim=1
        )
        surprise = supervision(codes, following, mask)
        makers = (
            told(on_smooth, 1.0, mask)
            + self._plan.gamma * told(on_raw, 1.0, mask)
            + 100 * (surprise + TINY).sqrt()
            + 100 * moments(x, self._run("recovery", smooth, frozen=True), mask)
        )
        embedding = reconstruction(x, self._run("recovery", codes), mask) + 0.1 * surprise
        self._update({"make": makers, "code": embedding})
        losses = {"generator": makers.item(), "embedding": embedding.item()}
        return losses, [codes.detach(), smooth.detach(), raw.detach()], mask

    def _batch(self, size: int | None = None) -> tuple[Any, Any]:
        """Real series, (length, batch, channels), and which of their rows are within their lengths."""
        size = size or self._plan.batch_size
        rows = self._torch.randint(len(self._values), (size,), generator=self._draws, device=self._device)
        moments = self._torch.arange(self._values.shape[1], device=self._device)[:, None]
        return self._values[rows].transpose(0, 1).contiguous(), (moments < self._lengths[rows]).float()

    def _noise(self, mask: Any) -> Any:
        """Independent uniform numbers, as many per row as a series has channels; zeros after the end."""
        size = (*mask.shape, self._values.shape[2])
        return self._torch.rand(size, generator=self._draws, device=self._device) * mask[..., None]

    def _run(self, name: str, series: Any, *, frozen: bool = False) -> Any:
        return self.networks[name](series, half=self._half, frozen=frozen)

    def _update(self, losses: Mapping[str, Any]) -> None:
        """A step of each optimiser, with gradients of its own weights alone, all taken before any weight changes."""
        torch, scaler = self._torch, self._scaler
        for i, (name, loss) in enumerate(losses.items()):
            kept = i + 1 < len(losses)
            slopes = torch.autograd.grad(scaler.scale(loss), self._weights[name], retain_graph=kept)
            for weight, slope in zip(self._weights[name], slopes, strict=True):
                weight.grad = slope
        for name in losses:
            scaler.unscale_(self._optimizers[name])
            torch.nn.utils.clip_grad_norm_(self._weights[name], CLIPPED)
            scaler.step(self._optimizers[name])
        scaler.update()

    def _compare(self) -> None:
        """Keep the average of the weights if a small discriminator tells its series from real ones less than before."""
        torch = self._torch
        real, mask = self._batch(JUDGED)
        kept = {name: value.clone() for name, value in self.networks.state_dict().items()}
        self.networks.load_state_dict(self._average)
        with torch.no_grad():
            made = self._run("recovery", self._run("supervisor", self._run("generator", self._noise(mask))))
        self.networks.load_state_dict(kept)
        found = self._separation(real, made * mask[..., None], mask)
        if found <= self._least:
            self._least = found
            self._best = {name: value.clone() for name, value in self._average.items()}

    def _separation(self, real: Any, made: Any, mask: Any) -> float:
        """How much better than guessing a new discriminator knows real from made series, in nats; it learns from half of them and is
        judged on the others.
        """
        torch, half = self._torch, real.shape[1] // 2
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(0)
            judge = network(real.shape[2], JUDGE_WIDTH, 1, 1, bounded=False).to(self._device)
        optimizer = torch.optim.Adam(judge.parameters(), lr=JUDGE_RATE)

        def loss(rows: Any) -> Any:
            on_real, on_made = judge(torch.cat([real[:, rows], made[:, rows]], dim=1)).chunk(2, dim=1)
            return (told(on_real, 1.0, mask[:, rows]) + told(on_made, 0.0, mask[:, rows])) / 2

        for _ in range(JUDGE_STEPS):
            rows = torch.randint(half, (JUDGE_BATCH,), generator=self._draws, device=self._device)
            optimizer.zero_grad()
            loss(rows).backward()
            optimizer.step()
        with torch.no_grad():
            return float(np.log(2) - loss(torch.arange(half, real.shape[1], device=self._device)).item())

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The networks that make series: the best average, else the newest."""
        kept = self._best or self._average
        return {
            name: np.ascontiguousarray(value.cpu().numpy())
            for name, value in kept.items()
            if name.partition(".")[0] in MAKERS
        }

    def state(self) -> dict[str, Any]:
        """Weights, their averages, moments, and where the draws stand."""
        return {
            "networks": self.networks.state_dict(), "average": self._average, "best": self._best, "least": self._least,
            "done": self._done,
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self._optimizers.items()},
            "scaler": self._scaler.state_dict(), "draws": self._draws.get_state(),
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.networks.load_state_dict(state["networks"])
        self._average, self._best = (
            {name: value.to(self._device) for name, value in state[kept].items()} for kept in ("average", "best")
        )
        self._least, self._done = float(state["least"]), int(state["done"])
        for name, optimizer in self._optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self._scaler.load_state_dict(state["scaler"])
        self._draws.set_state(state["draws"])


def reconstruction(x: Any, back: Any, mask: Any) -> Any:
    """10·√MSE of series, (length, batch, channels), and what came back of them; `mask` (length, batch) has the rows that there are."""
    return 10 * (_mean((x - back) ** 2, mask) + TINY).sqrt()


def supervision(codes: Any, following: Any, mask: Any) -> Any:
    """MSE of codes and what the supervisor said of them one row before."""
    return _mean((codes[1:] - following[:-1]) ** 2, mask[1:])


def told(says: Any, answer: float, mask: Any) -> Any:
    """Binary cross-entropy of a discriminator's logits, row by row, with the answer that is the same for all."""
    from torch.nn.functional import binary_cross_entropy_with_logits

    right = says.new_full(says.shape, answer)
    return _mean(binary_cross_entropy_with_logits(says, right, reduction="none"), mask)


def moments(x: Any, made: Any, mask: Any) -> Any:
    """Mean difference of standard deviations plus mean difference of means, over the batch, of each row and channel.

    Rows that fewer than two series of the batch have are left out.
    """
    present = mask[..., None]
    count = present.sum(dim=1)
    shared = (count > 1).float().expand(len(x), x.shape[2])

    def of(series: Any) -> tuple[Any, Any]:
        mean = (series * present).sum(dim=1) / count.clamp(min=1)
        variance = ((series - mean[:, None]) ** 2 * present).sum(dim=1) / count.clamp(min=1)
        return mean, (variance + 1e-6).sqrt()

    (mean, deviation), (made_mean, made_deviation) = of(x), of(made)
    apart = (made_deviation - deviation).abs() + (made_mean - mean).abs()
    return (apart * shared).sum() / shared.sum().clamp(min=1)


def _mean(values: Any, mask: Any) -> Any:
    """Mean over channels and the rows that there are."""
    return (values * mask[..., None]).sum() / (mask.sum().clamp(min=1) * values.shape[-1])


def networks(channels: int, width: int, layers: int) -> Any:
    """The five networks by name."""
    from torch import nn

    fewer = max(layers - 1, 1)
    return nn.ModuleDict(
        {
            "embedder": network(channels, width, layers, width),
            "recovery": network(width, width, layers, channels),
            "generator": network(channels, width, layers, width),
            "supervisor": network(width, width, fewer, width),
            "discriminator": network(width, width, layers, 1, bounded=False),
        }
    )


def network(inputs: int, width: int, layers: int, outputs: int, *, bounded: bool = True) -> Any:
    """A stack of GRUs and an answer for each row of series (length, batch, inputs), between 0 and 1 if `bounded`.

    On the processor, `frozen` leaves out the gradient of the GRUs' weights; on a GPU, `half` computes them in half precision.
    """
    torch = _torch()
    nn = torch.nn

    class Network(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.memory = nn.GRU(inputs, width, layers)
            self.answer = nn.Linear(width, outputs)
            for name, weight in self.named_parameters():
                if "weight" in name:
                    # Each gate has a matrix of its own.
                    for part in weight.chunk(3) if "memory" in name else [weight]:
                        nn.init.xavier_uniform_(part)
                else:
                    nn.init.zeros_(weight)
                if "bias_ih" in name:
                    # Gates begin nearly open, so that memory is long.
                    nn.init.ones_(weight[: 2 * width])

        def forward(self, series: Any, *, half: bool = False, frozen: bool = False) -> Any:
            if series.device.type == "cpu":
                weights = {name: w.detach() if frozen else w for name, w in self.memory.named_parameters()}
                memories = recurrent.memory(series, weights, layers)
            else:
                with torch.autocast(series.device.type, torch.float16, enabled=half):
                    memories = self.memory(series)[0].float()
            says = self.answer(memories)
            return torch.sigmoid(says) if bounded else says

    return Network()


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise MissingExtraError("The generator 'timegan'", "torch") from None
    return torch
