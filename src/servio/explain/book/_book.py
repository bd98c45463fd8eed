"""The book of claims: each claim a data file, each check a small function on tidy results."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import msgspec

from servio.errors import UsageError
from servio.explain._estimate import Estimate
from servio.explain._panel import Panel
from servio.progress import track

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Claim",
    "ClaimRecord",
    "Evidence",
    "Finding",
    "Missing",
    "Verdict",
    "Word",
    "check",
    "claims",
    "evaluate",
    "frame",
    "verdict_of",
]

Verdict = Literal["supported", "contradicted", "mixed", "not testable"]
VERDICTS: tuple[str, ...] = get_args(Verdict)
"""Of a claim."""
Word = Literal["supported", "contradicted", "open", "not testable"]
"""Of one finding: open where its interval holds zero."""
DATA = "servio.explain.book"


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One claim of a source document, as data.

    Parameters
    ----------
    id : str
        Such as ``K18-1``.
    source : str
        The document.
    claim : str
        What it says, in one line.
    hypothesis : str
        The statement that is tested, with the sign or size that would support it.
    definition : str
        Measures and options used.
    data : str
        Which data the check is made for.
    needed : str
        What would be needed to test what these data can't show.
    rerun : str
        Command that gives the answer again.
    """

    id: str
    source: str
    claim: str
    hypothesis: str
    definition: str
    data: str
    needed: str
    rerun: str


@dataclass(frozen=True)
class Finding:
    """One number that speaks for or against a claim.

    Parameters
    ----------
    scope : str
        Country code, ``all`` or another part of the data.
    years : str
    definition : str
        Which definition the number follows.
    statistic : str
        What the number is.
    estimate : float
    lower, upper : float or None
        Ends of its interval, None where it has none.
    unit : str
    verdict : Word
        Open where the interval holds zero.
    interval : str
        What the interval is: 95 % confidence, range over definitions, ...
    main : bool
        Whether it decides the claim; the others are detail.
    source : str
        Source of the data.
    """

    scope: str
    years: str
    definition: str
    statistic: str
    estimate: float
    lower: float | None
    upper: float | None
    unit: str
    verdict: Word
    interval: str = ""
    main: bool = False
    source: str = ""


@dataclass(frozen=True)
class ClaimRecord:
    """A claim with its verdict and the evidence for it.

    Parameters
    ----------
    claim : Claim
    verdict : Verdict
        Of the main findings: theirs where they agree, else mixed; see `undecided`.
    text : str
        The evidence in one or two sentences.
    findings : tuple of Finding
    missing : str
        What the study lacks, where the claim could not be tested on it.
    synthetic : bool
        Whether the data were generated.
    rerun : str
        Command that gives this record again: of its own store where it comes from one.
    study : str
        Study file of the store.
    """

    claim: Claim
    verdict: Verdict
    text: str
    findings: tuple[Finding, ...] = ()
    missing: str = ""
    synthetic: bool = False
    rerun: str = ""
    study: str = ""

    @property
    def alone(self) -> bool:
        """Whether the verdict is about the document's own figures and needs no study."""
        return self.claim.id in _ALONE

    @property
    def undecided(self) -> bool:
        """Whether no main finding speaks for or against: mixed, with nothing decided."""
        main = {finding.verdict for finding in self.findings if finding.main}
        return self.verdict == "mixed" and main.isdisjoint({"supported", "contradicted"})

    def record(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            **msgspec.to_builtins(self.claim),
            "verdict": self.verdict,
            "undecided": self.undecided,
            "rerun": self.rerun or self.claim.rerun,
            "study": self.study,
            "text": self.text,
            "missing": self.missing,
            "synthetic": self.synthetic,
            "findings": [asdict(finding) for finding in self.findings],
        }


class Evidence(Protocol):
    """What a check may look at; a finished study is one."""

    @property
    def synthetic(self) -> bool:
        """Whether a table was generated."""

    def results(self, measure: str | None = None, **filters: Any) -> pd.DataFrame:
        """Rows of a measure that match the filters."""

    def estimates(self) -> Mapping[str, Estimate]:
        """Estimates by name."""

    def panel(self) -> Panel:
        """The panel they rest on."""

    def modes(self) -> pd.DataFrame | None:
        """Modes of industries and services; None where the study has none."""

    def symbiosis(self) -> pd.DataFrame | None:
        """One row a country; None where the study has none."""


class Missing(Exception):
    """What a check needs is not in the study; the text says what to add."""


Answer = tuple[str, Sequence[Finding]]
Check = Callable[[Evidence], Answer]
_CHECKS: dict[str, Check] = {}
_ALONE: set[str] = set()


def check(claim: str, *, alone: bool = False) -> Callable[[Check], Check]:
    """Register the check of a claim; `alone` ones need no study."""

    def register(function: Check) -> Check:
        _CHECKS[claim] = function
        if alone:
            _ALONE.add(claim)
        return function

    return register


@cache
def claims() -> tuple[Claim, ...]:
    """All claims, in the order of the mission.

    Which statements of the source documents can servio put to the test?

    Returns
    -------
    tuple of Claim

    Examples
    --------
    >>> from servio import explain
    >>> "TR-2" in [claim.id for claim in explain.claims()]
    True
    """
    files = (f for f in (resources.files(DATA) / "data").iterdir() if f.name.endswith(".toml"))
    found = [msgspec.convert(tomllib.loads(f.read_text(encoding="utf-8")), Claim) for f in files]
    return tuple(sorted(found, key=lambda claim: _place(claim.id)))


def evaluate(
    evidence: Evidence | None = None, *, only: Sequence[str] = ()
) -> tuple[ClaimRecord, ...]:
    """Put the claims to the test on a study's results.

    Is what the documents say so in these data? A claim whose main findings agree has their
    verdict; one whose main findings differ is mixed; one for which the study has no data is not
    testable, and the record says what to add.

    Parameters
    ----------
    evidence : Evidence, optional
        Such as a `servio.study.StudyStore`. Without it only claims about arithmetic are tested.
    only : sequence of str
        Ids; all by default.

    Returns
    -------
    tuple of ClaimRecord

    Raises
    ------
    UsageError
        No such claim.

    Examples
    --------
    >>> from servio import explain
    >>> record, = explain.evaluate(only=["TR-2"])
    >>> record.findings[0].unit
    'share a year'
    """
    chosen = claims() if not only else [_find(name) for name in only]
    shown = track(chosen, "claims")
    return tuple(_again(_answered(claim, evidence), evidence) for claim in shown)


def frame(records: Iterable[ClaimRecord]) -> pd.DataFrame:
    """One row a finding, with the claim's id, its verdict and its text; one where there is none."""
    import pandas as pd

    rows = []
    for record in records:
        head = {"id": record.claim.id, "claim_verdict": record.verdict, "text": record.text,
                "undecided": record.undecided, "synthetic": record.synthetic}  # fmt: skip
        rows += [head | asdict(finding) for finding in record.findings] or [head]
    names = ["id", "claim_verdict", "undecided", *Finding.__dataclass_fields__, "synthetic", "text"]
    return pd.DataFrame(rows).reindex(columns=names)


def verdict_of(
    lower: float, upper: float, expected: Literal["positive", "negative"] = "positive"
) -> Word:
    """What an interval says against zero: open where it has zero inside."""
    if expected == "negative":
        lower, upper = -upper, -lower
    return "supported" if lower > 0 else "contradicted" if upper < 0 else "open"


def _again(record: ClaimRecord, evidence: Evidence | None) -> ClaimRecord:
    """The record with the command that gives it again."""
    name = record.claim.id
    folder = getattr(evidence, "folder", None)
    if folder is None:
        rerun = f"servio claims --only {name}" if record.alone else record.claim.rerun
        return replace(record, rerun=rerun)
    rerun = f"servio claims {shlex.quote(str(folder))} --only {name}"
    if computes(evidence):
        rerun += " --compute"
    return replace(record, rerun=rerun, study=str(Path(folder) / "study.toml"))


def _answered(claim: Claim, evidence: Evidence | None) -> ClaimRecord:
    synthetic = evidence is not None and evidence.synthetic
    known = _CHECKS.get(claim.id)
    if known is None:
        return ClaimRecord(claim, "not testable", f"Needs {claim.needed}", synthetic=synthetic)
    if evidence is None and claim.id not in _ALONE:
        missing = "a study with the measures of this claim"
        return ClaimRecord(claim, "not testable", "No study was given.", missing=missing)
    try:
        text, findings = known(evidence)  # type: ignore[arg-type]
    except Missing as gap:
        return ClaimRecord(claim, "not testable", f"The study has no {gap}.", missing=str(gap),
                           synthetic=synthetic)  # fmt: skip
    return ClaimRecord(claim, _overall(findings), text, tuple(findings), synthetic=synthetic)


def _overall(findings: Sequence[Finding]) -> Verdict:
    main = {f.verdict for f in findings if f.main and f.verdict != "not testable"}
    if not main:
        return "not testable"
    if main == {"supported"}:
        return "supported"
    return "contradicted" if main == {"contradicted"} else "mixed"


def _find(name: str) -> Claim:
    for claim in claims():
        if claim.id == name:
            return claim
    known = [claim.id for claim in claims()]
    near = get_close_matches(name, known, n=3) or known
    raise UsageError("claims", found=repr(name), expected=f"one of {', '.join(near)}",
                     remedy="`servio list claims` shows all.")  # fmt: skip


_ORDER = ("K18", "K13", "INT", "TR", "LOG")


def _place(name: str) -> tuple[int, int, str]:
    family, _, rest = name.partition("-")
    digits = "".join(c for c in rest if c.isdigit())
    return _ORDER.index(family), int(digits), rest


def rows(evidence: Evidence, measure: str, **filters: Any) -> pd.DataFrame:
    """Rows of a measure that are defined; raises `Missing` with the study lines to add."""
    wanted = "".join(f" {key} = {json.dumps(value)}" for key, value in filters.items())
    try:
        found = evidence.results(measure, **filters)
    except UsageError:
        raise Missing(f"measure {measure} with{wanted or ' its defaults'}") from None
    found = found[found["value"].notna()]
    if found.empty:
        raise Missing(f"values of {measure} with{wanted or ' its defaults'}")
    return found


def computes(evidence: Evidence | None) -> bool:
    """Whether it computes what it does not hold, so that a check must name all it wants."""
    return bool(getattr(evidence, "computes", False))


def by_source(found: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Rows of each source; numbers of different sources are never mixed."""
    for name, part in found.groupby("source", sort=True):
        yield str(name), part


def years_of(found: pd.DataFrame) -> str:
    """First and last year of rows."""
    first, last = int(found["year"].min()), int(found["year"].max())
    return str(first) if first == last else f"{first}-{last}"
