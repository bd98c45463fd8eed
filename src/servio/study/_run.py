"""Run a study: take the steps that are not taken yet, commit each, gather what they found."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from servio import progress as progress_bar
from servio.errors import StoreError, UsageError
from servio.study import _explain, _gather, _interact, _make_or_buy, _store
from servio.study._dask import LOCAL, Dask
from servio.study._engine import Executor, Job, outcomes, serial, unwritable
from servio.study._file import StudyFile
from servio.study._live import remember_place
from servio.study._lock import only_writer
from servio.study._place import Place
from servio.study._plan import Input, Plan, Step, outlook, plan, versions
from servio.study._pool import Processes
from servio.study._store import StudyStore, open_store
from servio.study._work import Outcome
from servio.table import Store, file_sha256, write_atomic

if TYPE_CHECKING:
    import pandas

__all__ = ["run"]

MANIFEST = "manifest.sqlite"
NOTHING = "nothing to do: the study is finished and its inputs are unchanged"
STEP = "step"
PARTS = ("results", "undefined")
FINISHED = ("study", "finished")


def run(
    study: StudyFile,
    out: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool | None = None,
) -> StudyStore:
    """Measure everything a study file asks for and keep it in a folder.

    A run that was stopped, even by a power cut, goes on where it was and ends with the same files;
    a finished one is not run again unless the study file, an input or servio changed.

    Parameters
    ----------
    study : StudyFile
        From `load` or `demo`.
    out : path
        Folder for the store; made if it is not there.
    workers : int, optional
        Processes; by default one a core. With one, everything happens in this process, as it does
        for measures that are not servio's own.
    scheduler : str, optional
        Take the steps on Dask: the address of a running scheduler, which must be trusted, or
        "local" for a cluster of this machine. The store is the same.
    progress : bool, optional
        Show a bar on stderr; by default where stderr is a terminal.

    Returns
    -------
    StudyStore
        Its `messages` say what a user should know about this run.

    Raises
    ------
    InputError
        A table can't be read exactly; nothing of its step is kept.
    ResourceError
        The folder can't be written, is full, or another run writes to it; or a step ended its
        worker three times: the others are kept.
    UsageError
        `workers` or measures of the caller's own go with a running scheduler.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from servio import study
    >>> file = study.parse('''
    ... study.title = "Services in manufacturing"
    ... tables = [{path = "model:countries=3,industries=30,years=2"}]
    ... measures = [{name = "service_input_share", grouping = "services", by = "manufacturing"}]
    ... ''', "own.toml", pathlib.Path())
    >>> store = study.run(file, tempfile.mkdtemp(), workers=1)
    >>> len(store.results("service_input_share"))
    6
    """
    out = Path(out)
    _explain.need_libraries(study)
    with _stoppable():
        seen = outlook(study)
        planned = None if (out / MANIFEST).exists() else plan(study)
        with only_writer(out), Store(out) as store:
            messages = [f"{name} was missing or changed: written again" for name in _lost(store)]
            remember_place(out, study.folder)
            if not messages and _is_finished(store, study, seen):
                return open_store(out, messages=[NOTHING])
            planned = planned or plan(study)
            executor = _executor(planned, workers, scheduler)
            messages += _carry_on(store, planned, executor, progress)
            messages += _finish(store, study, planned, seen)
            return open_store(out, messages=messages)


def _executor(planned: Plan, workers: int | None, scheduler: str | None) -> Executor:
    """Who takes the steps; a single one is taken here, unless a cluster is asked for."""
    ours = _all_ours(planned)
    if scheduler is not None:
        _check_scheduler(scheduler, workers, ours)
    hands = min(workers or _cores(), len(planned.steps))
    if scheduler is not None:
        return Dask(scheduler, hands)
    return Processes(hands) if hands > 1 and ours else serial


def _check_scheduler(scheduler: str, workers: int | None, ours: bool) -> None:
    if workers is not None and scheduler != LOCAL:
        raise UsageError("--workers", found=f"{workers} and a scheduler's address",
                         expected="one of them: a running cluster has its own workers",
                         remedy="Leave --workers out.")  # fmt: skip
    if not ours:
        raise UsageError("--scheduler", found="a measure registered in this process only",
                         expected="measures that the workers know too",
                         remedy="Leave --scheduler out.")  # fmt: skip


def _carry_on(store: Store, planned: Plan, executor: Executor, progress: bool | None) -> list[str]:
    """Take the steps that are missing; what to tell the user."""
    documents, messages = _done(store, planned)
    missing = [step for step in planned.steps if step.key not in documents]
    if documents:
        messages.append(f"{len(documents)} of {len(planned.steps)} steps were done before")
    with store.staging() as folder:
        (folder / "steps").mkdir()
        jobs = [Job(step, folder / "steps" / str(i)) for i, step in enumerate(missing)]
        found = outcomes(jobs, planned.calls, planned.base_year, executor)
        with (
            progress_bar.bar("measuring", len(jobs), shown=progress) as tick,
            contextlib.closing(found),  # type: ignore[type-var]
        ):
            for step, outcome in found:
                documents[step.key] = _commit(store, step, outcome)
                tick()
    return messages + _say([documents[step.key] for step in planned.steps])


def _all_ours(planned: Plan) -> bool:
    """Whether workers know every measure; those a user registered live in this process only."""
    return all(call.spec.function.__module__.startswith("servio.") for call in planned.calls)


def _commit(store: Store, step: Step, outcome: Outcome) -> dict[str, Any]:
    names = {part: store.put_file(getattr(outcome, part)) for part in PARTS}
    document = outcome.document | names
    store.commit(STEP, step.key, document, list(names.values()))
    return document


def _done(store: Store, planned: Plan) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Documents of the steps whose parts are whole; damaged ones are dropped, to be taken again."""
    documents: dict[str, dict[str, Any]] = {}
    messages = []
    for step in planned.steps:
        document = store.entry(STEP, step.key)
        if document is None:
            continue
        try:
            _check_parts(store, document)
        except StoreError as error:
            damaged = Path(error.place)
            messages.append(f"{step.label} is measured again: its part {damaged.name[:12]} has "
                            f"{error.found}")  # fmt: skip
            store.forget(STEP, step.key)
            (store.objects / damaged.name[:2] / damaged.name).unlink(missing_ok=True)
        else:
            documents[step.key] = document
    return documents, messages


def _finish(store: Store, study: StudyFile, planned: Plan, seen: str) -> list[str]:
    """Write the files readers open; ``provenance.json`` comes last and has their hashes.

    Returns what to tell the user: which models could not be computed.
    """
    out = store.folder
    entries = store.entries(STEP)
    documents = [entries[step.key] for step in planned.steps]
    with _disk(out), store.staging() as folder:
        _gather.gather(store, documents, folder)
        explained = _explained(study, planned, documents, folder)
        _gather.gather_problems(documents, explained.problems, folder)
        made = (*_gather.FILES, *explained.files)
        files = {name: _move(folder / name, out / name) for name in made}
    for name in {*_explain.FILES, *_interact.FILES, *_make_or_buy.FILES} - set(files):
        (out / name).unlink(missing_ok=True)
    write_atomic(out / _store.STUDY, study.text.encode())
    files[_store.STUDY] = file_sha256(out / _store.STUDY)
    record = _provenance(study, planned, documents, files)
    text = json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True)
    write_atomic(out / _store.PROVENANCE, f"{text}\n".encode())
    _forget_others(store, planned)
    store.commit(*FINISHED, {"outlook": seen}, [])
    return [f"{one['measure']} is {one['text']}" for one in explained.problems]


def _explained(
    study: StudyFile, planned: Plan, documents: list[dict[str, Any]], folder: Path
) -> _explain.Explained:
    """Panel, estimates and models, from the results that lie in the folder."""
    names = _names(planned)

    def results(measure: str, **filters: Any) -> pandas.DataFrame:
        return _store.read_results(folder, names, measure, filters)

    synthetic = any(document["synthetic"] for document in documents)
    made = _explain.explain(study, results, _store.read(folder, "undefined"), folder, synthetic)
    files, problems = _interact.interact(study.modes, study.symbiosis, results, folder)
    place = Place(study.text, study.place)
    more, doubts = _make_or_buy.make_or_buy(
        study.make_or_buy, study.calls, study.focus, place, results, folder
    )
    return _explain.Explained((*made.files, *files, *more), (*made.problems, *problems, *doubts))


def _names(planned: Plan) -> list[str]:
    return list(dict.fromkeys(call.name for call in planned.calls))


def _move(path: Path, target: Path) -> str:
    sha = file_sha256(path)
    with open(path, "rb+") as handle:
        os.fsync(handle.fileno())
    os.replace(path, target)
    return sha


def _forget_others(store: Store, planned: Plan) -> None:
    """Drop what earlier forms of the study left in the store."""
    wanted = {step.key for step in planned.steps}
    named: set[str] = set()
    for key, document in store.entries(STEP).items():
        if key in wanted:
            named |= {document[part] for part in PARTS}
        else:
            store.forget(STEP, key)
    for path in store.objects.glob("??/*"):
        if path.name not in named:
            path.unlink(missing_ok=True)


def _lost(store: Store) -> list[str]:
    """Files of the study as it was finished last that are no longer what they were."""
    if store.entry(*FINISHED) is None or not (store.folder / _store.PROVENANCE).is_file():
        return []
    return list(_store.damaged_files(store.folder))


def _is_finished(store: Store, study: StudyFile, seen: str) -> bool:
    entry = store.entry(*FINISHED)
    if entry is None or entry["outlook"] != seen:
        return False
    if not (store.folder / _store.PROVENANCE).is_file():
        return False
    try:
        for document in store.entries(STEP).values():
            _check_parts(store, document)
    except StoreError:
        return False
    return (store.folder / _store.STUDY).read_bytes() == study.text.encode()


def _check_parts(store: Store, document: dict[str, Any]) -> None:
    for part in PARTS:
        store.file(document[part])


def _provenance(
    study: StudyFile, planned: Plan, documents: list[dict[str, Any]], files: dict[str, str]
) -> dict[str, Any]:
    return {
        "title": study.title,
        "description": study.description,
        "focus": list(study.focus),
        "base_year": study.base_year,
        "synthetic": any(document["synthetic"] for document in documents),
        "versions": versions() | _explain.versions(study),
        "plan": planned.key,
        "inputs": [record for step in planned.steps for record in _inputs(step)],
        "names": _names(planned),
        "measures": [
            {
                "name": call.name,
                "options": dict(call.options),
                "only": call.only,
                "source": call.source,
            }
            for call in planned.calls
        ],
        "notes": [note.text for note in planned.notes],
        "ignored": list(planned.ignored),
        "rows": sum(sum(document["rows"]) for document in documents),
        "files": files,
    }


def _inputs(step: Step) -> Iterator[dict[str, Any]]:
    for file in dict.fromkeys(one.entry.file for one in step.inputs):
        of_file = [one for one in step.inputs if one.entry.file == file]
        yield {
            "file": Path(file).name,
            "source": of_file[0].source,
            "sha256": of_file[0].sha256,
            "country": of_file[0].entry.country,
            "years": [one.entry.year for one in of_file if one.entry.year is not None],
        } | _accounts_of(of_file[0])


def _accounts_of(one: Input) -> dict[str, Any]:
    if not one.accounts:
        return {}
    return {"accounts": {"file": Path(one.accounts).name, "sha256": one.accounts_sha256}}


def _say(documents: list[dict[str, Any]]) -> list[str]:
    """Measures that some tables have no answer for, with the first reason."""
    seen: dict[str, list[str]] = {}
    for problem in (p for document in documents for p in document["problems"]):
        seen.setdefault(problem["measure"], []).append(problem["text"])
    return [f"{name}: {len(texts)} times {texts[0]}" for name, texts in seen.items()]


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM stops a run as Ctrl-C does: cleanly, to be resumed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _disk(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(out, error) from error


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
