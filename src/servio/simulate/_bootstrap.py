"""Series made again by the fitted model, and estimated again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from servio.errors import NumericalError, ServioError, UsageError
from servio.simulate._draws import interval_ends
from servio.simulate._least import minimise
from servio.simulate._minima import PERFECT, SUBSTEPS, geometric_means
from servio.simulate._parameters import parameter_names, reported, restored

if TYPE_CHECKING:
    from servio.simulate._results import SymbiosisFit

__all__ = ["Resampling", "bootstrapped"]

Array = npt.NDArray[np.float64]
Resampling = Literal["parametric", "residual"]


def bootstrapped(
    fits: list[SymbiosisFit], kind: str, draws: int, seed: int
) -> list[SymbiosisFit | ServioError]:
    """Fits that share their times with intervals from draws, or why there are none."""
    if kind not in ("parametric", "residual"):
        raise UsageError("symbiosis, bootstrap", found=repr(kind),
                         expected="parametric or residual",
                         remedy="Choose one of them.")  # fmt: skip
    if draws < 99:
        raise UsageError("symbiosis, draws", found=str(draws), expected="99 or more",
                         remedy="Percentiles of fewer draws mean little.")  # fmt: skip
    rng = np.random.default_rng(seed)
    first = fits[0]
    n, errors = len(first.model.names), first.errors
    scales = [geometric_means(fit.observed, errors) for fit in fits]
    series, starts, weights = [], [], []
    for fit, scale in zip(fits, scales, strict=True):
        made = _made_again(fit, kind, draws, rng) / scale[:, None]
        inverse = np.concatenate([np.ones(2 * n), np.tile(scale, n)])
        theta = fit.theta * inverse
        theta[:n] -= np.log(scale)
        sigma = fit.sigma / (scale if errors == "additive" else 1.0)
        relative = sigma.min() / sigma if sigma.min() > PERFECT else np.ones(n)
        series.append(made)
        starts.append(np.repeat(theta[:, None], draws, axis=1))
        weights.append(np.repeat(relative[:, None], draws, axis=1))
    again = minimise(first.times, np.concatenate(series, axis=2), np.hstack(starts),
                     np.hstack(weights), SUBSTEPS, levels=errors == "additive")  # fmt: skip
    found: list[SymbiosisFit | ServioError] = []
    for k, (fit, scale) in enumerate(zip(fits, scales, strict=True)):
        chosen = slice(k * draws, (k + 1) * draws)
        factor = np.concatenate([np.ones(2 * n), np.tile(1 / scale, n)])
        theta = again.theta[:, chosen] * factor[:, None]
        theta[:n] += np.log(scale)[:, None]
        good = again.converged[chosen]
        found.append(_with_draws(fit, theta[:, good].T, kind, int((~good).sum()), seed))
    return found


def _made_again(fit: SymbiosisFit, kind: str, draws: int, rng: np.random.Generator) -> Array:
    """Series (t, n, draws) as the fitted model makes them."""
    size, n = fit.observed.shape
    groups = n if fit.variance == "own" else 1
    wider = np.sqrt(fit.df / rng.chisquare(fit.df, (groups, draws)))
    if kind == "parametric":
        e = rng.standard_normal((size, n, draws)) * fit.sigma[:, None]
    else:
        left = (np.log(fit.observed / fit.fitted) if fit.errors == "multiplicative"
                else fit.observed - fit.fitted)  # fmt: skip
        left = (left - left.mean(axis=0)) * np.sqrt(size / (size - 2 - n))
        e = np.moveaxis(left[rng.integers(0, size, (size, draws))], 2, 1)
    e = e * wider
    fitted = fit.fitted[:, :, None]
    return np.asarray(fitted * np.exp(e) if fit.errors == "multiplicative" else fitted + e)


def _with_draws(
    fit: SymbiosisFit, draws: Array, kind: str, failed: int, seed: int
) -> SymbiosisFit | ServioError:
    total = len(draws) + failed
    if failed > 0.05 * total:
        return NumericalError(
            f"symbiosis of {fit.entity}, bootstrap" if fit.entity else "symbiosis, bootstrap",
            found=f"{failed} of {total} refits without a minimum",
            expected="no more than one in twenty",
            remedy="Take a longer series; this one does not hold the model.",
        )  # fmt: skip
    _, _, logs = parameter_names(fit.model.names, fit.model.unit, fit.model.time_unit)
    working = reported(draws.T, len(fit.model.names))
    lower, upper = (restored(end, logs) for end in interval_ends(working, fit.level))
    undefined = np.isnan(fit.values)
    lower[undefined], upper[undefined] = np.nan, np.nan
    how = f"{kind} bootstrap, {total} draws, seed {seed}"
    note = (f"{failed} of {total} refits without a minimum",) if failed else ()
    return replace(fit, lower=lower, upper=upper, intervals=how, draws=draws,
                   notes=(*fit.notes, *note))  # fmt: skip
