"""The book of claims as a table to read, CSV, JSON or a page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources

from servio.explain import ClaimRecord, Finding
from servio.explain.book import Verdict, frame
from servio.report.words import count_words

__all__ = ["FORMS", "counted", "for_and_against", "said", "shown"]

VERDICTS: tuple[Verdict, ...] = ("supported", "mixed", "contradicted", "not testable")
POINTS = {"share a year": (100.0, "points a year")}
SYNTHETIC = "SYNTHETIC DATA: these verdicts show the tool, no country."


def _table(records: Sequence[ClaimRecord], title: str) -> str:
    """One line a claim: id, verdict, evidence."""
    ids = max((len(r.claim.id) for r in records), default=0)
    verdicts = max(map(len, (*VERDICTS, *map(said, records))))
    lines = [
        f"{r.claim.id:<{ids}}  {said(r):<{verdicts}}  "
        + _one_line(f"{for_and_against(r)} {r.text}")
        for r in records
    ]
    head = [SYNTHETIC] if _synthetic(records) else []
    return "\n".join([*head, *lines, f"{title}: {counted(records)}", ""])


def _csv(records: Sequence[ClaimRecord], title: str) -> str:
    from servio.report._blocks import csv_bytes

    return csv_bytes(frame(records)).decode()


def _json(records: Sequence[ClaimRecord], title: str) -> str:
    plain = [record.record() for record in records]
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


# -- the page --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Document:
    """The claims of one source document."""

    title: str
    records: tuple[ClaimRecord, ...]


def _html(records: Sequence[ClaimRecord], title: str) -> str:
    import jinja2
    import markupsafe

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("servio.report"), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    style = (resources.files("servio.report") / "templates" / "style.css").read_text("utf-8")
    page: str = environment.get_template("claims.html.j2").render(
        title=title, synthetic=_synthetic(records), documents=_documents(records),
        counted=counted(records), style=markupsafe.Markup(style), shown=shown,
        for_and_against=for_and_against, said=said,
    )  # fmt: skip
    return page


def _documents(records: Sequence[ClaimRecord]) -> list[_Document]:
    titles = dict.fromkeys(record.claim.source for record in records)
    return [_Document(t, tuple(r for r in records if r.claim.source == t)) for t in titles]


def shown(finding: Finding) -> dict[str, str]:
    """Number, ends and unit of a finding; slopes of shares as points a year."""
    scale, unit = POINTS.get(finding.unit, (1.0, finding.unit))
    ends = [end for end in (finding.lower, finding.upper) if end is not None]
    return {
        "number": _number(scale * finding.estimate),
        "interval": " to ".join(_number(scale * end) for end in ends),
        "unit": unit,
    }


def _number(value: float) -> str:
    """Four digits, with a true minus sign before the number."""
    text = f"{value:,.4g}"
    return text.replace("-", "\N{MINUS SIGN}", 1) if text.startswith("-") else text


# -- words -----------------------------------------------------------------------------------------


def _synthetic(records: Sequence[ClaimRecord]) -> bool:
    return any(record.synthetic for record in records)


def counted(records: Sequence[ClaimRecord]) -> str:
    counts = Counter(record.verdict for record in records)
    some = ", ".join(f"{counts[name]} {name}" for name in VERDICTS if counts[name])
    open_ones = sum(record.undecided for record in records)
    some += f" ({open_ones} of the mixed with nothing decided)" if open_ones else ""
    return f"{count_words(len(records), 'claim')}: {some}" if records else "no claim"


def said(record: ClaimRecord) -> str:
    """The verdict; mixed may mean that nothing is decided by these data."""
    return "mixed (nothing decided)" if record.undecided else record.verdict


def for_and_against(record: ClaimRecord) -> str:
    """How many main findings speak which way, where they do not agree."""
    if record.verdict != "mixed":
        return ""
    counts = Counter(f.verdict for f in record.findings if f.main)
    return (f"[{counts['supported']} for, {counts['contradicted']} against, "
            f"{counts['open']} open]")  # fmt: skip


def _one_line(text: str) -> str:
    return " ".join(text.split())


FORMS: dict[str, Callable[[Sequence[ClaimRecord], str], str]] = {
    "table": _table, "csv": _csv, "json": _json, "html": _html,
}  # fmt: skip
"""Writer of each form, given records and a title."""
