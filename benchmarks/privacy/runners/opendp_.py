"""OpenDP's contingency tables with their defaults, all keys public; `1mb` holds AIM's model to one megabyte;
`mended` draws rows without the faults of mbi that mbi_drawing.py shows.

With all keys public it takes no δ: the budget is the ρ of zero-concentrated differential privacy that OpenDP's own
conversion holds equal to (ε, δ). MST of version 0.16.0 divides its budget for choosing into equal parts that, by
rounding, mostly add up to more than the whole, which is then refused; so ρ is lowered by the few units in the last
place after which they do not.
"""

from __future__ import annotations

import math
from fractions import Fraction

import common
import pandas as pd
from mbi_drawing import mended


def fit(method: str, rows: pd.DataFrame, sizes: dict[str, int], epsilon: float, delta: float) -> common.Model:
    import opendp.prelude as dp
    import polars as pl

    dp.enable_features("contrib")
    rho = largest_rho(epsilon, delta)
    while "mst" in method and not adds_up(rho, len(sizes) - 1):
        rho = prior(rho)
    context = dp.Context.compositor(
        data=pl.from_pandas(rows).lazy(),
        privacy_unit=dp.unit_of(contributions=1),
        privacy_loss=dp.loss_of(rho=rho),
        split_evenly_over=1,
    )
    algorithms = {
        "opendp-mst": dp.mbi.MST,
        "opendp-aim": dp.mbi.AIM,
        "opendp-aim-1mb": lambda: dp.mbi.AIM(max_size=1.0),
        "opendp-fixed-income": lambda: dp.mbi.Fixed(
            queries=[dp.mbi.Count((c, "income")) for c in sizes if c != "income"]
        ),
    }
    query = context.query().select(*sizes)
    keys = {name: list(range(size)) for name, size in sizes.items()}
    table = query.contingency_table(keys=keys, algorithm=algorithms[method.removesuffix("-mended")]()).release()
    drawing = "round"
    if method.endswith("-mended"):
        table.model, drawing = mended(table.model), "sample"
    return common.Model(lambda n: table.synthesize(n, drawing).to_pandas(), {"rho": rho})


def largest_rho(epsilon: float, delta: float) -> float:
    """The most ρ whose approximate differential privacy at δ is within ε, by OpenDP's conversion."""
    import opendp.prelude as dp

    space = dp.atom_domain(T=float, nan=False), dp.absolute_distance(T=float)

    def epsilon_at(scale: float) -> float:
        noise = dp.m.make_gaussian(*space, scale)
        return float(dp.c.make_zCDP_to_approxDP(noise).map(1.0).epsilon(delta))

    low, high = 1e-3, 1e4
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if epsilon_at(middle) <= epsilon else (middle, high)
    return float(dp.m.make_gaussian(*space, high).map(1.0))


def adds_up(rho: float, parts: int) -> bool:
    """Whether MST's parts for choosing tables, added with rounding up, stay within their whole."""
    left = prior(prior(rho - rho * 0.5))
    whole = prior(prior(left - left * 0.9))
    part, total = prior(whole / parts), 0.0
    for _ in range(parts):
        exact = Fraction(total) + Fraction(part)
        total = float(exact) if Fraction(float(exact)) >= exact else math.nextafter(float(exact), math.inf)
    return total <= whole


def prior(value: float) -> float:
    return math.nextafter(value, -math.inf)


if __name__ == "__main__":
    common.main(fit, "opendp")
