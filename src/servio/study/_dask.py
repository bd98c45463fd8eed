"""Steps on a Dask cluster: specs and file paths go out, finished Parquet parts come back as bytes.

One step at a time is given to each worker, by name, so that a worker's death is laid at the door
of its own step and of no other. Dask speaks pickle: whoever controls the scheduler controls this
process and every worker.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import re
import tempfile
import time
import traceback
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from servio.errors import InputError, ResourceError, ServioError, UsageError
from servio.study._engine import TRIES, Answer, Job, Lost, answer, unwritable
from servio.study._grid import Call
from servio.study._plan import Input, Step, versions
from servio.study._pool import no_interrupt, no_main_module
from servio.study._work import Outcome

__all__ = ["LOCAL", "Dask"]

LOCAL = "local"
LIMIT = 512 << 20
"""Most bytes of results a step may hand back: they pass through the scheduler's memory."""
POLL = 0.25
PATIENCE = 60.0
CONNECT = 10
RUNNING = "running"
ADDRESS = re.compile(r"(tcp|tls)://([\w.-]+|\[[\da-fA-F:.]+\]):\d+")


@dataclass(frozen=True)
class Dask:
    """Take the jobs on a Dask cluster: an `Executor`.

    Parameters
    ----------
    scheduler : str
        Address of a running scheduler, or "local" for a cluster of this machine that lives as long
        as the run, behind TLS with keys of its own.
    workers : int
        Processes of the local cluster; a running one has its own.
    """

    scheduler: str
    workers: int

    def __call__(
        self, jobs: Sequence[Job], calls: Sequence[Call], base_year: int | None
    ) -> Generator[tuple[Job, Answer], None, None]:
        """Answers as they come."""
        if jobs:
            with self._client() as client, contextlib.closing(_Crew(client)) as crew:
                yield from crew.answers(jobs, tuple(calls), base_year)

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        if self.scheduler == LOCAL:
            with _started(self.workers) as client:
                yield client
        else:
            with _connected(self.scheduler) as client:
                yield client


@contextlib.contextmanager
def _started(workers: int) -> Iterator[Any]:
    """A cluster of this machine behind TLS, seen from nowhere else and without web pages."""
    import dask
    import distributed

    no_pages: dict[str, list[str]] = {
        f"distributed.{who}.http.routes": [] for who in ("scheduler", "worker")
    }
    with no_main_module(), dask.config.set(no_pages):
        with no_interrupt():
            cluster = distributed.LocalCluster(
                n_workers=0, threads_per_worker=1, memory_limit=0, security=True,
                host="127.0.0.1", dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False}, silence_logs=logging.CRITICAL,
            )  # fmt: skip
        with cluster, distributed.Client(cluster, set_as_default=False) as client:
            cluster.scale(workers)
            yield client


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    import distributed

    if not ADDRESS.fullmatch(address):
        raise _bad_address(address, "no such address")
    try:
        security = distributed.Security()
        keys = security.get_connection_args("client").get("ssl_context")
        encrypted = address.startswith("tls:")
        if encrypted and keys is None:
            raise _bad_address(address, "no keys for TLS in Dask's configuration")
        if security.require_encryption and not encrypted:
            raise _bad_address(address, "an open connection, which Dask's configuration forbids")
        client = distributed.Client(
            address, security=security, timeout=CONNECT, set_as_default=False
        )
    except OSError as error:
        raise ResourceError(
            f"--scheduler {address}", found=f"no scheduler that answers ({error})",
            expected="a running Dask scheduler", remedy="Start it, or mend the address.",
        ) from None  # fmt: skip
    with client:
        yield client


def _bad_address(address: str, found: str) -> UsageError:
    return UsageError(
        f"--scheduler {address}", found=found,
        expected="local, tcp://HOST:PORT, or tls://HOST:PORT and keys (docs/scaling.md)",
        remedy="Give the address the scheduler printed when it started.",
    )  # fmt: skip


class _Crew:
    """The workers of a cluster and the job each of them has."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._busy: dict[concurrent.futures.Future[Any], tuple[str, Job]] = {}
        self._there: dict[str, str] = {}
        self._asked = self._worked = time.monotonic()

    def answers(
        self, jobs: Sequence[Job], calls: tuple[Call, ...], base_year: int | None
    ) -> Iterator[tuple[Job, Answer]]:
        """Answers as they come; a job whose worker is gone goes to another, after the rest."""
        ours = versions()
        waiting = deque(jobs)
        tries: Counter[str] = Counter()
        while waiting or self._busy:
            free = self._free()
            while waiting and free:
                job = waiting.popleft()
                self._give(free.pop(), job, _take, _absolute(job.step), calls, base_year, ours)
            for job, found in [*self._gone(), *self._done()]:
                if not isinstance(found, Lost):
                    yield job, found
                    continue
                tries[job.step.key] += 1
                if tries[job.step.key] < TRIES:
                    waiting.append(job)
                else:
                    yield job, found

    def close(self) -> None:
        """Take back what is not done."""
        for future in self._busy:
            future.cancel()

    def _free(self) -> list[str]:
        """Workers without a job, asked for anew now and then."""
        now = time.monotonic()
        if now - self._asked > POLL or not self._there:
            self._asked = now
            self._there = _workers(self._client)
        running = {a for a, status in self._there.items() if status == RUNNING}
        free = running.difference(address for address, _ in self._busy.values())
        if free or self._busy:
            self._worked = now
        elif now - self._worked > PATIENCE:
            raise ResourceError(
                f"Dask scheduler {self._client.scheduler.address}",
                found=f"no worker that runs for {PATIENCE:g} s", expected="at least one",
                remedy="Start workers and run again; finished steps are kept.",
            )  # fmt: skip
        else:
            time.sleep(POLL)
        return sorted(free, reverse=True)

    def _give(self, address: str, job: Job, *task: Any) -> None:
        executor = self._client.get_executor(
            workers=[address], allow_other_workers=False, pure=False
        )
        self._busy[executor.submit(*task)] = address, job

    def _gone(self) -> Iterator[tuple[Job, Answer]]:
        """Jobs of workers that are there no more."""
        for future, (address, job) in list(self._busy.items()):
            if address not in self._there and not future.done():
                del self._busy[future]
                future.cancel()
                yield job, Lost(f"Dask worker {address}")

    def _done(self) -> Iterator[tuple[Job, Answer]]:
        """Jobs that are done, waited for a moment."""
        done, _ = concurrent.futures.wait(
            self._busy, timeout=POLL, return_when=concurrent.futures.FIRST_COMPLETED
        )
        for future in done:
            address, job = self._busy.pop(future)
            yield job, _received(future, address, job)


def _workers(client: Any) -> dict[str, str]:
    """Address to status of the workers there are."""
    try:
        known = client.scheduler_info(n_workers=-1)["workers"]
    except OSError as error:
        raise _cut_off(client.scheduler.address, error) from error
    return {address: info["status"] for address, info in known.items()}


def _received(future: concurrent.futures.Future[Any], address: str, job: Job) -> Answer:
    """What a worker handed back, its files written where the job wants them."""
    from distributed import KilledWorker

    try:
        found: _Parcel | _Refusal | Answer = future.result()
    except KilledWorker:
        return Lost(f"Dask worker {address}")
    except (concurrent.futures.CancelledError, OSError) as error:
        raise _cut_off(address, error) from error
    except (AttributeError, ImportError) as error:
        return _refused(address, _Refusal(str(error)))
    except Exception:
        return f"{job.step.label}\n{traceback.format_exc()}"
    if isinstance(found, ServioError):
        return type(found)(f"{found.place}, on Dask worker {address}", found=found.found,
                           expected=found.expected, remedy=found.remedy)  # fmt: skip
    if isinstance(found, _Refusal):
        return _refused(address, found)
    return found.unpacked(job.folder) if isinstance(found, _Parcel) else found


def _refused(address: str, refusal: _Refusal) -> ServioError:
    return InputError(
        f"Dask worker {address}", found=refusal.difference,
        expected="the versions that this process has",
        remedy="Install the same versions on every worker and run again.",
    )  # fmt: skip


def _cut_off(address: str, error: BaseException) -> ServioError:
    return ResourceError(
        f"Dask at {address}", found=f"a broken connection ({error or type(error).__name__})",
        expected="a cluster that lives as long as the run",
        remedy="Run again; finished steps are kept.",
    )  # fmt: skip


# -- on the worker ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Refusal:
    """Why a worker takes no step: how its versions differ."""

    difference: str


@dataclass(frozen=True)
class _Parcel:
    """An outcome that travels: the content of its files, and its document."""

    results: bytes
    undefined: bytes
    document: dict[str, Any]

    def unpacked(self, folder: Path) -> Outcome | ServioError:
        results, undefined = folder / "results.parquet", folder / "undefined.parquet"
        try:
            folder.mkdir(exist_ok=True)
            results.write_bytes(self.results)
            undefined.write_bytes(self.undefined)
        except OSError as error:
            return unwritable(folder, error)
        return Outcome(results, undefined, self.document)


def _take(
    step: Step, calls: tuple[Call, ...], base_year: int | None, wanted: dict[str, str]
) -> _Parcel | _Refusal | Answer:
    """Take a step on a worker of these versions; its files come back whole."""
    theirs = versions()
    wrong = [f"{name} {theirs.get(name)}, not {v}" for name, v in wanted.items()
             if theirs.get(name) != v]  # fmt: skip
    if wrong:
        return _Refusal(", ".join(wrong))
    with tempfile.TemporaryDirectory(prefix="servio-") as name, threadpool_limits(1):
        found = answer(step, calls, base_year, Path(name))
        return _packed(step, found) if isinstance(found, Outcome) else found


def _packed(step: Step, outcome: Outcome) -> _Parcel | ServioError:
    size = outcome.results.stat().st_size + outcome.undefined.stat().st_size
    if size > LIMIT:
        return ResourceError(
            step.label, found=f"{size / 2**20:.0f} MiB of results in one step",
            expected=f"at most {LIMIT >> 20} MiB, as they pass through the Dask scheduler",
            remedy="Run without --scheduler, or ask for fewer measures in one study.",
        )  # fmt: skip
    parts = outcome.results.read_bytes(), outcome.undefined.read_bytes()
    return _Parcel(*parts, outcome.document)


def _absolute(step: Step) -> Step:
    """The step with paths that mean the same in every folder; the model world has none."""

    def settled(one: Input) -> Input:
        path = Path(one.entry.file)
        there = str(path.absolute()) if path.exists() else one.entry.file
        accounts = one.accounts and str(Path(one.accounts).absolute())
        return replace(one, entry=replace(one.entry, file=there), accounts=accounts)

    base = None if step.base is None else settled(step.base)
    return replace(step, inputs=tuple(map(settled, step.inputs)), base=base)
