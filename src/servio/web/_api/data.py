"""Tables of the study with their audits, and tables a session brings along."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from servio.errors import ServioError, UsageError
from servio.sources import sources, unpacked
from servio.web import _example
from servio.web._about import evidence
from servio.web._answers import Answer, File, OpenStudy, Pending, Query, Reply, RequestFault, Upload
from servio.web._api._parts import answered
from servio.web._faults import told
from servio.web._jobs import Job, Jobs, Task
from servio.web._lines import of_store
from servio.web._manual import lacks_description
from servio.web._security import Limits
from servio.web._tasks import about_the_file

__all__ = ["routes"]

UPLOADS = "uploads"
FAILURES = 4


@dataclass(frozen=True)
class Own:
    """A table of one session: a folder of its own, gone with the session.

    The session waits for the check even when its page is closed, so that the next page finds it.
    """

    id: str
    path: Path
    folder: Path
    name: str
    size: int
    job: Job

    def __post_init__(self) -> None:
        self.job.join(self.id)

    @property
    def described(self) -> dict[str, Any] | None:
        """What the file holds and how good it is; None while it is read, or can't be."""
        return self.job.answer[0] if self.job.future.done() and not self.failed else None

    @property
    def failed(self) -> bool:
        """Whether it could not be read."""
        return self.error is not None

    @property
    def error(self) -> BaseException | None:
        """Why it could not be read."""
        return self.job.future.exception() if self.job.future.done() else None

    def close(self) -> None:
        """Delete the file."""
        self.job.leave(self.id, for_good=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def tables(study: OpenStudy, query: Query) -> Answer:
    """Every table of the study with its audit, and what the audits found; one of both as rows."""
    data = study.once("tables", lambda: _tables(study))
    chosen = {name: query.texts(name) for name in ("source", "country", "year")}
    parts = {name: lambda name=name: _rows(data[name], chosen) for name in ("tables", "findings")}
    return answered(query, data, parts)


def _tables(study: OpenStudy) -> dict[str, Any]:
    return {
        "about": {
            "measure": "audits",
            "title": {"en": "Audits of the tables", "ko": "표 점검"},
            "unit": "",
            "evidence": evidence(study) | {"undefined": 0, "undefined_first": None},
            "python": of_store(study, "print(store.audits().to_csv(index=False))",
                               "print(store.findings().to_csv(index=False))"),
            "synthetic": study.store.synthetic,
        },
        "tables": study.store.audits(),
        "findings": study.store.findings(),
    }  # fmt: skip


def _rows(frame: pd.DataFrame, chosen: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Rows of the chosen sources, countries and years."""
    for name, texts in chosen.items():
        if texts:
            frame = frame[[_text(value) in texts for value in frame[name]]]
    return frame


def _text(value: Any) -> str:
    """A source, a country or a year as the address writes it; no year is the empty text."""
    if isinstance(value, str):
        return value
    return "" if pd.isna(value) else str(int(value))


def uploaded(study: OpenStudy, query: Query) -> Answer:
    """Take a table in: a limited child process reads and audits it; kept for the session."""
    jobs: Jobs | None = study.jobs
    if jobs is None:
        raise UsageError("upload", found="a server that computes nothing",
                         expected="one with the study's tables at hand",
                         remedy="Start it with --tables FOLDER.")  # fmt: skip
    sent = query.upload
    if sent is None:
        raise RequestFault(400, "body", found="nothing", expected="the bytes of one file",
                           remedy="Choose a file.")  # fmt: skip
    id = secrets.token_urlsafe(16)
    folder = study.scratch / id
    folder.mkdir()
    try:
        path = folder / _stored(sent)
        shutil.move(sent.path, path)
        path = _unpacked(path, folder / "content")
        job = jobs.submit(Task("audit_upload", (("upload", str(path)),), 0))
        own = Own(id, path, folder, sent.name, sent.size, job)
        _forget_failures(query, FAILURES - 1)
        query.session.bind(UPLOADS, id, own)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Answer(_shown(id, own), kept=False)


def described(study: OpenStudy, query: Query) -> Reply:
    """What one of the session's tables holds."""
    id = query.path["id"]
    own: Own = query.session.get(UPLOADS, id)
    if not own.job.future.done():
        return Pending(own.job)
    if error := own.job.future.exception():
        raise error
    data = _shown(id, own)
    found = answered(query, data, {"findings": lambda: data["findings"]})
    return replace(found, kept=False)


def listed(study: OpenStudy, query: Query) -> Answer:
    """The session's own tables, and the latest that could not be read with the reason."""
    _forget_failures(query, FAILURES)
    own = query.session.all(UPLOADS)
    return Answer(
        {
            "uploads": [_shown(id, one) for id, one in own.items()],
            "limits": {"bytes": Limits().upload},
        },
        kept=False,
    )


def dropped(study: OpenStudy, query: Query) -> Answer:
    """Forget one of the session's tables."""
    query.session.drop(UPLOADS, query.path["id"])
    return Answer({"table": query.path["id"], "left": True}, kept=False)


def example(study: OpenStudy, query: Query) -> File:
    """A table to begin with: a zip archive that can be sent as it is."""
    form = query.text("as", "csv", tuple(_example.FORMS))
    return File(f"servio-example-{form}.zip", "application/zip", _example.packed(form))


def _forget_failures(query: Query, most: int) -> None:
    """Let all but the latest failed uploads go; those kept have no file any more."""
    failed = [id for id, one in query.session.all(UPLOADS).items() if one.failed]
    for id in failed[: max(0, len(failed) - most)]:
        query.session.drop(UPLOADS, id)
    for id in failed[max(0, len(failed) - most) :]:
        query.session.get(UPLOADS, id).close()


def _stored(sent: Upload) -> str:
    """Name it is read under: a generated one, or one of a source's, which may tell its year."""
    published = (source.files for source in sources())
    told = any(one and re.fullmatch(one, sent.name, re.ASCII) for one in published)
    return sent.name if told else f"upload{sent.ending}"


def _unpacked(path: Path, folder: Path) -> Path:
    try:
        return unpacked(path, folder)
    except ServioError as error:
        raise about_the_file(error, path) from None


def _shown(id: str, own: Own) -> dict[str, Any]:
    data: dict[str, Any] = {"table": id, "name": own.name, "size": own.size}
    if own.error is not None:
        return {**data, "error": told(own.error), "lacking": lacks_description(own.error)}
    found = own.described
    return {**data, "pending": True} if found is None else {**data, **found}


routes = [
    ("/api/tables", tables),
    ("/api/example", example),
    ("/api/uploads", listed),
    ("POST /api/uploads", uploaded),
    ("/api/uploads/{id}", described),
    ("DELETE /api/uploads/{id}", dropped),
]
