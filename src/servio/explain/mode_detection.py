"""How manufacturing and services come together: alternative, merging, coexisting, receding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from servio.errors import InputError, UsageError
from servio.explain._mode_evidence import UNIT, Array, Gathered, Results, gather
from servio.explain._mode_kernel import (
    KINDS,
    LEAST,
    MODES,
    NAMES,
    OPEN,
    Fitted,
    decide,
    draws_of,
    fit,
    rule_of,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MODES", "Modes", "as_results", "mode_map", "modes", "transitions"]

LABELS = ["source", "year", "country", "industry", "partner", "group", "part", "measure", "value",
          "unit", "definition"]  # fmt: skip
DIRECTIONS = {-1: "falls", 0: "flat", 1: "rises"}


@dataclass(frozen=True, eq=False)
class Modes:
    """Modes of industries and service groups, and what they rest on.

    Parameters
    ----------
    table : DataFrame
        One row a source, country, industry and service group: mode (one of `MODES` or
        ``undetermined``), confidence (0 to 1), resampling (share of draws with this mode, main
        definitions), definitions (share of definitions with this mode), n_definitions, missing
        (kinds of evidence without values, comma between), n, first, last (years); with a size
        condition also size.
    evidence : DataFrame
        One row a unit, kind of evidence and definition: main (whether the mode rests on it), slope
        a year, std_error, lower, upper, relative (slope over the mean of the series), direction
        (rises, falls, flat), n, first, last.
    undefined : DataFrame
        Units without a mode, and the reason.
    definition : mapping of str to value
        Options that were used.
    """

    table: pd.DataFrame
    evidence: pd.DataFrame
    undefined: pd.DataFrame
    definition: Mapping[str, Any]

    def counts(self, by: str | list[str] = "country") -> pd.DataFrame:
        """Number of units in each mode, one row a value of `by`."""
        found = self.table.groupby([*_listed(by), "mode"]).size().unstack("mode", fill_value=0)
        return found.reindex(columns=list(NAMES), fill_value=0)


def modes(
    results: Results,
    *,
    grouping: str = "kiet",
    industries: Sequence[str] | None = None,
    years: tuple[int, int] | None = None,
    size: str | pd.DataFrame = "",
    minimum: float | None = None,
    level: float = 0.95,
    material: float = 0.005,
    block: int = 3,
    draws: int = 200,
    seed: int = 0,
) -> Modes:
    """The mode that rules between an industry and a service group in a period.

    Five kinds of evidence are series over the years, each of which rises, falls or is flat. It
    rises or falls if the interval of its slope (`servio.explain.slopes`) leaves out zero and the
    slope is at least `material` of the series' mean a year. P: share of purchased service in
    intermediate inputs. H: own-account service cost per output. O: secondary service output per
    output. R: share of the industry's product in the inputs of the service group. S: structural
    similarity of inputs.

    - receding: P falls;
    - merging: O and R rise and P does not fall; or P rises with one of O and R, S rises and H does
      not fall;
    - alternative: P rises, neither O nor R does (outputs stay pure) and H does not rise; or P rises
      with one of O and R, H falls and S does not rise;
    - coexisting: otherwise;
    - undetermined: P rises and there is neither O nor R.

    Parameters
    ----------
    results : callable
        ``results(measure, **options)`` gives tidy rows, as `servio.study.StudyStore.results` and
        `as_results` do. Needed: ``service_input_share`` with the grouping, by industry. Used where
        there: ``convergence_rate`` with ``mutual="mean"`` (R), ``structural_similarity`` (S), and
        ``account`` of ``output``, ``own_account:GROUP`` (H), ``secondary:GROUP`` (O), and
        ``secondary_output`` of supply tables with the same grouping (O, whatever the source). Other
        definitions of P (``outsourcing``, ``service_input_coefficient``, complete shares), of O
        (supply tables beside satellites), of R (domestic) and of S (overlap, users) count in the
        confidence.
    grouping : str
        Of services.
    industries : sequence of str, optional
        Codes of the industries, such as those of manufacturing; else all there are.
    years : (int, int), optional
        First and last year; else all.
    size : str or DataFrame, optional
        Size of the firms of an industry: name of an amount by industry (``account``), or a frame
        with columns country, industry, size, and year or source where they differ.
    minimum : float, optional
        With `size`: only industries whose firms have at least this size, in the mean over the years
        given, have a mode. Smaller ones and those without a size are listed as undefined.
    level : float
        Of the intervals.
    material : float
        Smallest slope that counts, relative to the mean of the series, a year.
    block : int
        Years in a block of the bootstrap.
    draws : int
    seed : int

    Returns
    -------
    Modes

    Raises
    ------
    InputError
        No shares of purchased services; two values of a unit in one year; supply tables or sizes
        of other industries only.
    UsageError
        An option out of range.

    Notes
    -----
    Confidence is the mean over definitions of the share of draws that give the same mode. A draw
    takes residuals round all lines of a unit from the same blocks of years (moving block bootstrap,
    scaled by ``sqrt(n / (n - 2))``) and fits lines anew; intervals keep their width. Missing
    evidence takes each direction with the same chance in every draw, so that it lowers confidence
    where it would matter; the mode itself rests only on evidence that is there.

    Identity: on straight lines every draw gives the mode of the lines. What it does not see:
    prices that move shares, the size of firms unless it is given, years that are interpolated.

    References
    ----------
    Document 001 for the two modes; the rule is methods J3, made decidable. Kuensch (1989), Annals
    of Statistics 17:1217-1241, for blocks (not re-read).

    Examples
    --------
    >>> import pandas as pd
    >>> from servio.explain import as_results, modes
    >>> years = range(2000, 2010)
    >>> def rows(measure, definition, slope):
    ...     return [{"source": "made", "year": y, "country": "KOR", "industry": "C26",
    ...              "group": "it", "measure": measure, "value": 0.1 + slope * (y - 2000),
    ...              "definition": f"by=industry grouping=kiet origin=total {definition}"}
    ...             for y in years]
    >>> frame = pd.DataFrame(rows("service_input_share", "total=false", 0.004)
    ...                      + rows("convergence_rate", "mutual=mean", 0.002))
    >>> found = modes(as_results(frame)).table
    >>> found[["mode", "missing"]].iloc[0].tolist()
    ['alternative', 'own_account,secondary,similarity']
    """
    options = _checked(grouping, size, minimum, level, material, block, draws, seed)
    return _detect(gather(results, grouping, industries, size), years, **options)


def mode_map(
    results: Results,
    *,
    window: int = 7,
    step: int = 1,
    grouping: str = "kiet",
    industries: Sequence[str] | None = None,
    size: str | pd.DataFrame = "",
    minimum: float | None = None,
    level: float = 0.95,
    material: float = 0.005,
    block: int = 3,
    draws: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """How do modes follow each other? The mode in each rolling window of years.

    Parameters
    ----------
    results : callable
    window : int
        Years in a window, five or more.
    step : int
        Years from one window to the next.
    grouping, industries, size, minimum, level, material, block, draws, seed
        As for `modes`; sizes are those of the years of a window.

    Returns
    -------
    DataFrame
        As `Modes.table`, one row a unit and window, with ``window_first`` and ``window_last``.

    Raises
    ------
    InputError
        Fewer years than a window.
    UsageError
        An option out of range.

    Notes
    -----
    Short windows have wide intervals: a slow change is ``coexisting`` in every window though the
    whole period shows it. Windows that share years are not independent.

    Examples
    --------
    >>> import pandas as pd
    >>> from servio.explain import as_results, mode_map
    >>> frame = pd.DataFrame([
    ...     {"source": "made", "year": y, "country": "KOR", "industry": "C26", "group": "it",
    ...      "measure": "service_input_share", "value": 0.3 - 0.01 * max(y - 2006, 0),
    ...      "definition": "by=industry grouping=kiet origin=total total=false"}
    ...     for y in range(2000, 2014)])
    >>> found = mode_map(as_results(frame), step=7)
    >>> found[["window_first", "window_last", "mode"]].values.tolist()
    [[2000, 2006, 'coexisting'], [2007, 2013, 'receding']]
    """
    import pandas as pd

    _whole("window", window, LEAST)
    _whole("step", step, 1)
    options = _checked(grouping, size, minimum, level, material, block, draws, seed)
    gathered = gather(results, grouping, industries, size)
    first, last = gathered.years[0], gathered.years[-1]
    starts = range(first, last - window + 2, step)
    if not starts:
        raise InputError("mode_map, window", found=f"{window} years in {first} to {last}",
                         expected="at most all years",
                         remedy="Take a shorter window.")  # fmt: skip
    parts = []
    for start in starts:
        span = (start, start + window - 1)
        table = _detect(gathered, span, **options).table
        parts.append(table.assign(window_first=span[0], window_last=span[1]))
    return pd.concat(parts, ignore_index=True)


def transitions(found: pd.DataFrame, *, counts: bool = False) -> pd.DataFrame:
    """From which mode to which units go, from a window to the next without a common year.

    Parameters
    ----------
    found : DataFrame
        From `mode_map`.
    counts : bool
        Numbers of transitions instead of shares of each row.

    Returns
    -------
    DataFrame
        From (rows) to (columns), in the order of `MODES`; rows add up to 1, NaN where no unit
        starts. Undetermined units are left out.

    Raises
    ------
    InputError
        No two windows without a common year.

    Examples
    --------
    >>> import pandas as pd
    >>> from servio.explain import transitions
    >>> unit = {"source": "made", "country": "KOR", "industry": "C26", "group": "it"}
    >>> found = pd.DataFrame([
    ...     unit | {"mode": "alternative", "window_first": 2000, "window_last": 2006},
    ...     unit | {"mode": "merging", "window_first": 2007, "window_last": 2013}])
    >>> float(transitions(found).loc["alternative", "merging"])
    1.0
    """
    import pandas as pd

    after = found.assign(window_first=found["window_first"] - _width(found))
    pairs = found.merge(after, on=[*UNIT, "window_first"], suffixes=("", "_after"))
    if pairs.empty:
        raise InputError("transitions", found="no two windows without a common year",
                         expected="years for two windows",
                         remedy="Take a shorter window in mode_map.")  # fmt: skip
    table = pd.crosstab(pairs["mode"], pairs["mode_after"])
    table = table.reindex(index=list(MODES), columns=list(MODES), fill_value=0)
    table.index.name, table.columns.name = "from", "to"
    if counts:
        return table
    total = table.sum(axis=1)
    return table.div(total.where(total > 0), axis=0)


def as_results(frame: pd.DataFrame) -> Results:
    """Tidy rows of measures as a callable that filters them, as a finished study does.

    Parameters
    ----------
    frame : DataFrame
        Rows of `servio.measure.Measure.to_frame` of any measures and years, or of a finished
        study, one below the other.

    Returns
    -------
    callable
        ``results(measure, **options)``: rows whose options or labels have these values.

    Raises
    ------
    UsageError
        From the callable: no such measure or column.

    Examples
    --------
    >>> import pandas as pd
    >>> from servio.explain import as_results
    >>> frame = pd.DataFrame({"measure": ["account"], "definition": ["by=industry of=output"],
    ...                       "value": [1.0]})
    >>> len(as_results(frame)("account", of="output"))
    1
    """
    import pandas as pd

    texts = frame["definition"].unique()
    pairs = [dict(part.partition("=")[::2] for part in text.split(" ") if part) for text in texts]
    options = pd.DataFrame(pairs, index=texts).fillna("")
    options = options[options.columns.difference(LABELS, sort=False)]
    whole = frame.drop(columns=options.columns.intersection(frame.columns))
    whole = whole.join(options, on="definition")
    parts = dict(tuple(whole.groupby("measure", sort=False)))

    def results(measure: str, **filters: Any) -> pd.DataFrame:
        if measure not in parts:
            raise UsageError("results measure", found=repr(measure),
                             expected=", ".join(map(str, parts)),
                             remedy="Add rows of this measure.")  # fmt: skip
        found = parts[measure]
        for key, value in filters.items():
            if key not in found:
                raise UsageError("results column", found=repr(key),
                                 expected=", ".join(map(str, found.columns)),
                                 remedy="Choose one of them.")  # fmt: skip
            wanted = str(value).lower() if isinstance(value, bool) else value
            found = found[found[key] == wanted]
        return found

    return results


# -- detection -------------------------------------------------------------------------------------


def _detect(
    gathered: Gathered, span: tuple[int, int] | None, *, grouping: str, minimum: float | None,
    level: float, material: float, block: int, draws: int, seed: int,
) -> Modes:  # fmt: skip
    import pandas as pd

    t = np.array(gathered.years, dtype=np.float64)
    inside = np.ones(len(t), dtype=bool) if span is None else (t >= span[0]) & (t <= span[1])
    fitted = [
        fit(one, t[inside], one.values[:, inside], level, material, block, draws, seed)
        for one in gathered.series
    ]
    main = {one.series.kind: one for one in fitted if one.series.main}
    shape = (len(gathered.units), draws)
    unknown = {
        kind: np.random.default_rng([seed, place]).integers(-1, 2, shape, dtype=np.int8)
        for place, kind in enumerate(KINDS)
    }
    found = rule_of(main)
    share, agrees, known = [], [], []
    for variant in (fitted[0], *(one for one in fitted if not one.series.main)):
        chosen = main | {variant.series.kind: variant}
        drawn = decide(*(draws_of(chosen.get(kind), unknown[kind]) for kind in KINDS))
        share.append((drawn == found[:, None]).mean(axis=1))
        agrees.append(rule_of(chosen) == found)
        known.append(variant.given)
    weight = np.array(known, dtype=np.float64)
    defined = main["purchased"].given
    settled = defined & (found != OPEN)
    count = np.where(defined, weight.sum(axis=0), np.nan)
    total = np.where(count > 0, count, np.nan)
    spans = main["purchased"].span
    table = gathered.units.to_frame(index=False).assign(
        mode=np.array(NAMES)[found],
        confidence=np.where(settled, (np.array(share) * weight).sum(axis=0) / total, np.nan),
        resampling=np.where(settled, share[0], np.nan),
        definitions=np.where(settled, (np.array(agrees) * weight).sum(axis=0) / total, np.nan),
        n_definitions=weight.sum(axis=0).astype(np.int64),
        missing=_missing(main, len(gathered.units)),
        n=spans[:, 0], first=spans[:, 1], last=spans[:, 2],
    )  # fmt: skip
    few = table.loc[~defined, UNIT].assign(reason=f"fewer than {LEAST} years")
    nothing = "purchases rise and there is no evidence of outputs"
    large, excluded = _large(gathered.sizes, inside, table, defined, minimum)
    unsettled = table.loc[large & (found == OPEN), UNIT].assign(reason=nothing)
    return Modes(
        table=table[large].reset_index(drop=True),
        evidence=pd.concat([_evidence(one, gathered.units) for one in fitted], ignore_index=True),
        undefined=pd.concat([few, *excluded, unsettled], ignore_index=True),
        definition={
            "grouping": grouping, "years": span, "minimum": minimum, "level": level,
            "material": material, "block": block, "draws": draws, "seed": seed,
        },
    )  # fmt: skip


def _large(
    sizes: Array | None, inside: npt.NDArray[np.bool_], table: pd.DataFrame,
    defined: npt.NDArray[np.bool_], minimum: float | None,
) -> tuple[npt.NDArray[np.bool_], list[pd.DataFrame]]:  # fmt: skip
    """Units whose firms are large enough, with their size in the table, and those that are not."""
    if sizes is None or minimum is None:
        return defined, []
    given = np.where(np.isnan(sizes), 0.0, sizes)[:, inside].sum(axis=1)
    count = (~np.isnan(sizes[:, inside])).sum(axis=1)
    size = np.divide(given, count, out=np.full(len(given), np.nan), where=count > 0)
    table["size"] = size
    small = table.loc[defined & (size < minimum), UNIT].assign(
        reason=f"firms smaller than {minimum:g}"
    )
    unknown = table.loc[defined & np.isnan(size), UNIT].assign(reason="no size of firms")
    return defined & (size >= minimum), [small, unknown]


def _missing(main: Mapping[str, Fitted], k: int) -> list[str]:
    never = np.zeros(k, dtype=bool)
    given = np.array([main[kind].given if kind in main else never for kind in KINDS])
    names = np.array(KINDS)
    return [",".join(names[~column]) for column in given.T]


def _evidence(fitted: Fitted, units: pd.MultiIndex) -> pd.DataFrame:
    there = fitted.given
    words = np.array([DIRECTIONS[sign] for sign in (-1, 0, 1)])
    return units[there].to_frame(index=False).assign(
        kind=fitted.series.kind,
        definition=fitted.series.definition,
        main=fitted.series.main,
        slope=fitted.slope[there],
        std_error=fitted.std_error[there],
        lower=(fitted.slope - fitted.half)[there],
        upper=(fitted.slope + fitted.half)[there],
        relative=fitted.relative[there],
        direction=words[fitted.direction[there] + 1],
        n=fitted.span[there, 0], first=fitted.span[there, 1], last=fitted.span[there, 2],
    )  # fmt: skip


# -- options ---------------------------------------------------------------------------------------


def _checked(
    grouping: str, size: str | pd.DataFrame, minimum: float | None, level: float, material: float,
    block: int, draws: int, seed: int,
) -> dict[str, Any]:  # fmt: skip
    sized = not isinstance(size, str) or size != ""
    if sized != (minimum is not None) or not (minimum is None or minimum >= 0):
        raise UsageError("modes, minimum", found="none" if minimum is None else str(minimum),
                         expected="size together with a minimum of it, from 0",
                         remedy="Give both or neither.")  # fmt: skip
    if not 0.5 <= level < 1:
        raise UsageError("modes, level", found=str(level), expected="0.5 to below 1",
                         remedy="Choose 0.95.")  # fmt: skip
    if not 0 <= material < 1:
        raise UsageError("modes, material", found=str(material), expected="0 to below 1, a year",
                         remedy="Choose 0.005.")  # fmt: skip
    _whole("block", block, 1)
    _whole("draws", draws, 1)
    _whole("seed", seed, 0)
    return {"grouping": grouping, "minimum": minimum, "level": level, "material": material,
            "block": block, "draws": draws, "seed": seed}  # fmt: skip


def _whole(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"modes, {name}", found=str(value),
                         expected=f"a whole number from {least}",
                         remedy="Give such a number.")  # fmt: skip


def _width(found: pd.DataFrame) -> int:
    widths = (found["window_last"] - found["window_first"] + 1).unique()
    if len(widths) != 1:
        raise InputError("transitions, windows", found=f"{len(widths)} lengths of windows",
                         expected="one", remedy="Take the rows of one mode_map.")  # fmt: skip
    return int(widths[0])


def _listed(by: str | list[str]) -> list[str]:
    return [by] if isinstance(by, str) else list(by)
