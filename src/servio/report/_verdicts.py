"""The claims of the source documents, and what this study says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from servio.explain import ClaimRecord
from servio.explain.book import frame
from servio.report._blocks import Block, Section, Table
from servio.report._claims import counted, for_and_against, said, shown
from servio.report.words import count_words

if TYPE_CHECKING:
    from servio.study import StudyStore

__all__ = ["verdicts"]

LONG = 24
RERUN = "servio claims STUDY_DIR --only"


def verdicts(store: StudyStore) -> Section:
    """Verdicts of the book of claims with their evidence."""
    records = store.claims()
    tested = [record for record in records if record.verdict != "not testable"]
    others = [record for record in records if record.verdict == "not testable"]
    blocks: list[Block] = []
    if tested:
        blocks.append(_tested(tested, len(records)))
    if any(record.findings for record in tested):
        blocks.append(_evidence(tested))
    if others:
        blocks.append(_untested(others))
    intro = (
        f"What the source documents say, and whether it is so in these data. {counted(records)}. "
        "A claim has the verdict of its main findings where they agree, and is mixed where they "
        "differ or where no interval leaves out zero. Associations in tables are no proof of cause."
    )
    return Section("Claims of the source documents", intro, blocks)


def _tested(records: Sequence[ClaimRecord], count: int) -> Table:
    rows = [
        [r.claim.id, r.claim.claim, said(r), f"{r.text} {for_and_against(r)}".strip(),
         f"{RERUN} {r.claim.id}"]
        for r in records
    ]  # fmt: skip
    return Table(
        f"Claims with a verdict: {len(records)} of {count}",
        "In brackets: main findings for, against and open. STUDY_DIR is the folder of this study.",
        ["Claim", "The document says", "Verdict", "In these data", "Run again"],
        rows, [False] * 5, _frame(records), kind="verdicts",
    )  # fmt: skip


def _evidence(records: Sequence[ClaimRecord]) -> Table:
    """The findings that decide; the data have those beside them too."""
    rows = []
    for record in records:
        for finding in (f for f in record.findings if f.main):
            text = shown(finding)
            ends = ", ".join(filter(None, (text["interval"], finding.interval)))
            rows.append([
                record.claim.id, f"{finding.statistic}, {text['unit']}".strip(", "),
                " ".join(filter(None, (finding.scope, finding.source, finding.years))),
                finding.definition, f"{text['number']} ({ends})" if ends else text["number"],
                finding.verdict,
            ])  # fmt: skip
    return Table(
        "Evidence of the claims", f"Main findings; the data have {_all(records)}.",
        ["Claim", "What", "Where and when", "Definition", "Number", "Speaks"],
        rows, [False] * 6, frame(records).drop(columns=["text"]),
        folded=len(rows) > LONG, kind="verdicts",
    )  # fmt: skip


def _all(records: Sequence[ClaimRecord]) -> str:
    return count_words(sum(len(record.findings) for record in records), "finding")


def _untested(records: Sequence[ClaimRecord]) -> Table:
    rows = [[r.claim.id, r.claim.claim, r.text, r.claim.needed] for r in records]
    return Table(
        f"Claims that this study can not test: {len(records)}",
        "Add to the study file what it lacks, run it, and then the line for the claim: "
        f"{RERUN} {records[0].claim.id}, for the first.",
        ["Claim", "The document says", "Why not here", "What a full test needs"],
        rows, [False] * 4, _frame(records), folded=True, kind="verdicts",
    )  # fmt: skip


def _frame(records: Sequence[ClaimRecord]) -> pd.DataFrame:
    rows = [
        (r.claim.id, r.claim.source, r.claim.claim, r.verdict, r.text, r.missing,
         f"{RERUN} {r.claim.id}")
        for r in records
    ]  # fmt: skip
    columns = ["claim", "document", "says", "verdict", "text", "missing", "rerun"]
    return pd.DataFrame(rows, columns=columns)
