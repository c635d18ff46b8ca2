"""How CTGAN is trained: the networks, modes and draws of SDV's package `ctgan`, in a loop that can be stopped and gone on with.

On one machine the same seed gives the weights that SDV's own loop gives, to the last bit.

Xu, Skoularidou, Cuesta-Infante & Veeramachaneni (2019), "Modeling Tabular Data using Conditional GAN", algorithm 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from smartsynth.errors import MissingExtraError
from smartsynth.models.training import averaged

TEMPERATURE = 0.2
"""Of the softmax that stands for a choice between modes or categories."""
BETAS = (0.5, 0.9)
DECAY = 1e-6


class CTGANTraining:
    """CTGAN's generator and critic in training.

    It draws from NumPy's and torch's global states.

    Args:
        table: Numbers without missing cells, and categories as texts.
        options: As those of `CTGANGenerator`.
        seed: Same seed, same weights, on the same number of workers.
        rank, workers: Of several that train together, each with batches of its own.

    Attributes:
        transformer: CTGAN's modes of the numbers and codes of the categories.
        sampler: CTGAN's frequencies of the categories.
        generator: The network that makes rows.
    """

    def __init__(
        self, table: pd.DataFrame, options: Mapping[str, Any], seed: int, *, rank: int = 0, workers: int = 1
    ) -> None:
        import torch

        package = _package()
        self.epochs: int = options["epochs"]
        self._batch, self._pac, self._noise = options["batch_size"], options["pac"], options["embedding_dim"]
        self._seed, self._rank, self._workers = seed, rank, workers
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        np.random.seed(seed)
        torch.manual_seed(seed)
        self.transformer = package.DataTransformer()
        self.transformer.fit(table, [name for name in table if table[name].dtype.kind != "f"])
        self._rows = self.transformer.transform(table)
        self.sampler = package.DataSampler(self._rows, self.transformer.output_info_list, True)
        wishes, width = self.sampler.dim_cond_vec(), self.transformer.output_dimensions
        self.generator = package.Generator(self._noise + wishes, options["generator_dim"], width).to(self._device)
        self._critic = package.Discriminator(width + wishes, options["discriminator_dim"], pac=self._pac).to(
            self._device
        )
        self._makes = torch.optim.Adam(
            self.generator.parameters(), lr=options["generator_lr"], betas=BETAS, weight_decay=DECAY
        )
        self._judges = torch.optim.Adam(
            self._critic.parameters(), lr=options["discriminator_lr"], betas=BETAS, weight_decay=DECAY
        )

    def epoch(self, number: int) -> dict[str, float]:
        """As many steps as batches fit into the table; the losses of the last one."""
        if self._workers > 1:  # a worker that takes another's place must draw as that one would
            self._reseed(number)
        losses = {}
        for _ in range(max(len(self._rows) // (self._batch * self._workers), 1)):
            critic = self._judge()
            losses = {"generator loss": self._make(), "discriminator loss": critic}
        return losses

    def _reseed(self, number: int) -> None:
        import torch

        state = np.random.SeedSequence([self._seed, number, self._rank]).generate_state(2)
        np.random.seed(state[0])
        torch.manual_seed(int(state[1]))

    def _judge(self) -> float:
        """A step of the critic: real rows that have the wished-for category against made ones."""
        import torch

        noise, wish = self._drawn()
        if wish is None:
            real, beside, after = self.sampler.sample_data(self._rows, self._batch, None, None), [], []
        else:
            wishes, _, column, category = wish
            order = np.arange(self._batch)
            np.random.shuffle(order)
            real = self.sampler.sample_data(self._rows, self._batch, column[order], category[order])
            beside, after = [wishes], [wishes[order]]
        made = torch.cat([self._activated(self.generator(noise)), *beside], dim=1)
        known = torch.cat([torch.from_numpy(real.astype("float32")).to(self._device), *after], dim=1)
        on_made, on_real = self._critic(made), self._critic(known)
        penalty = self._critic.calc_gradient_penalty(known, made, self._device, self._pac)
        loss = on_made.mean() - on_real.mean()
        self._judges.zero_grad(set_to_none=False)
        penalty.backward(retain_graph=True)
        loss.backward()
        averaged(self._critic.parameters())
        self._judges.step()
        return float(loss.item())

    def _make(self) -> float:
        """A step of the generator: please the critic, and keep the wished-for category."""
        import torch

        noise, wish = self._drawn()
        raw = self.generator(noise)
        made = self._activated(raw)
        if wish is None:
            loss = -self._critic(made).mean()
        else:
            loss = -self._critic(torch.cat([made, wish[0]], dim=1)).mean() + self._missed(raw, wish[0], wish[1])
        self._makes.zero_grad(set_to_none=False)
        loss.backward()
        averaged(self.generator.parameters())
        self._makes.step()
        return float(loss.item())

    def _drawn(self) -> tuple[Any, tuple[Any, Any, Any, Any] | None]:
        """Noise, with one wished-for category per row behind it if the table has any."""
        import torch

        noise = torch.zeros(self._batch, self._noise, device=self._device)
        noise = torch.normal(noise, noise + 1)
        drawn = self.sampler.sample_condvec(self._batch)
        if drawn is None:
            return noise, None
        wishes, mask = (torch.from_numpy(part).to(self._device) for part in drawn[:2])
        return torch.cat([noise, wishes], dim=1), (wishes, mask, drawn[2], drawn[3])

    def _activated(self, raw: Any) -> Any:
        """The network's output as CTGAN encodes rows: places in modes by tanh, choices by a Gumbel softmax."""
        import torch
        from torch.nn.functional import gumbel_softmax

        parts, at = [], 0
        for span in (span for column in self.transformer.output_info_list for span in column):
            piece = raw[:, at : at + span.dim]
            parts.append(torch.tanh(piece) if span.activation_fn == "tanh" else gumbel_softmax(piece, tau=TEMPERATURE))
            at += span.dim
        return torch.cat(parts, dim=1)

    def _missed(self, raw: Any, wishes: Any, mask: Any) -> Any:
        """Mean cross-entropy of the wished-for categories."""
        import torch
        from torch.nn.functional import cross_entropy

        losses, at, wished = [], 0, 0
        for column in self.transformer.output_info_list:
            width = sum(span.dim for span in column)
            if len(column) == 1 and column[0].activation_fn == "softmax":
                answer = wishes[:, wished : wished + width].argmax(dim=1)
                losses.append(cross_entropy(raw[:, at : at + width], answer, reduction="none"))
                wished += width
            at += width
        return (torch.stack(losses, dim=1) * mask).sum() / len(raw)

    def state(self) -> dict[str, Any]:
        """Weights, moments, and where the draws stand."""
        import torch

        kind, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
        return {
            "generator": self.generator.state_dict(), "critic": self._critic.state_dict(),
            "makes": self._makes.state_dict(), "judges": self._judges.state_dict(),
            "numpy": [str(kind), torch.from_numpy(np.array(keys, dtype=np.int64)), int(position), int(has_gauss), float(gauss)],
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was taken."""
        import torch

        self.generator.load_state_dict(state["generator"])
        self._critic.load_state_dict(state["critic"])
        self._makes.load_state_dict(state["makes"])
        self._judges.load_state_dict(state["judges"])
        kind, keys, *rest = state["numpy"]
        np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
        torch.set_rng_state(state["torch"])
        if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["cuda"])


def _package() -> Any:
    """SDV's package `ctgan`."""
    try:
        import ctgan.synthesizers.ctgan as package
    except ImportError as error:
        raise MissingExtraError("The generator 'ctgan'", "sdv") from error
    return package
