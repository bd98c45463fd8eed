"""How good the data are, and what has no value."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from servio.report import _charts
from servio.report._blocks import Block, Figure, Section, Table, Text
from servio.report.view import View
from servio.report.words import UNDEFINED, count_words, country, span

__all__ = ["quality"]

LEAST_EXPONENT = -17
MOST_ROWS = 60
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def quality(view: View) -> Section:
    """Audits of the tables: gaps, failures, warnings, dead industries, undefined results."""
    store = view.results.store
    audits, findings, undefined = (
        _own(view, frame) for frame in (view.results.audits, store.findings(), store.undefined())
    )
    failed = int((audits["failures"] > 0).sum())
    intro = (
        f"{count_words(len(audits), 'table was', 'tables were')} audited: {len(audits) - failed} "
        f"pass, {count_words(failed, 'fails', 'fail')}; "
        f"{count_words(int(audits['warnings'].sum()), 'warning')}. Largest "
        f"relative gap of a published balance {_power(audits['data_residual'].max())}; largest "
        f"relative error of servio's own arithmetic {_power(audits['numeric_residual'].max())}. "
        "Gaps are shown, never spread over other cells."
    )
    blocks: list[Block] = [_residuals(view, audits)]
    blocks += _listed(findings, "fail", "Failures", "No table fails.")
    blocks += _listed(findings, "warn", "Warnings", "No warning.")
    blocks += _dead(audits)
    blocks += _undefined(undefined)
    blocks += _notes(view, findings)
    return Section("Data quality", intro, blocks)


def _own(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["source"] == view.source]


def _power(value: float) -> str:
    """A small number as readers write it: ``0.10`` or ``1.6 × 10⁻¹⁴``."""
    if math.isnan(value) or value == 0 or value >= 1e-3:
        return "undefined" if math.isnan(value) else f"{value:.2g}"
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits} × 10{str(int(exponent)).translate(_RAISED)}"


def _residuals(view: View, audits: pd.DataFrame) -> Figure:
    order = [UNDEFINED, "none", *(_raised(k) for k in range(LEAST_EXPONENT, 1))]
    rows = []
    for column, kind in (("data_residual", "Data: gap of the published balance"),
                         ("numeric_residual", "Numeric: error of our arithmetic")):  # fmt: skip
        counts = pd.Series([_decade(value) for value in audits[column]]).value_counts()
        rows += [{"decade": d, "kind": kind, "count": int(counts[d])} for d in order if d in counts]
    used = [row["decade"] for row in rows]
    order = order[: 1 + max(order.index(str(d)) for d in used)]
    order = order[min(order.index(str(d)) for d in used) :]
    caption = (
        f"Number of tables by size of their largest relative gap (at most the power of ten shown). "
        f"{_worst(audits)}"
    )
    return Figure(
        "Residuals: the publisher's and ours",
        caption,
        f"Unit: gap over the largest output of the table. Source: {view.title}, "
        f"{span(view.years)}; audits by servio.",
        f"Two histograms over {len(audits)} tables. {caption}",
        _charts.decades(rows, order, title="relative gap, at most"),
        audits[["source", "country", "year", "data_residual", "numeric_residual"]],
    )


def _worst(audits: pd.DataFrame) -> str:
    known = audits["data_residual"].dropna()
    if known.empty:
        return "The gap in the data is undefined: no published total to compare with."
    worst = audits.loc[known.idxmax()]
    return f"Largest gap in the data: {country(str(worst['country']))} {_year(worst['year'])}."


def _decade(value: float) -> str:
    if math.isnan(value):
        return UNDEFINED
    if value == 0:
        return "none"
    exponent = max(LEAST_EXPONENT, min(0, math.ceil(math.log10(value))))
    return _raised(exponent)


def _raised(exponent: int) -> str:
    return f"10{str(exponent).translate(_RAISED)}"


def _year(year: float) -> str:
    return "" if pd.isna(year) else str(int(year))


def _listed(findings: pd.DataFrame, level: str, title: str, none: str) -> list[Block]:
    """Findings of a level; the same one in several years is one row."""
    found = findings[findings["level"] == level]
    if found.empty:
        return [Text(none)]
    data = found[["country", "year", "check", "place", "text"]].reset_index(drop=True)
    rows = []
    keys = ["country", "check", "place"]
    for (code, check, place), own in found.groupby(keys, sort=False, observed=True):
        text = str(own["text"].iloc[-1])
        years = _years(own["year"])
        more = f" (latest of {len(own)})" if len(own) > 1 else ""
        rows.append([country(str(code)), years, str(check), str(place), text + more])
    hidden = len(rows) - MOST_ROWS
    note = f"{count_words(len(found), 'finding')} in {count_words(len(rows), 'row')}."
    if hidden > 0:
        note += f" The first {MOST_ROWS} are shown; the data hold all."
    return [
        Table(f"{title} of the audits", note, ["Table", "Years", "Check",
              "Place", "What was found"],
              rows[:MOST_ROWS], [False] * 5, data, folded=level == "warn" and len(rows) > 12)
    ]  # fmt: skip


def _years(years: pd.Series) -> str:
    """Years as spans: ``2000–2004, 2009``."""
    known = sorted({int(y) for y in years.dropna()})
    breaks = [i for i in range(1, len(known)) if known[i] != known[i - 1] + 1]
    runs = np.split(np.array(known, dtype=int), breaks) if known else []
    return ", ".join(span([int(y) for y in run]) for run in runs)


def _dead(audits: pd.DataFrame) -> list[Block]:
    own = audits[audits["zero_output"].fillna("") != ""]
    if own.empty:
        return [Text("Every industry of every table has output.")]
    pairs = own.assign(label=own["zero_output"].str.split()).explode("label")
    rows = [
        [str(label), country(str(code)), _years(part["year"]), str(len(part))]
        for (code, label), part in pairs.groupby(["country", "label"], sort=False, observed=True)
    ]
    return [
        Table("Industries without output",
              f"{len(pairs)} cases in {len(own)} of {len(audits)} tables. Their coefficients are "
              "undefined and left out, never zero.",
              ["Industry", "Table", "Years", "Tables"], rows[:MOST_ROWS], [False] * 3 + [True],
              pairs[["country", "year", "label"]].reset_index(drop=True), folded=len(rows) > 12)
    ]  # fmt: skip


def _undefined(undefined: pd.DataFrame) -> list[Block]:
    if undefined.empty:
        return [Text("Every result is defined.")]
    rows = [
        [str(name), str(reason), str(len(own)), _few(own["label"].unique())]
        for (name, reason), own in undefined.groupby(
            ["measure", "reason"], sort=False, observed=True
        )
    ]
    return [
        Table("Undefined results", f"{len(undefined)} results have no value; charts leave them out "
              "and tables say undefined.",
              ["Measure", "Reason", "Results", "Labels"], rows, [False, False, True, False],
              _counted(undefined))
    ]  # fmt: skip


def _counted(undefined: pd.DataFrame) -> pd.DataFrame:
    keys = ["measure", "label", "reason"]
    return undefined.groupby(keys, sort=False, observed=True).size().rename("results").reset_index()


def _few(labels: Sequence[object]) -> str:
    shown = ", ".join(str(label) for label in labels[:5])
    return f"{shown} and {len(labels) - 5} more" if len(labels) > 5 else shown


def _notes(view: View, findings: pd.DataFrame) -> list[Block]:
    """What the source says about its tables, each text once."""
    notes = findings[(findings["level"] == "note") & ~findings["check"].isin(["zero-output"])]
    counted = notes.groupby(["check", "text"], sort=False, observed=True).size()
    texts = {(str(check), str(text)): int(n) for (check, text), n in counted.items()}
    provenance = view.results.store.provenance()
    for text in provenance.get("notes", ()):
        texts.setdefault(("source", str(text)), view.tables)
    if not texts:
        return []
    ranked = sorted(texts.items(), key=lambda item: -item[1])
    rows = [[check, text, str(n)] for (check, text), n in ranked[:12]]
    data = pd.DataFrame([(c, t, n) for (c, t), n in ranked], columns=["check", "text", "tables"])
    more = f" The 12 most frequent of {len(ranked)}; the data hold all." if len(ranked) > 12 else ""
    return [Table("Notes on the tables", f"Each text once.{more}", ["Note", "Text", "Tables"], rows,
                  [False, False, True], data)]  # fmt: skip
