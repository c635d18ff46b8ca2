"""Gated recurrent units on a processor: the forward pass and its gradient, each one compiled loop over the moments.

torch computes a layer as a dozen small operations per moment, whose overhead is most of the time where layers are narrow. Here what
does not wait for the moment before (inputs, gradients of the weights) is one matrix product, and what does is one loop: a training step
of TimeGAN takes half of the time. Gates are those of torch.nn.GRU:

    r, z = σ(W x + b + U h + c)    n = tanh(W x + b + r·(U h + c))    h ← (1 - z)·n + z·h

Cho et al. (2014), "Learning Phrase Representations using RNN Encoder-Decoder". Importing this module imports numba; machine code is
cached on disk.
"""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import functools
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ModelFormatError

Floats = NDArray[np.float32]
_COMPILED = {"cache": True, "nogil": True, "fastmath": True, "error_model": "numpy"}
_F = np.float32


@numba.njit(inline="always", fastmath=True, error_model="numpy")
def _tanh(x):
    """The hyperbolic tangent to a few units of the last place, as a quotient of polynomials (as in Eigen), without a branch."""
    x = min(max(x, _F(-7.9053111)), _F(7.9053111))
    s = x * x
    p = _F(-2.76076847742355e-16)
    p = p * s + _F(2.00018790482477e-13)
    p = p * s + _F(-8.60467152213735e-11)
    p = p * s + _F(5.12229709037114e-08)
    p = p * s + _F(1.48572235717979e-05)
    p = p * s + _F(6.37261928875436e-04)
    p = p * s + _F(4.89352455891786e-03)
    q = _F(1.19825839466702e-06)
    q = q * s + _F(1.18534705686654e-04)
    q = q * s + _F(2.26843463243900e-03)
    q = q * s + _F(4.89352518554385e-03)
    return x * p / q


@numba.njit(**_COMPILED)
def _forward(inner, stays, bias):
    """Memories (moments + 1, batch, width), the first one zero, and gates r, z, n and the old memory's part of n.

    Args:
        inner: What the inputs say to each gate, (moments, batch, 3 · width).
        stays: U, transposed, (width, 3 · width).
        bias: c.
    """
    moments, batch, width = inner.shape[0], inner.shape[1], stays.shape[0]
    h = np.zeros((moments + 1, batch, width), np.float32)
    gates = np.empty((moments, 4, batch, width), np.float32)
    own = np.empty((batch, 3 * width), np.float32)
    for t in range(moments):
        np.dot(h[t], stays, own)
        for b in range(batch):
            for j in range(width):
                r = _F(0.5) + _F(0.5) * _tanh(_F(0.5) * (inner[t, b, j] + own[b, j] + bias[j]))
                k = width + j
                z = _F(0.5) + _F(0.5) * _tanh(_F(0.5) * (inner[t, b, k] + own[b, k] + bias[k]))
                k += width
                u = own[b, k] + bias[k]
                n = _tanh(inner[t, b, k] + r * u)
                gates[t, 0, b, j], gates[t, 1, b, j], gates[t, 2, b, j], gates[t, 3, b, j] = r, z, n, u
                h[t + 1, b, j] = n + z * (h[t, b, j] - n)
    return h, gates


@numba.njit(**_COMPILED)
def _backward(slopes, h, gates, stays):
    """Gradients of what the inputs say and of what the old memory says to each gate, (moments, batch, 3 · width) each.

    Args:
        slopes: Gradient of the memories, (moments, batch, width).
        h: Memories of the forward pass.
        gates: Of the forward pass.
        stays: U, (3 · width, width).
    """
    moments, batch, width = slopes.shape
    inner = np.empty((moments, batch, 3 * width), np.float32)
    own = np.empty((moments, batch, 3 * width), np.float32)
    carried, through = np.zeros((batch, width), np.float32), np.empty((batch, width), np.float32)
    for t in range(moments - 1, -1, -1):
        for b in range(batch):
            for j in range(width):
                r, z, n, u = gates[t, 0, b, j], gates[t, 1, b, j], gates[t, 2, b, j], gates[t, 3, b, j]
                d = slopes[t, b, j] + carried[b, j]
                dn = d * (_F(1) - z) * (_F(1) - n * n)
                dz = d * (h[t, b, j] - n) * z * (_F(1) - z)
                dr = dn * u * r * (_F(1) - r)
                inner[t, b, j], inner[t, b, width + j], inner[t, b, 2 * width + j] = dr, dz, dn
                own[t, b, j], own[t, b, width + j], own[t, b, 2 * width + j] = dr, dz, dn * r
                carried[b, j] = d * z
        np.dot(own[t], stays, through)
        carried += through
    return inner, own


def layer(series: Floats, enters: Floats, stays: Floats, bias: Floats, own_bias: Floats) -> Floats:
    """Memories of a layer, (moments, batch, width), without torch, for series (moments, batch, inputs).

    The weights are W, U, b and c, which torch.nn.GRU names weight_ih, weight_hh, bias_ih and bias_hh.
    """
    width = stays.shape[1]
    if (
        enters.shape != (3 * width, series.shape[2])
        or stays.shape[0] != 3 * width
        or {bias.shape, own_bias.shape} != {(3 * width,)}
    ):
        raise ModelFormatError("The model's weights do not fit each other. Save the model again.")
    inner = series.reshape(-1, series.shape[2]) @ enters.T + bias
    shape = (*series.shape[:2], len(enters))
    memories, _ = _forward(np.ascontiguousarray(inner).reshape(shape), np.ascontiguousarray(stays.T), own_bias)
    return np.asarray(memories[1:])


def memory(series: Any, weights: Any, layers: int) -> Any:
    """Memories of a stack of layers, (moments, batch, width), as a tensor with a gradient.

    Args:
        series: Tensor (moments, batch, inputs), on the processor.
        weights: Tensors by the names of torch.nn.GRU.
        layers: How many.
    """
    for i in range(layers):
        parts = (weights[f"{part}_l{i}"] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        series = _function().apply(series, *parts)
    return series


@functools.cache  # the class needs torch, which is imported where it is used
def _function() -> Any:
    """The layer as a function that torch can take the gradient of."""
    import torch

    class Layer(torch.autograd.Function):  # type: ignore[misc]  # torch has no types here
        @staticmethod
        def forward(ctx: Any, series: Any, enters: Any, stays: Any, bias: Any, own_bias: Any) -> Any:
            inner = torch.addmm(bias, series.reshape(-1, series.shape[2]), enters.t())
            shape = (*series.shape[:2], len(enters))
            across = np.ascontiguousarray(stays.numpy().T)
            h, gates = _forward(inner.reshape(shape).numpy(), across, own_bias.numpy())
            memories = torch.from_numpy(h)
            ctx.gates = gates
            ctx.save_for_backward(series, enters, stays, memories)
            return memories[1:]

        @staticmethod
        def backward(ctx: Any, slopes: Any) -> Any:
            series, enters, stays, memories = ctx.saved_tensors
            inner, own = (
                torch.from_numpy(part).reshape(-1, len(enters))
                for part in _backward(slopes.contiguous().numpy(), memories.numpy(), ctx.gates, stays.numpy())
            )
            back = (inner @ enters).reshape(series.shape) if ctx.needs_input_grad[0] else None
            if not ctx.needs_input_grad[1]:
                return back, None, None, None, None
            before = memories[:-1].reshape(len(own), -1)
            return (
                back, inner.t() @ series.reshape(len(inner), -1), own.t() @ before, inner.sum(dim=0), own.sum(dim=0),
            )  # fmt: skip

    return Layer
