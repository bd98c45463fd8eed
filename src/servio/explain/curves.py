"""Specification curves: one estimate for every defensible combination of choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import scipy

from servio.errors import NumericalError, UsageError, ValueFault
from servio.explain._covariance import correction
from servio.explain._design import build_design, read_vcov
from servio.explain._formula import Levels, parse_formula
from servio.explain._panel import Panel
from servio.explain._wild import Wild, check_draws, cluster_codes, draw_chunks, enumerated
from servio.explain.regression import estimate
from servio.progress import bar

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SpecificationCurve", "specification_curve"]

Array = npt.NDArray[np.float64]
Choice = str | Sequence[str] | Mapping[str, str]
Vcov = str | Mapping[str, Any]

CHOICES = ("outcome", "term", "controls", "optional", "fixed_effects", "vcov", "sample")
NUMBERS = ("estimate", "std_error", "p", "lower", "upper")
LARGEST = 50_000_000
"""Models times draws of the joint test."""
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class SpecificationCurve:
    """Estimates by choices.

    Parameters
    ----------
    specifications : DataFrame
        One row a specification: ``specification`` (number), a column a choice, ``estimate``,
        ``std_error``, ``p``, ``lower``, ``upper``, ``n``, ``formula``, ``problem`` (why there is
        no estimate, or empty).
    optional : tuple of str
    level : float
    joint : DataFrame, optional
        ``statistic``, ``observed``, ``p``: whether all are what no effect at all would give.
    synthetic : bool
    notes : tuple of str
    """

    specifications: pd.DataFrame
    optional: tuple[str, ...]
    level: float
    joint: pd.DataFrame | None = None
    synthetic: bool = False
    notes: tuple[str, ...] = field(default=())

    def to_frame(self) -> pd.DataFrame:
        """One row a specification, in the order of the choices."""
        return self.specifications.copy()

    @property
    def median(self) -> float:
        """Of the estimates there are."""
        return float(self._known["estimate"].median())

    @property
    def share_positive(self) -> float:
        """Share of the estimates above zero."""
        return float((self._known["estimate"] > 0).mean())

    @property
    def share_significant(self) -> float:
        """Share of the estimates whose interval does not hold zero, whatever their sign."""
        return float(self._significant(self._known).mean())

    @property
    def _known(self) -> pd.DataFrame:
        return self.specifications[self.specifications["problem"] == ""]

    def _significant(self, rows: pd.DataFrame) -> pd.Series:
        return (rows["lower"] > 0) | (rows["upper"] < 0)

    def summary(self, by: str | None = None) -> pd.DataFrame:
        """What the estimates have in common, for all of them or for each level of a choice.

        Parameters
        ----------
        by : str, optional
            A choice: ``outcome``, ``term``, ``controls``, ``optional``, ``fixed_effects``,
            ``vcov`` or ``sample``.

        Returns
        -------
        DataFrame
            ``n`` (specifications with an estimate), ``undefined``, ``median``, ``smallest``,
            ``largest``, ``share_positive``, ``share_significant``,
            ``share_significant_positive``, ``share_significant_negative``.
        """
        import pandas as pd

        if by is None:
            return pd.DataFrame([self._facts(self.specifications)])
        if by not in CHOICES:
            raise UsageError("specification_curve, summary", found=repr(by),
                             expected=f"one of {', '.join(CHOICES)}",
                             remedy="Choose one.")  # fmt: skip
        groups = self.specifications.groupby(by, sort=False)
        return pd.DataFrame([{by: key, **self._facts(rows)} for key, rows in groups])

    def _facts(self, rows: pd.DataFrame) -> dict[str, float]:
        known = rows[rows["problem"] == ""]
        return {
            "n": len(known), "undefined": len(rows) - len(known),
            "median": known["estimate"].median(), "smallest": known["estimate"].min(),
            "largest": known["estimate"].max(), "share_positive": (known["estimate"] > 0).mean(),
            "share_significant": self._significant(known).mean(),
            "share_significant_positive": (known["lower"] > 0).mean(),
            "share_significant_negative": (known["upper"] < 0).mean(),
        }  # fmt: skip

    def plot(self) -> dict[str, Any]:
        """Estimates in rising order with their intervals, above the choices behind each.

        Returns
        -------
        dict
            A Vega-Lite chart in plain data. Choices that all specifications share are left out.
        """
        known = self._known.sort_values("estimate", kind="stable")
        signs = np.where(known["lower"] > 0, "above 0", np.where(known["upper"] < 0, "below 0", ""))
        curve, dots = [], []
        columns = [c for c in CHOICES if self.specifications[c].nunique() > 1]
        for rank, (row, sign) in enumerate(zip(known.to_dict("records"), signs, strict=True), 1):
            about = {"rank": rank, "interval": str(sign) or "holds 0"}
            numbers = {name: float(row[name]) for name in ("estimate", "lower", "upper")}
            curve.append({**about, **numbers, "n": int(row["n"]), "formula": row["formula"]})
            dots += [{**about, "choice": choice} for choice in self._choices(row, columns)]
        order = [
            choice for column in columns for choice in self._levels(column)
        ]  # fmt: skip
        x = {
            "field": "rank", "type": "quantitative", "axis": None,
            "scale": {"domain": [0, len(known) + 1], "nice": False},
        }  # fmt: skip
        color = {
            "field": "interval", "type": "nominal", "title": f"{100 * self.level:g} % interval",
            "scale": {"domain": ["above 0", "below 0", "holds 0"],
                      "range": ["#1f77b4", "#d62728", "#9e9e9e"]},
        }  # fmt: skip
        shown = [
            {"field": name, "type": "quantitative"} for name in ("estimate", "lower", "upper", "n")
        ]
        y = {"field": "estimate", "type": "quantitative", "title": "estimate"}
        band = {"y": {"field": "lower", "type": "quantitative"}, "y2": {"field": "upper"}}
        top = {
            "data": {"values": curve},
            "width": 640,
            "height": 220,
            "layer": [
                {
                    "mark": {"type": "rule", "strokeDash": [4, 4], "color": "gray"},
                    "encoding": {"y": {"datum": 0, "type": "quantitative"}},
                },
                {
                    "mark": {"type": "rule", "opacity": 0.4},
                    "encoding": {"x": x, "color": color, **band},
                },
                {
                    "mark": {"type": "point", "filled": True, "size": 18},
                    "encoding": {
                        "x": x,
                        "y": y,
                        "color": color,
                        "tooltip": [*shown, {"field": "formula", "type": "nominal"}],
                    },
                },
            ],
        }
        bottom = {
            "data": {"values": dots},
            "width": 640,
            "height": {"step": 14},
            "mark": {"type": "point", "filled": True, "size": 12},
            "encoding": {
                "x": x,
                "y": {"field": "choice", "type": "nominal", "sort": order, "title": None},
                "color": color,
            },
        }
        undefined = len(self.specifications) - len(known)
        told = f"{len(known):,} specifications, median {self.median:.3g}"
        told += f"; {undefined:,} can't be estimated" * (undefined > 0)
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "title": {"text": "Specification curve", "subtitle": [told]},
            "vconcat": [top, *([bottom] if columns else [])],
        }

    def _choices(self, row: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
        found = []
        for column in columns:
            if column == "optional":
                chosen = str(row[column]).split(" + ")
                found += [f"with {one}" for one in self.optional if one in chosen]
            else:
                found.append(f"{column.replace('_', ' ')}: {row[column]}")
        return found

    def _levels(self, column: str) -> list[str]:
        if column == "optional":
            return [f"with {one}" for one in self.optional]
        levels = dict.fromkeys(self.specifications[column])
        return [f"{column.replace('_', ' ')}: {level}" for level in levels]


@dataclass(frozen=True)
class _Model:
    """Formula and sample of a specification."""

    term: str
    formula: str
    where: str | None


def specification_curve(
    data: Panel | pd.DataFrame,
    outcomes: Choice,
    terms: Choice,
    *,
    controls: Choice = "",
    optional: Sequence[str] = (),
    fixed_effects: Choice = "",
    vcov: Vcov | Sequence[Vcov] = "hetero",
    samples: Choice = "",
    weights: str | None = None,
    ssc: str = "fixest",
    panel: str | Sequence[str] | None = None,
    time: str | None = None,
    level: float = 0.95,
    limit: int = 2000,
    draws: int = 0,
    cluster: str | None = None,
    kind: str = "webb",
    seed: int = 0,
) -> SpecificationCurve:
    r"""How much of a result is the choice of who ran it? Every combination of choices at once.

    One estimate for each outcome, term, set of controls, subset of optional terms, set of fixed
    effects, kind of errors and sample. With `draws`, three statistics of all estimates are
    compared with what they are where no specification has an effect: residuals under the null of
    each are multiplied by the same random number for each cluster, in all specifications.

    Parameters
    ----------
    data : Panel or DataFrame
    outcomes, terms : str, sequence of str, or mapping of label to str
        Alternatives: columns or expressions; a term is one coefficient.
    controls : as outcomes
        Alternative sets, such as ``["ln_k", "ln_k + ln_emp"]``; an empty text is none.
    optional : sequence of str
        Terms that are in or out: every subset is taken, which doubles the number with each.
    fixed_effects : as outcomes
        Such as ``["", "country:industry + year"]``.
    vcov : str, mapping, or sequence of them
        As for `servio.explain.estimate`.
    samples : as outcomes
        Conditions, as `where` of `servio.explain.estimate`; an empty text is all rows.
    weights, ssc, panel, time
        As for `servio.explain.estimate`.
    level : float
        Of the intervals; significant is what its interval tells from zero.
    limit : int
        Most specifications; one more is refused, none is left out.
    draws : int
        For the joint test; 0 for none.
    cluster : str, optional
        For the joint test: clusters of its errors, whatever `vcov` is.
    kind, seed
        As for `servio.explain.wild_bootstrap`.

    Returns
    -------
    SpecificationCurve
        A specification without an estimate (collinear, too few rows) has its reason in
        ``problem``.

    Raises
    ------
    UsageError
        More specifications than `limit`, no choice, a term of several coefficients, `draws`
        without `cluster`.
    LabelError
        No such column.
    ValueFault
        No specification has an estimate.

    Notes
    -----
    Identity: each row is what `servio.explain.estimate` gives. The curve shows what depends on
    choices; it does not say which are right, and one omitted variable may bias all. Where
    outcomes or terms have different units their median means nothing. The joint test is that of
    Simonsohn, Simmons and Nelson with wild cluster draws for their resampled rows: of 1,000
    simulated samples of 12 clusters without effect its three 5 % tests rejected 6.9, 3.4 and 6.8 %
    (a clustered t test of one specification 9.7 %). The share is coarse where specifications are
    few or alike: all of them are often significant together.

    References
    ----------
    Simonsohn, Simmons and Nelson (2020), Nature Human Behaviour 4, 1208-1214 (not re-read).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame(rng.standard_normal((60, 3)), columns=["x", "z", "y"])
    >>> frame["y"] += 2 * frame["x"]
    >>> curve = specification_curve(frame, "y", "x", optional=["z"], vcov=["hetero", "HC3"],
    ...                             samples={"all": "", "above": "z > 0"})
    >>> len(curve.to_frame()), curve.share_positive, curve.share_significant
    (8, 1.0, 1.0)
    """
    import pandas as pd

    kinds = [vcov] if isinstance(vcov, str | Mapping) else list(vcov)
    for one in kinds:
        read_vcov(one, "specification_curve, vcov")
    subsets = [" + ".join(some) for some in _subsets(optional)]
    choices: dict[str, dict[str, Any]] = {
        "outcome": _labelled("outcomes", outcomes, ""),
        "term": _labelled("terms", terms, ""),
        "controls": _labelled("controls", controls, "none"),
        "optional": {some or "none": some for some in subsets},
        "fixed_effects": _labelled("fixed_effects", fixed_effects, "none"),
        "vcov": {_vcov_label(one): one for one in kinds},
        "sample": _labelled("samples", samples, "all"),
    }
    _check_count(choices, limit)
    if draws:
        check_draws("specification_curve", kind, draws)
    if draws and cluster is None:
        raise UsageError("specification_curve, draws", found="no cluster", expected="one",
                         remedy='Give cluster="country".')  # fmt: skip
    chosen: dict[str, Any] = {"weights": weights, "panel": panel, "time": time}
    rows: list[dict[str, Any]] = []
    models: dict[_Model, None] = {}
    combined = list(product(*(levels.items() for levels in choices.values())))
    with bar("specifications", len(combined) * (2 if draws else 1)) as step:
        for number, pairs in enumerate(combined, 1):
            labels = {c: label for c, (label, _) in zip(CHOICES, pairs, strict=True)}
            model, errors = _model(dict(zip(CHOICES, (text for _, text in pairs), strict=True)))
            row = _estimate(data, model, errors, level, {"ssc": ssc, **chosen})
            rows.append({"specification": number, **labels, **row, "formula": model.formula})
            if not row["problem"]:
                models[model] = None
            step()
        if not models:
            raise ValueFault("specification_curve", found=f"no estimate: {rows[0]['problem']}",
                             expected="at least one", remedy="See the choices.")  # fmt: skip
        joint = None
        if draws:
            assert cluster is not None
            joint = _joint(data, list(models), cluster, (kind, draws, seed), level, chosen, step)
    frame = pd.DataFrame(rows)
    undefined = int((frame["problem"] != "").sum())
    notes = (f"{undefined} of {len(frame)} specifications can't be estimated",) * (undefined > 0)
    synthetic = isinstance(data, Panel) and data.synthetic
    return SpecificationCurve(frame, tuple(optional), level, joint, synthetic, notes)


def _subsets(optional: Sequence[str]) -> list[tuple[str, ...]]:
    if isinstance(optional, str) or len(optional) > 20:
        raise UsageError("specification_curve, optional",
                         found="a text" if isinstance(optional, str) else f"{len(optional)} terms",
                         expected="a list of at most 20 terms",
                         remedy="Give alternatives as controls.")  # fmt: skip
    sizes = range(len(optional) + 1)
    return list(chain.from_iterable(combinations(optional, size) for size in sizes))


def _labelled(name: str, given: Choice, empty: str) -> dict[str, str]:
    """Alternatives by label; `empty` names the empty text where that is a choice."""
    if isinstance(given, Mapping):
        found = dict(given)
    else:
        texts = [given] if isinstance(given, str) else list(given)
        found = {text or empty: text for text in texts}
        if len(found) < len(texts):
            raise UsageError(f"specification_curve, {name}", found="an alternative twice",
                             expected="each once", remedy="Leave one out.")  # fmt: skip
    if not found or (not empty and not all(found.values())):
        raise UsageError(f"specification_curve, {name}", found="nothing to choose from",
                         expected="at least one", remedy="Name one.")  # fmt: skip
    return found


def _vcov_label(vcov: Vcov) -> str:
    if isinstance(vcov, str):
        return vcov
    ((kind, value),) = vcov.items()
    return f"{kind} {value if isinstance(value, str | int) else ' and '.join(value)}"


def _check_count(choices: Mapping[str, Mapping[str, Any]], limit: int) -> None:
    sizes = {name: len(levels) for name, levels in choices.items()}
    count = int(np.prod([float(size) for size in sizes.values()]))
    if count > limit:
        told = " × ".join(f"{size} {name}" for name, size in sizes.items() if size > 1)
        raise UsageError("specification_curve", found=f"{count:,} specifications ({told})",
                         expected=f"at most {limit:,}",
                         remedy=f"Leave choices out, or allow them: limit={count}.")  # fmt: skip
    for term in choices["term"].values():
        parsed = parse_formula(f"outcome ~ {term}").terms
        if len(parsed) != 1 or any(isinstance(f, Levels) for f in parsed[0].factors):
            raise UsageError("specification_curve, terms", found=repr(term),
                             expected="one coefficient", remedy="Name a column or a product.",
                             )  # fmt: skip


def _model(texts: Mapping[str, Any]) -> tuple[_Model, Vcov]:
    parts = [texts["term"], texts["controls"], texts["optional"]]
    formula = f"{texts['outcome']} ~ {' + '.join(part for part in parts if part)}"
    formula += f" | {texts['fixed_effects']}" if texts["fixed_effects"] else ""
    term = parse_formula(f"outcome ~ {texts['term']}").terms[0].name
    return _Model(term, formula, texts["sample"] or None), texts["vcov"]


def _estimate(
    data: Panel | pd.DataFrame, model: _Model, vcov: Vcov, level: float, chosen: Mapping[str, Any]
) -> dict[str, Any]:
    try:
        fit = estimate(model.formula, data, vcov=vcov, where=model.where, **chosen)
    except (ValueFault, NumericalError) as fault:
        return {**dict.fromkeys(NUMBERS, np.nan), "n": 0, "problem": fault.message}
    at = fit.position(model.term)
    if not fit.std_errors[at] > 0:
        return {**dict.fromkeys(NUMBERS, np.nan), "n": fit.n, "problem": "a perfect fit"}
    lower, upper = fit.interval(level)
    values = (fit.coefficients, fit.std_errors, fit.p_values, lower, upper)
    numbers = {name: float(v[at]) for name, v in zip(NUMBERS, values, strict=True)}
    return {**numbers, "n": fit.n, "problem": ""}


def _joint(
    data: Panel | pd.DataFrame,
    models: Sequence[_Model],
    cluster: str,
    drawing: tuple[str, int, int],
    level: float,
    chosen: Mapping[str, Any],
    step: Any,
) -> pd.DataFrame:
    """Statistics of all models, against draws of clusters that all models share."""
    import pandas as pd

    codes = cluster_codes(data, cluster, "specification_curve")
    count = int(codes.max()) + 1
    kind, draws, seed = drawing
    if len(models) * draws > LARGEST:
        raise UsageError("specification_curve, draws", found=f"{len(models)} models × {draws}",
                         expected=f"at most {LARGEST:,}", remedy="Draw less often.")  # fmt: skip
    b, t, bounds = [], [], []
    for model in models:
        design = build_design(
            model.formula, data, vcov={"cluster": cluster}, where=model.where, **chosen
        )
        if design.instrument_names:
            raise UsageError("specification_curve, draws", found="instruments",
                             expected="least squares", remedy="Choose draws=0.")  # fmt: skip
        factor = correction(design, len(design.names), "fixest")
        wild = Wild.prepare(design, model.term, factor.factor)
        null = wild.null(
            draw_chunks(kind, count, draws, seed), np.unique(codes[design.rows]).astype(np.intp)
        )
        b.append(np.r_[wild.estimate, null.numerators(0.0) / wild.length])
        t.append(np.r_[wild.estimate / wild.std_error, null.t_values(0.0)])
        bounds.append(float(scipy.stats.t.ppf((1 + level) / 2, factor.df)))
        step()
    found = _statistics(np.column_stack(b), np.column_stack(t), np.array(bounds))
    first = 0 if enumerated(kind, count, draws) else 1
    return pd.DataFrame(
        [
            {
                "statistic": name,
                "observed": float(values[0]),
                "p": (first + int((sizes[1:] >= sizes[0] * (1 - ROUNDING)).sum()))
                / (first + len(sizes) - 1),
            }
            for name, values in found.items()
            for sizes in [np.abs(values)]
        ]
    )


def _statistics(b: Array, t: Array, bounds: Array) -> dict[str, Array]:
    """Median estimate, share significant with the commoner sign, mean t; each (1 + B,)."""
    shares = [(sign * t > bounds).mean(axis=1) for sign in (1, -1)]
    return {
        "median estimate": np.median(b, axis=1),
        "share significant with one sign": np.maximum(*shares),
        "mean t": t.mean(axis=1),
    }
