"""Half precision where a machine multiplies faster in it: on GPUs, and on processors with tiles of bfloat16 (AMX).

Weights stay in single precision while they learn; products alone are taken in half.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from functools import cache


@cache
def multiplies_halves() -> bool:
    """Whether this machine's processor has tiles of bfloat16; a torch that cannot tell counts as no."""
    import torch

    told: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(told.get("amx_tile") and told.get("amx_bf16"))


def halved(device: str, *, learns: bool = True) -> AbstractContextManager[object]:
    """Take products in half precision inside of this, where that is faster.

    Args:
        device: `cpu` or `cuda`.
        learns: Whether there is a way back; without one attention needs less memory.
    """
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    inside = ExitStack()
    if device == "cuda":
        inside.enter_context(torch.autocast("cuda", torch.bfloat16))
    elif multiplies_halves():
        inside.enter_context(torch.autocast("cpu", torch.bfloat16))
        if learns:
            inside.enter_context(sdpa_kernel(SDPBackend.MATH))  # the fused one's way back has no tiles
    return inside
