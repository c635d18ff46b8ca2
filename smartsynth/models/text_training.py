"""A language model learns the texts of a data set: all of its weights, or adapters of low rank beside them.

batches     examples of like lengths together, as many as fit a number of tokens; another order in every pass
loss        mean over the tokens that are to be written; control codes and headers are only read
steps       AdamW, a short rise of the rate and then half a cosine down; half precision where that is faster (half_precision.py)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.adapters import adapt, learnt_weights
from smartsynth.models.half_precision import halved
from smartsynth.models.language_model import LanguageModel
from smartsynth.models.text_layout import Example

LORA, FULL = "lora", "full"
WARM_UP = 0.05
GRADIENT_NORM = 1.0
STEPS_PER_UNIT = 5
"""Steps between two looks at whether to go on."""
PLAIN_HEADS = ("llama", "gpt2", "mistral", "qwen2", "qwen3", "gpt_neox", "phi", "opt")
"""Kinds of models whose logits are their last states times the output matrix, and nothing else."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a model learns.

    Args:
        method: `lora` or `full`.
        rank: Of the adapters.
        epochs: Passes over the examples; may be a fraction.
        batch_tokens: Tokens of a step, read and written.
        learning_rate: Highest rate.
    """

    method: str
    rank: int
    epochs: float
    batch_tokens: int
    learning_rate: float


class TextTraining:
    """A model that learns examples, unit by unit (training.py).

    Args:
        model: Changed in place.
        examples: What it learns.
        plan: How.
        seed: Of the order of examples and of new weights.
    """

    def __init__(self, model: LanguageModel, examples: Sequence[Example], plan: Plan, seed: int) -> None:
        import torch

        self.model, self.examples, self.plan, self.seed = model, [e for e in examples if any(e.learnt)], plan, seed
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(seed)
            if plan.method == LORA:
                adapt(model.network, plan.rank, transposed=is_transposed(model.network))
        model.network.to(self.device)
        self.parameters = [p for p in model.network.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(self.parameters, lr=plan.learning_rate, weight_decay=0.01)
        self._turn, self._dealt = 0, self._batches(0)
        self.steps = max(math.ceil(plan.epochs * len(self._dealt)), 1)
        self.epochs = math.ceil(self.steps / STEPS_PER_UNIT)

    def epoch(self, number: int) -> Mapping[str, float]:
        """A few steps; the mean loss of a token."""
        import torch

        self.model.network.train()
        losses = []
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            for step in range(number * STEPS_PER_UNIT, min((number + 1) * STEPS_PER_UNIT, self.steps)):
                torch.manual_seed(self.seed + step)  # of dropout: the same wherever training goes on from
                losses.append(self._step(step))
        if number + 1 == self.epochs:
            self.model.network.eval()
        return {"loss": float(np.mean(losses))}

    def _step(self, step: int) -> float:
        import torch

        turn, place = divmod(step, len(self._dealt))  # lengths decide how many batches a pass has, the same in each
        if turn != self._turn:
            self._turn, self._dealt = turn, self._batches(turn)
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.learning_rate * pace(step, self.steps)
        with halved(self.device):
            loss = mean_loss(self.model, [self.examples[i] for i in self._dealt[place]], self.device)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, GRADIENT_NORM)
        self.optimiser.step()
        return float(loss.detach())

    def _batches(self, turn: int) -> list[list[int]]:
        """Places of the examples of each step of a pass."""
        rng = np.random.default_rng([self.seed, turn, 0x7E47])
        lengths = np.array([len(e.ids) for e in self.examples])
        order = np.lexsort((rng.random(len(lengths)), lengths))
        batches: list[list[int]] = [[]]
        for i in order.tolist():
            if batches[-1] and (len(batches[-1]) + 1) * int(lengths[i]) > self.plan.batch_tokens:
                batches.append([])
            batches[-1].append(i)
        return [batches[i] for i in rng.permutation(len(batches))]

    def state(self) -> dict[str, Any]:
        return {"weights": [p.detach().cpu() for p in self.parameters], "optimiser": self.optimiser.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        import torch

        with torch.no_grad():
            for mine, kept in zip(self.parameters, state["weights"], strict=True):
                mine.copy_(kept)
        self.optimiser.load_state_dict(state["optimiser"])

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """What was learnt by name: of adapters only these."""
        return learnt_weights(self.model.network)


def is_transposed(network: Any) -> bool:
    """Whether the layers of a language model hold their matrices the other way round, as those of GPT-2 do."""
    return bool(network.config.model_type == "gpt2")


def pace(step: int, steps: int) -> float:
    """Share of the highest rate: a short rise, then half a cosine down to a tenth.

    >>> [round(pace(step, 100), 2) for step in (0, 4, 52, 99)]
    [0.2, 1.0, 0.55, 0.1]
    """
    warm = max(round(WARM_UP * steps), 1)
    if step < warm:
        return (step + 1) / warm
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm - 1, 1)))


def mean_loss(model: LanguageModel, examples: Sequence[Example], device: str) -> Any:
    """Mean negative log probability of the tokens that are to be written, in nats."""
    import torch

    logits, wanted, _ = predictions(model, examples, device)
    return torch.nn.functional.cross_entropy(logits.float(), wanted)


def predictions(model: LanguageModel, examples: Sequence[Example], device: str) -> tuple[Any, Any, Any]:
    """Logits before each token that is to be written, these tokens, and the example that each belongs to."""
    import torch

    width = max(len(e.ids) for e in examples)
    ids = torch.full((len(examples), width), model.end, dtype=torch.long)
    mask = torch.zeros((len(examples), width), dtype=torch.long)
    learnt = torch.zeros((len(examples), width), dtype=torch.bool)
    for row, example in enumerate(examples):
        n = len(example.ids)
        ids[row, :n] = torch.tensor(example.ids)
        learnt[row, :n] = torch.tensor(example.learnt)
        mask[row, :n] = 1
    learnt[:, 0] = False  # nothing is known before the first token
    ids, mask, learnt = ids.to(device), mask.to(device), learnt.to(device)
    places = (mask.cumsum(-1) - 1).clamp(min=0)
    before = learnt[:, 1:]
    network = model.network
    shared = {
        "input_ids": ids[:, :-1],
        "attention_mask": mask[:, :-1],
        "position_ids": places[:, :-1],
        "use_cache": False,
    }
    if network.config.model_type in PLAIN_HEADS:
        states = network.base_model(**shared).last_hidden_state
        logits = network.get_output_embeddings()(states[before])
    else:
        logits = network(**shared).logits[before]
    owner = torch.arange(len(examples), device=device)[:, None].expand_as(before)[before]
    return logits, ids[:, 1:][before], owner


JUDGED_TOKENS = 4_096
"""Tokens of examples that are judged together."""


def log_probabilities(model: LanguageModel, examples: Sequence[Example]) -> NDArray[np.float64]:
    """Log probability of what is to be written of each example, in nats."""
    import torch

    device = str(next(model.network.parameters()).device)
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].ids))
    found = np.zeros(len(examples))
    while order:
        n = max(min(JUDGED_TOKENS // len(examples[order[min(len(order), 256) - 1]].ids), 256), 1)
        some, order = order[:n], order[n:]
        with torch.inference_mode():
            found[some] = -summed_losses(model, [examples[i] for i in some], device)[0].cpu().numpy()
    return found


def summed_losses(model: LanguageModel, examples: Sequence[Example], device: str) -> tuple[Any, Any]:
    """Negative log probability of what is to be written of each example, in nats, and how many tokens that is."""
    import torch

    logits, wanted, owner = predictions(model, examples, device)
    each = torch.nn.functional.cross_entropy(logits.float(), wanted, reduction="none")
    zeros = torch.zeros(len(examples), device=device)
    return zeros.index_add(0, owner, each), torch.bincount(owner, minlength=len(examples))
