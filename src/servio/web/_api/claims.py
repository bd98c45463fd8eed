"""The book of claims, put to the test on the study that is shown."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from typing import Any

from servio.explain import ClaimRecord, claims
from servio.explain.book import frame
from servio.web._about import evidence
from servio.web._answers import Answer, OpenStudy, Pending, Query, Reply, RequestFault
from servio.web._api._parts import flat
from servio.web._jobs import APART, Task
from servio.web._lines import ABOVE, of_store
from servio.web._words import both, sentence

__all__ = ["routes"]

PARTS = ("claims", "findings")
VERDICTS = ("supported", "contradicted", "mixed", "not testable")
TASK = Task("claims", holder=APART)


def tested(study: OpenStudy, query: Query) -> Reply:
    """Verdict on each claim, what is lacking, the line to rerun it; findings where asked for."""
    sources = list(dict.fromkeys(claim.source for claim in claims()))
    source = query.text("source", "", sources)
    verdicts = query.texts("verdict", VERDICTS)
    only = query.texts("only", [claim.id for claim in claims()])
    part = query.text("part", "findings" if query.flag("findings") else "", PARTS)
    records = _records(study)
    if isinstance(records, Pending):
        return records
    chosen = [
        r for r in records
        if (not source or r.claim.source == source) and (not verdicts or r.verdict in verdicts)
        and (not only or r.claim.id in only)
    ]  # fmt: skip
    counts = Counter(str(record.verdict) for record in records)
    data = {
        "about": _about(study),
        "sources": sources,
        "source_words": {source: both("document", source, source) for source in sources},
        "verdicts": {name: counts[name] for name in VERDICTS},
        "synthetic": study.store.synthetic,
        "claims": [_shown(study, record) for record in chosen],
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
    records = _records(study)
    if isinstance(records, Pending):
        return records
    record = next(record for record in records if record.claim.id == id)
    rows = frame([record]).drop(columns=["text", "claim_verdict", "undecided", "synthetic"])
    data = {"about": _about(study, id), "claim": _shown(study, record)}
    return Answer(data, rows if record.findings else rows.iloc[:0])


def _records(study: OpenStudy) -> Sequence[ClaimRecord] | Pending:
    """All claims, by the queue where there is one; kept for good."""
    if study.jobs is None or study.jobs.tables is None:
        return study.once("claims", study.store.claims)
    job = study.jobs.submit(TASK)
    if not job.future.done():
        return Pending(job)
    return study.once("claims", lambda: _of_job(job.answer))


def _of_job(answers: Sequence[Any]) -> Sequence[ClaimRecord]:
    records: Sequence[ClaimRecord] = answers[0]
    return records


def _shown(study: OpenStudy, record: ClaimRecord) -> dict[str, Any]:
    """A record whose command names the study's folder, not where it lies on the server."""
    shown = record.record()
    del shown["study"], shown["findings"]
    main = Counter(finding.verdict for finding in record.findings if finding.main)
    return shown | {
        "findings": len(record.findings),
        "main": {word: main[word] for word in ("supported", "contradicted", "open")},
        "alone": record.alone,
        "rerun": _line(study, ["--only", record.claim.id]),
        "example": record.claim.rerun,
        "ko": {
            "source": both("document", record.claim.source, record.claim.source)["ko"],
            "claim": both("claim", record.claim.id, record.claim.claim)["ko"],
            "hypothesis": both("hypothesis", record.claim.id, record.claim.hypothesis)["ko"],
            "text": sentence("lacking", record.text),
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


def _line(study: OpenStudy, words: Sequence[str]) -> str:
    return f"{ABOVE}\n{shlex.join(['servio', 'claims', study.store.folder.name, *words])}"


def _about(study: OpenStudy, id: str = "") -> dict[str, Any]:
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
        "cli": _line(study, ["--only", id] if id else []),
        "python": of_store(
            study, f"for record in store.claims({[id] if id else ''}):",
            "    print(record.claim.id, record.verdict, record.text)",
        ),
        "synthetic": study.store.synthetic,
    }  # fmt: skip


routes = [("/api/claims", tested), ("/api/claims/{id}", one_tested)]
