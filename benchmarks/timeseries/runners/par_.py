"""SDV's PARSynthesizer (deepecho's PAR), as it is and with all sequences handled at once.

sdv-par           as it is
sdv-par-batched   the same model with the same loss and gradients and the same law of what is drawn, without deepecho's
                  loops over sequences: no rows of padding in the linear layers, one sum for the loss, and one draw of
                  the next row of all sequences
sdv-par-mended    as batched, without errors of deepecho 0.8.1: its loss compares the numbers predicted for a sequence
                  that is not the longest with the end of the padded tensor, that is with zeros or with later rows;
                  the marks of the end, and the padding after them, count in the loss as rows of zeros and of the
                  first category; and the row of the end mark is given out as a row
"""

from __future__ import annotations

from typing import Any

import common
import pandas as pd
import torch
from deepecho.models.par import PARModel, PARNet
from sdv.metadata import Metadata
from sdv.sequential import PARSynthesizer

PADDED_FORWARD = PARNet.forward
ONE_BY_ONE = PARSynthesizer._sample_from_par


def fitted(kind: str) -> common.Fit:
    def fit(panel: pd.DataFrame, task: common.Task) -> tuple[common.Made, dict[str, Any]]:
        patch(kind)
        metadata = Metadata.load_from_dict(described(panel, task))
        model = PARSynthesizer(metadata, context_columns=task.static, cuda=False, **task.settings)
        model.fit({"panel": panel})
        losses = model._model.loss_values["Loss"].astype(float).tolist()
        said = {"epochs": len(losses), "loss_first": losses[0], "loss_last": losses[-1]}
        return lambda n: model.sample_sequences(n)["panel"], said

    return fit


def described(panel: pd.DataFrame, task: common.Task) -> dict[str, Any]:
    """SDV's metadata: an id, numbers and categories."""
    kinds = {c: "numerical" if pd.api.types.is_numeric_dtype(panel[c]) else "categorical" for c in panel}
    columns = {c: {"sdtype": "id" if c == task.entity else kind} for c, kind in kinds.items()}
    return {"tables": {"panel": {"columns": columns, "sequence_key": task.entity, "sequence_index": task.time}}}


def patch(kind: str) -> None:
    if kind in ("batched", "mended"):
        PARNet.forward, PARModel._compute_loss = forward, loss_of(mended=kind == "mended")
        torch.nn.utils.rnn.pad_packed_sequence = padded
        PARSynthesizer._sample_from_par = sampled(mended=kind == "mended")


def forward(self: Any, x: Any, context: torch.Tensor | None) -> Any:
    """PARNet.forward; the linear layers of packed sequences see their rows alone, not the padding."""
    from torch.nn.utils.rnn import PackedSequence

    if not isinstance(x, PackedSequence):
        return PADDED_FORWARD(self, x, context)
    rows, sizes, order, back = x
    if context is not None:
        ranks = torch.cat([torch.arange(int(size)) for size in sizes])
        rows = torch.cat([rows, context[order[ranks]]], dim=1)
    hidden, _ = self.rnn(PackedSequence(self.down(rows), sizes, order, back))
    return PackedSequence(self.up(hidden.data), sizes, order, back)


def padded(sequences: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """torch's pad_packed_sequence, whose gradient takes one step and not one, of the whole tensor, for each row."""
    rows, sizes, _, back = sequences
    ranks = torch.arange(int(sizes[0]))
    inside = ranks < sizes.unsqueeze(1)
    places = (sizes.cumsum(0) - sizes).unsqueeze(1) + ranks
    places = torch.where(inside, places, len(rows))[:, back]
    table = torch.cat([rows, rows.new_zeros(1, rows.shape[1])])
    return table.index_select(0, places.flatten()).view(*places.shape, -1), inside.sum(0)[back]


def loss_of(mended: bool) -> Any:
    """PARModel._compute_loss for numbers and categories: one sum over the rows of all sequences, not one for each."""

    def loss(self: Any, x: torch.Tensor, y: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        steps, batch, wide = x.shape
        counts = torch.clamp(lengths, max=steps)
        at, who = (torch.arange(steps).unsqueeze(1) < counts).nonzero(as_tuple=True)
        real, made = (t.reshape(-1, wide).index_select(0, at * batch + who) for t in (x, y))
        late = real if mended else x[at + steps - counts[who], who]  # the rows that numbers are compared with
        token = self._data_map["<TOKEN>"]["indices"]
        is_row = real[:, token["<BODY>"]] if mended else torch.ones(len(real))
        is_step = is_row + real[:, token["<END>"]] if mended else is_row
        firsts = [min(props["indices"]) if isinstance(props["indices"], tuple) else min(props["indices"].values())
                  for props in self._data_map.values()]  # fmt: skip
        edges = [*firsts[1:], wide]
        parts = torch.split(made, [firsts[0], *(b - a for a, b in zip(firsts, edges, strict=True))], dim=1)[1:]
        total, numbers, places = x.new_zeros(()), [], []
        for (name, props), part, first in zip(self._data_map.items(), parts, firsts, strict=True):
            if props["type"] == "continuous":
                numbers.append(part[:, :3])
                places.append(first)
            elif props["type"] == "categorical":
                count = len(props["indices"])
                assert list(props["indices"].values()) == list(range(first, first + count))
                code = real[:, first : first + count].argmax(dim=1, keepdim=True)
                logs = torch.log_softmax(part[:, :count], dim=1).gather(1, code).squeeze(1)
                total = total + (logs * (is_step if name == "<TOKEN>" else is_row)).sum()
            else:
                raise ValueError(props["type"])
        mu, sigma, missing = torch.stack(numbers, dim=1).unbind(dim=2)
        at_mu = torch.tensor(places)
        predicted = torch.distributions.normal.Normal(mu, torch.nn.functional.softplus(sigma))
        missing, true = torch.nn.functional.logsigmoid(missing), real[:, at_mu + 2]
        sums = predicted.log_prob(late[:, at_mu]) + true * missing + (1 - true) * torch.log(1 - torch.exp(missing))
        total = total + (sums.sum(dim=1) * is_row).sum()
        return -total / (batch * len(self._data_map) * batch)

    return loss


def sampled(mended: bool) -> Any:
    """PARSynthesizer._sample_from_par with the rows of all sequences drawn at once before it asks for each."""

    def sample(self: Any, context: pd.DataFrame, sequence_length: int | None = None) -> pd.DataFrame:
        names = self.context_columns + list(self._extra_context_columns)
        contexts = [self._model._context_to_tensor(list(row)) for row in context[names].itertuples(index=False)]
        made = iter(drawn(self._model, torch.stack(contexts), mended))
        self._model.sample_sequence = lambda *_: next(made)
        return ONE_BY_ONE(self, context, sequence_length)

    return sample


@torch.no_grad()
def drawn(model: Any, contexts: torch.Tensor, mended: bool) -> list[list[list[Any]]]:
    """For each context the columns of one sequence, drawn as PARModel._sample_sequence draws them."""
    token = model._data_map["<TOKEN>"]["indices"]
    x, state, who = torch.zeros(len(contexts), model._data_dims), None, torch.arange(len(contexts))
    x[:, token["<START>"]] = 1
    rows, owners = [], []
    for step in range(model._max_length):
        out, state = model._model.rnn(model._model.down(torch.cat([x, contexts[who]], dim=1)).unsqueeze(0), state)
        x = model._model.up(out[0])
        if step < model._min_length and mended:
            x[:, token["<END>"]] = -torch.inf
        draw(model, x)
        goes_on = x[:, token["<END>"]] == 0
        given = goes_on if mended else torch.ones_like(goes_on)
        rows.append(x[given])
        owners.append(who[given])
        x, state, who = x[goes_on], state[:, goes_on], who[goes_on]
        if not len(who):
            break
    owner, order = torch.sort(torch.cat(owners), stable=True)
    columns = decoded(model, torch.cat(rows)[order])
    ends = torch.bincount(owner, minlength=len(contexts)).cumsum(0).tolist()
    return [[c[start:end] for c in columns] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def draw(model: Any, x: torch.Tensor) -> None:
    """PARModel._sample_state for many sequences, in place: parameters become values."""
    for props in model._data_map.values():
        if props["type"] == "continuous":
            mu, sigma, missing = props["indices"]
            x[:, mu] = torch.normal(x[:, mu], torch.nn.functional.softplus(x[:, sigma]))
            x[:, sigma] = 0
            x[:, missing] = torch.bernoulli(torch.sigmoid(x[:, missing]))
            x[:, mu] *= 1 - x[:, missing]
        else:
            at = list(props["indices"].values())
            codes = torch.multinomial(torch.softmax(x[:, at], dim=1), 1)
            x[:, at] = torch.zeros(len(x), len(at)).scatter_(1, codes, 1.0)


def decoded(model: Any, x: torch.Tensor) -> list[list[Any]]:
    """PARModel._tensor_to_data for the rows of many sequences."""
    columns = []
    for name, props in model._data_map.items():
        if name == "<TOKEN>":
            continue
        if props["type"] == "continuous":
            mu, _, missing = props["indices"]
            values = x[:, mu].double() * float(props["std"]) + float(props["mu"])
            gone = (x[:, missing] > 0).tolist() if props["nulls"] else [False] * len(x)
            columns.append([None if is_gone else v for v, is_gone in zip(values.tolist(), gone, strict=True)])
        else:
            levels = list(props["indices"])
            columns.append([levels[i] for i in x[:, list(props["indices"].values())].argmax(dim=1).tolist()])
    return columns


if __name__ == "__main__":
    common.main(
        {"sdv-par": fitted("whole"), "sdv-par-batched": fitted("batched"), "sdv-par-mended": fitted("mended")},
        ("sdv", "deepecho", "rdt", "torch", "pandas", "numpy"),
    )
