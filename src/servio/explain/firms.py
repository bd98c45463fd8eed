"""Revenue of firms by segment: how much of it is service, in how many firms, how unequally."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import scipy

from servio.errors import FormatError, InputError, LabelError, UnitError, UsageError, ValueFault

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["firm_inequality", "service_firms", "service_revenue"]

Array = npt.NDArray[np.float64]
COLUMNS = ("firm", "year", "segment", "kind", "revenue")
KINDS = ("service", "product")
SHARES = ("firm", "year", "currency", "revenue", "service", "share")


def service_revenue(data: pd.DataFrame | str | Path) -> pd.DataFrame:
    """Share of services in each firm's revenue, from its segments.

    ``share = sum_{s service} revenue_s / sum_s revenue_s`` for each firm and year.

    Parameters
    ----------
    data : DataFrame or path of a CSV
        Columns firm, year, segment, kind (``service`` or ``product``), revenue (of one unit),
        and currency where there is more than one; one row a segment, firm and year.

    Returns
    -------
    DataFrame
        One row a firm and year: firm, year, currency (blank if not given), revenue, service (in
        the currency), share (NaN where revenue is zero), undefined (the reason, or blank).

    Raises
    ------
    FormatError
        A column is missing, or there is no row.
    LabelError
        A segment twice, a blank name, or a kind that is neither.
    ValueFault
        Revenue missing, negative or no number; a year that is none.
    UnitError
        Two currencies in one firm and year.

    Notes
    -----
    Identity: the shares of services and of products add up to 1. Internal sales that firms
    deduct as a negative segment are refused: leave them out or net them from the segments.
    Rows are named as in a spreadsheet, the header being row 1.

    Source: service revenue over total revenue, as Fang, Palmatier & Steenkamp (2008), Journal of
    Marketing 72 (not re-read); methods A3.

    Examples
    --------
    >>> import pandas as pd
    >>> segments = pd.DataFrame({"firm": "Acme", "year": 2020, "segment": ["engines", "care"],
    ...                          "kind": ["product", "service"], "revenue": [40.0, 60.0]})
    >>> service_revenue(segments)["share"].tolist()
    [0.6]
    """
    import pandas as pd

    place = "segments" if isinstance(data, pd.DataFrame) else Path(data).name
    frame = data if isinstance(data, pd.DataFrame) else _read(Path(data))
    frame = _checked(frame, place)
    keys = ["firm", "year"]
    whole = frame.groupby(keys, sort=True)["revenue"].sum()
    service = frame["revenue"].where(frame["kind"] == "service", 0.0)
    found = pd.DataFrame({
        "currency": frame.groupby(keys, sort=True)["currency"].first(),
        "revenue": whole,
        "service": service.groupby([frame[k] for k in keys], sort=True).sum(),
    }).reset_index()  # fmt: skip
    found["share"] = found["service"] / found["revenue"].where(found["revenue"] > 0)
    found["undefined"] = np.where(found["revenue"] > 0, "", "zero revenue")
    return found


def service_firms(shares: pd.DataFrame, *, above: float = 0.5, level: float = 0.95) -> pd.DataFrame:
    """How many firms earn more than a threshold from services, by year.

    ``N(share > above) / N`` with Wilson's interval; beside it the mean and median share, and the
    pooled one, ``sum service / sum revenue``, in which large firms weigh more.

    Parameters
    ----------
    shares : DataFrame
        As `service_revenue` returns.
    above : float
        Threshold, 0 to below 1; 0 counts firms with any service.
    level : float
        Of the interval.

    Returns
    -------
    DataFrame
        One row a year: year, firms (with a share), undefined (firms without), above (count),
        fraction, lower, upper, mean, median, pooled (NaN where firms differ in currency).

    Raises
    ------
    FormatError
        A column is missing.
    UsageError
        A threshold or level outside its range.

    Notes
    -----
    Identity: ``fraction`` is 0 at a threshold that no firm passes. The interval takes firms as a
    random sample, which those that publish segments are not. Firms that enter or leave change the
    figures: for trends of the same firms use `slopes` by firm.

    Source: Wilson (1927), Journal of the American Statistical Association 22:209-212.

    Examples
    --------
    >>> import pandas as pd
    >>> segments = pd.DataFrame({"firm": ["A", "A", "B"], "year": 2020, "segment": ["x", "y", "x"],
    ...     "kind": ["product", "service", "product"], "revenue": [40.0, 60.0, 100.0]})
    >>> service_firms(service_revenue(segments))[["firms", "above", "fraction", "pooled"]].values
    array([[2. , 1. , 0.5, 0.3]])
    """
    import pandas as pd

    _need(shares, "service_firms")
    if not 0 <= above < 1 or not 0 < level < 1:
        raise UsageError("service_firms", found=f"above={above:g}, level={level:g}",
                         expected="a threshold from 0 to below 1, a level between 0 and 1",
                         remedy="Give shares, not percent.")  # fmt: skip
    rows = [_year(year, own, above, level) for year, own in shares.groupby("year", sort=True)]
    return pd.DataFrame(rows)


def _year(year: Any, own: pd.DataFrame, above: float, level: float) -> dict[str, Any]:
    share = own["share"].dropna().to_numpy(dtype=np.float64)
    n, passed = len(share), int((share > above).sum())
    lower, upper = _wilson(passed, n, level)
    alike = own["currency"].nunique() == 1
    whole = float(own["revenue"].sum())
    return {
        "year": int(year),
        "firms": n,
        "undefined": len(own) - n,
        "above": passed,
        "fraction": passed / n if n else np.nan,
        "lower": lower,
        "upper": upper,
        "mean": float(share.mean()) if n else np.nan,
        "median": float(np.median(share)) if n else np.nan,
        "pooled": float(own["service"].sum()) / whole if alike and whole > 0 else np.nan,
    }


def _wilson(passed: int, n: int, level: float) -> tuple[float, float]:
    if not n:
        return np.nan, np.nan
    z = float(scipy.stats.norm.ppf((1 + level) / 2))
    p, scale = passed / n, 1 + z * z / n
    middle = (p + z * z / (2 * n)) / scale
    half = z / scale * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def firm_inequality(
    shares: pd.DataFrame, *, of: Literal["service", "revenue", "share"] = "service"
) -> pd.DataFrame:
    """How unequally service revenue (or all revenue, or its share) lies among firms, by year.

    Gini ``G = sum_i (2i - n - 1) y_(i) / (n sum y)``, y in rising order; Theil T
    ``mean(y/m ln(y/m))``, m the mean; Theil L ``mean(ln(m/y))``, also called mean log deviation.

    Parameters
    ----------
    shares : DataFrame
        As `service_revenue` returns.
    of : {'service', 'revenue', 'share'}
        Service revenue, all revenue, or the share of services.

    Returns
    -------
    DataFrame
        One row a year: year, of, firms, zeros (firms with 0), gini (0 to 1 - 1/n), theil_t
        (0 to ln n, in nats), theil_l (NaN where a firm has 0). All NaN where all have 0.

    Raises
    ------
    FormatError
        A column is missing.
    UnitError
        Firms of a year in several currencies, for amounts.
    UsageError
        `of` is none of the three.

    Notes
    -----
    Identity: all are 0 where firms are equal, and do not depend on the unit; where one of n firms
    has all, G = 1 - 1/n and T = ln n. 0 ln 0 is 0 in T. "Theil's index" is T to some and L to
    others, so both bear their letter. Undefined shares are left out.

    Source: Theil (1967), Economics and Information Theory, ch. 4; Cowell (2011), Measuring
    Inequality, 3rd ed. (neither re-read).

    Examples
    --------
    >>> import pandas as pd
    >>> segments = pd.DataFrame({"firm": list("ABCD"), "year": 2020, "segment": "all",
    ...                          "kind": "service", "revenue": [0.0, 0.0, 0.0, 8.0]})
    >>> found = firm_inequality(service_revenue(segments))
    >>> found[["gini", "theil_t"]].round(4).values.tolist()
    [[0.75, 1.3863]]
    """
    import pandas as pd

    _need(shares, "firm_inequality")
    if of not in ("service", "revenue", "share"):
        raise UsageError("firm_inequality of", found=repr(of), expected="service, revenue or share",
                         remedy="Choose one of them.")  # fmt: skip
    rows = []
    for year, own in shares.groupby("year", sort=True):
        if of != "share" and own["currency"].nunique() > 1:
            kinds = ", ".join(sorted(own["currency"].unique())[:4])
            raise UnitError(f"firm_inequality {year}", found=f"revenue in {kinds}",
                            expected="one currency",
                            remedy="Convert it, or use of='share'.")  # fmt: skip
        y = np.sort(own[of].dropna().to_numpy(dtype=np.float64))
        head = {"year": int(year), "of": of, "firms": len(y), "zeros": int((y == 0).sum())}
        rows.append(head | _unequal(y))
    return pd.DataFrame(rows)


def _unequal(y: Array) -> dict[str, float]:
    """Gini, Theil T and Theil L of values in rising order."""
    if y.sum() <= 0:
        return dict.fromkeys(("gini", "theil_t", "theil_l"), np.nan)
    n, ratio = len(y), y / y.mean()
    log = np.log(ratio, out=np.zeros(n), where=ratio > 0)
    return {
        "gini": float((2 * np.arange(1, n + 1) - n - 1) @ y / (n * y.sum())),
        "theil_t": float((ratio * log).mean()),
        "theil_l": float(-log.mean()) if y[0] > 0 else np.nan,
    }


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.reader(file, strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise FormatError(
            str(path),
            found=f"a file that can't be read ({error})",
            expected=f"a CSV with the columns {', '.join(COLUMNS)}",
            remedy="Correct the path, or save it as CSV in UTF-8.",
        ) from None
    while lines and not lines[-1]:
        lines.pop()
    header = [name.strip() for name in lines[0]] if lines else []
    for row, cells in enumerate(lines[1:], start=2):
        if len(cells) != len(header):
            raise FormatError(
                f"{path.name}, row {row}",
                found=f"{len(cells)} cells",
                expected=f"{len(header)}, as in row 1",
                remedy="Complete the row; quote cells with a comma in them.",
            )
    if len(set(header)) != len(header):
        raise FormatError(f"{path.name}, row 1", found="a column twice", expected="each name once",
                          remedy="Rename or remove one.")  # fmt: skip
    return pd.DataFrame(lines[1:], columns=header, dtype=object)


def _checked(data: pd.DataFrame, place: str) -> pd.DataFrame:
    """Segments with clean names and numbers; the first fault by row."""
    import pandas as pd

    missing = [name for name in COLUMNS if name not in data.columns]
    if missing or not len(data):
        raise FormatError(
            place,
            found=f"no column {missing[0]}" if missing else "no rows",
            expected=f"columns {', '.join(COLUMNS)}, and currency if there are several",
            remedy="Name the columns so, one row a segment.",
        )
    names = ("firm", "segment", "kind", *(("currency",) if "currency" in data.columns else ()))
    found = pd.DataFrame({name: data[name].astype("string").str.strip() for name in names})
    if "currency" not in found:
        found["currency"] = ""
    for name in ("year", "revenue"):
        found[name] = pd.to_numeric(data[name], errors="coerce").astype(np.float64)
    _refuse(found, data, place)
    found["year"] = found["year"].astype(int)
    return found.reset_index(drop=True)


def _refuse(found: pd.DataFrame, data: pd.DataFrame, place: str) -> None:
    """Raise at the first row that can't be used."""

    def fault(
        bad: pd.Series, kind: type[InputError], column: str, expected: str, remedy: str
    ) -> None:
        rows = np.flatnonzero(bad.to_numpy(dtype=bool))
        if len(rows):
            value = data[column].iloc[rows[0]]
            blank = value is None or value != value or str(value).strip() == ""
            raise kind(f"{place}, row {rows[0] + 2}, {column}", expected=expected, remedy=remedy,
                       found="a blank" if blank else repr(str(value)))  # fmt: skip

    for name in ("firm", "segment", *(("currency",) if "currency" in data.columns else ())):
        fault(found[name].fillna("") == "", LabelError, name, "a name", "Fill it in.")
    fault(~found["kind"].fillna("").isin(KINDS), LabelError, "kind", " or ".join(KINDS),
          "Say which the segment is; divide one that is both.")  # fmt: skip
    year = found["year"]
    fault(~((year >= 1000) & (year <= 9999) & (year % 1 == 0)), ValueFault, "year", "a year",
          "Correct it.")  # fmt: skip
    amount = found["revenue"]
    fault(~np.isfinite(amount), ValueFault, "revenue", "a number, such as 12.5",
          "Fill it in, or leave the segment out if it is not known.")  # fmt: skip
    fault(amount < 0, ValueFault, "revenue", "no negative revenue",
          "Net eliminations from the segments, or leave them out.")  # fmt: skip
    fault(found.duplicated(["firm", "year", "segment"]), LabelError, "segment",
          "each segment once a firm and year", "Add the rows up or rename one.")  # fmt: skip
    first = found.groupby(["firm", "year"])["currency"].transform("first")
    fault(found["currency"] != first, UnitError, "currency" if "currency" in data.columns else
          "firm", "one currency a firm and year", "Convert the firm's revenue.")  # fmt: skip


def _need(shares: pd.DataFrame, place: str) -> None:
    missing = [name for name in SHARES if name not in shares.columns]
    if missing:
        raise FormatError(place, found=f"no column {missing[0]}",
                          expected=f"columns {', '.join(SHARES)}",
                          remedy="Give what service_revenue returns.")  # fmt: skip
