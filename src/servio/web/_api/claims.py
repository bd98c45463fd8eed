"""The book of claims, put to the test on the study that is shown."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from typing import Any

from servio.errors import InputError
from servio.explain import ClaimRecord, claims
from servio.explain.book import Finding, frame
from servio.report.words import number
from servio.web._about import evidence
from servio.web._answers import Answer, OpenStudy, Pending, Query, Reply, RequestFault
from servio.web._api._parts import flat
from servio.web._jobs import APART, Task
from servio.web._lines import ABOVE, of_store
from servio.web._words import both, korean, sentence, unit_words

__all__ = ["routes"]

PARTS = ("claims", "findings")
VERDICTS = ("supported", "contradicted", "mixed", "not testable")
MOST = 3
"""Main numbers in a sentence."""
CAUTION = re.compile(r" \d+ of \d+ intervals rest on few effective clusters and allow for it\.")
ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)위")
RANGE = re.compile(r"(?<=[\d%]) to (?=[+−\d])")
YEARS = re.compile(r"\d{4}(-\d{4})?")
_VERDICTS = {
    "supported": "지지",
    "contradicted": "반박",
    "open": "유보",
    "not testable": "검증 불가",
}
TASK = Task("claims", holder=APART)
COMPUTE = Task("claims", (("compute", True),), holder=APART)


def tested(study: OpenStudy, query: Query) -> Reply:
    """Verdict on each claim, what is lacking, the line to rerun it; findings where asked for."""
    sources = list(dict.fromkeys(claim.source for claim in claims()))
    source = query.text("source", "", sources)
    verdicts = query.texts("verdict", VERDICTS)
    only = query.texts("only", [claim.id for claim in claims()])
    part = query.text("part", "findings" if query.flag("findings") else "", PARTS)
    compute = query.flag("compute")
    records = _records(study, compute)
    if isinstance(records, Pending):
        return records
    chosen = [
        r for r in records
        if (not source or r.claim.source == source) and (not verdicts or r.verdict in verdicts)
        and (not only or r.claim.id in only)
    ]  # fmt: skip
    counts = Counter(str(record.verdict) for record in records)
    data = {
        "about": _about(study, compute=compute),
        "compute": compute,
        "can": not compute and getattr(study.jobs, "tables", None) is not None,
        "sources": sources,
        "source_words": {source: both("document", source, source) for source in sources},
        "verdicts": {name: counts[name] for name in VERDICTS},
        "synthetic": study.store.synthetic,
        "claims": [_shown(study, record, compute) for record in chosen],
    }
    if part == "claims":
        return Answer(data, flat([_row(record) for record in chosen]))
    return Answer(data, frame(chosen) if part else None)


def one_tested(study: OpenStudy, query: Query) -> Reply:
    """One claim with every finding."""
    known = [claim.id for claim in claims()]
    id = query.path["id"]
    if id not in known:
        raise RequestFault(404, "claim", found=repr(id[:40]), expected=" or ".join(known[:8]),
                           remedy="`servio list claims` shows all.")  # fmt: skip
    compute = query.flag("compute")
    records = _records(study, compute)
    if isinstance(records, Pending):
        return records
    record = next(record for record in records if record.claim.id == id)
    rows = frame([record]).drop(columns=["text", "claim_verdict", "undecided", "synthetic"])
    units = {unit: unit_words(unit) for unit in dict.fromkeys(one.unit for one in record.findings)}
    data = {
        "about": _about(study, id, compute),
        "claim": _shown(study, record, compute),
        "units": units,
    }
    return Answer(data, rows if record.findings else rows.iloc[:0])


def _records(study: OpenStudy, compute: bool) -> Sequence[ClaimRecord] | Pending:
    """All claims, by the queue where there is one; kept for good."""
    if study.jobs is None or study.jobs.tables is None:
        if compute:
            raise InputError("tables of the study", found=getattr(study.jobs, "why", "")
                             or "not at hand", expected="the files the study was made with",
                             remedy="Start the server with --tables FOLDER.")  # fmt: skip
        return study.once("claims", study.store.claims)
    name = "claims, computed" if compute else "claims"
    kept: dict[str, Sequence[ClaimRecord]] = study.once("claims kept", dict)
    if name not in kept:
        job = study.jobs.submit(COMPUTE if compute else TASK)
        if not job.future.done():
            return Pending(job)
        kept[name] = _of_job(job.answer)
    return kept[name]


def _of_job(answers: Sequence[Any]) -> Sequence[ClaimRecord]:
    records: Sequence[ClaimRecord] = answers[0]
    return records


def _shown(study: OpenStudy, record: ClaimRecord, compute: bool) -> dict[str, Any]:
    """A record whose command names the study's folder, not where it lies on the server."""
    shown = record.record()
    del shown["study"], shown["findings"]
    main = Counter(finding.verdict for finding in record.findings if finding.main)
    return shown | {
        "findings": len(record.findings),
        "main": {word: main[word] for word in ("supported", "contradicted", "open")},
        "alone": record.alone,
        "rerun": _line(study, _words(record.claim.id, compute)),
        "example": record.claim.rerun,
        "ko": {
            "source": both("document", record.claim.source, record.claim.source)["ko"],
            "claim": both("claim", record.claim.id, record.claim.claim)["ko"],
            "hypothesis": both("hypothesis", record.claim.id, record.claim.hypothesis)["ko"],
            "text": _korean_text(record),
            **{
                name: both(f"claim_{name}", record.claim.id, getattr(record.claim, name))["ko"]
                for name in ("definition", "data", "needed")
            },
        },
    }


def _row(record: ClaimRecord) -> dict[str, Any]:
    """A claim and its verdict, without the findings."""
    one = record.claim
    main = Counter(finding.verdict for finding in record.findings if finding.main)
    return {
        "id": one.id, "source": both("document", one.source, one.source),
        "claim": both("claim", one.id, one.claim), "hypothesis": one.hypothesis,
        "verdict": record.verdict, "undecided": record.undecided,
        "text": {"en": record.text, "ko": sentence("lacking", record.text)},
        "findings": len(record.findings),
        **{f"main_{word}": main[word] for word in ("supported", "contradicted", "open")},
    }  # fmt: skip


def _korean_text(record: ClaimRecord) -> str:
    """What is lacking, or what was found; the main numbers where the sentence has no Korean one."""
    caution = CAUTION.search(record.text)
    text = CAUTION.sub("", record.text)
    for kind in ("lacking", "verdict"):
        if (said := sentence(kind, text)) != text:
            said = ORDINAL.sub("위", RANGE.sub("~", said))
            return f"{said} {sentence('verdict', caution[0].strip())}" if caution else said
    main = [one for one in record.findings if one.main]
    if not main:
        return record.text
    said = "; ".join(map(_korean_finding, main[:MOST]))
    rest = f" 외 {len(main) - MOST}개" if len(main) > MOST else ""
    counts = Counter(str(one.verdict) for one in main)
    verdicts = ", ".join(f"{_VERDICTS[w]} {counts[w]}개" for w in _VERDICTS if counts[w])
    return f"주요 결과 {len(main)}개: {verdicts}. {said}{rest}."


def _korean_finding(one: Finding) -> str:
    where = korean()["scope"].get(one.scope) or korean()["country"].get(one.scope, one.scope)
    interval = "" if one.lower is None or one.upper is None else (
        f" ({_number(one.lower, one.unit)} ~ {_number(one.upper, one.unit)})"
    )  # fmt: skip
    years = one.years if YEARS.fullmatch(one.years) else ""
    words = f"{where} {years}".strip()
    return f"{words} {_number(one.estimate, one.unit)}{interval} {_VERDICTS[one.verdict]}"


def _number(value: float, unit: str) -> str:
    return number(value, unit) if unit == "share" else f"{value:.3g}".replace("-", "−")


def _words(id: str, compute: bool) -> list[str]:
    return [*(["--only", id] if id else []), *(["--compute"] if compute else [])]


def _line(study: OpenStudy, words: Sequence[str]) -> str:
    return f"{ABOVE}\n{shlex.join(['servio', 'claims', study.store.folder.name, *words])}"


def _about(study: OpenStudy, id: str = "", compute: bool = False) -> dict[str, Any]:
    asked = [repr([id])] if id else []
    asked += ["tables=study.live_tables(store)"] if compute else []
    return {
        "measure": "claims",
        "title": {"en": "Book of claims", "ko": "주장 검증"},
        "question": {"en": "Is what the source documents say so in these data?",
                     "ko": "원전의 주장이 이 자료에서도 성립하는가?"},
        "formula": "",
        "unit": "",
        "source": "servio.explain.evaluate",
        "definition": {
            "en": "The verdict is that of the main findings where they agree, mixed where they "
            "do not; a finding is open where its interval holds zero.",
            "ko": "주요 결과가 일치하면 그것이 판정이고, 엇갈리면 ‘혼재’이다. "
            "신뢰구간에 0이 들어 있는 결과는 유보이다.",
        },
        "identity": None,
        "evidence": evidence(study) | {"undefined": 0, "undefined_first": None},
        "notes": [],
        "problems": [],
        "cli": _line(study, _words(id, compute)),
        "python": of_store(
            study, f"for record in store.claims({', '.join(asked)}):",
            "    print(record.claim.id, record.verdict, record.text)",
        ),
        "synthetic": study.store.synthetic,
    }  # fmt: skip


routes = [("/api/claims", tested), ("/api/claims/{id}", one_tested)]
