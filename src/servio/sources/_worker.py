"""Foreign files are parsed in a child process under limits; only numbers and text come back.

The child answers one JSON line a file and writes each array as a plain ``.npy`` into a folder the
parent gives. It outlives a file and serves the next one; when a file kills it, the parent says so
and starts another. Nothing is pickled.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import logging
import math
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from servio.errors import ResourceError, ServioError

__all__ = ["NoRoomError", "Worker", "extract", "stop_all"]

MEMORY_BYTES = 4 << 30
MEMORY_PER_BYTE = 64
CPU_SECONDS = 120
CPU_SECONDS_PER_MEGABYTE = 10
WALL_FACTOR = 4
WRITTEN_BYTES = 8 << 30

_SUSPECT = "The file may be damaged or hostile: get it again from its publisher."
_log = logging.getLogger("servio")
_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from {} import serve; serve()"
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system")


class NoRoomError(ResourceError):
    """The folder for the results can't be written; another one may do."""


def extract(module: str, path: Path, folder: Path) -> list[tuple[dict[str, Any], Path]]:
    """Parse one file in a child process.

    Parameters
    ----------
    module : str
        Module of `servio.sources` whose ``parse`` (or ``extract``) reads the file.
    path : Path
        The foreign file.
    folder : Path
        Empty folder for the arrays.

    Returns
    -------
    list of (header, path of a .npy file)
        One a bundle.

    Raises
    ------
    ServioError
        What the reader raised, or `ResourceError` if the child died or hit a limit.
    """
    answer = _ask(module, path, folder)
    if "error" in answer:
        raise _error(answer["error"])
    if "room" in answer:
        raise NoRoomError(
            str(folder),
            found=answer["room"],
            expected="a folder with room for the arrays",
            remedy="Free disk space.",
        )
    if "bug" in answer:
        _log.error("reading %s failed:\n%s", path, answer["trace"])
        raise ServioError(
            str(path),
            found=answer["bug"],
            expected=f"a file the reader {module} understands, or a clear refusal",
            remedy="This is a fault of servio: please report it with the file.",
        )
    return [(header, folder / f"{i}.npy") for i, header in enumerate(answer["headers"])]


def _ask(module: str, path: Path, folder: Path) -> dict[str, Any]:
    """One answer; a child that served before may have died meanwhile, a new one has not."""
    with _POOL.worker() as worker:
        used = worker.used
        try:
            return worker.ask(module, path, folder)
        except _DiedError:
            if not used:
                raise
    with _POOL.worker(new=True) as worker:
        return worker.ask(module, path, folder)


def stop_all() -> None:
    """End every child of this process, also one that is at work."""
    _POOL.stop()


class _DiedError(ResourceError):
    """The child ended, and no limit explains it."""


class Worker:
    """One child process that parses files, one at a time."""

    def __init__(self) -> None:
        self.used = False
        home = str(Path(__file__).resolve().parents[2])
        paths = [home, *(p for p in sys.path if p and p != home)]
        command = [sys.executable, "-I", "-c", _BOOT.format(__name__), json.dumps(paths)]
        single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **single, "ARROW_DEFAULT_MEMORY_POOL": "system"},
        )

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """The child can take another file."""
        return self._process.poll() is None

    def ask(self, module: str, path: Path, folder: Path) -> dict[str, Any]:
        """Have one file parsed; a dead child is reported as a `ResourceError`."""
        self.used = True
        limits = _limits(path)
        request = {"module": module, "path": str(path), "folder": str(folder.absolute()),
                   "here": _here(), **limits}  # fmt: skip
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        alarm = threading.Timer(limits["wall"], end)
        alarm.daemon = True
        alarm.start()
        try:
            line = self._exchange(json.dumps(request).encode() + b"\n")
        except BaseException:
            self.stop()
            raise
        finally:
            alarm.cancel()
        if not line.endswith(b"\n"):
            self._process.kill()
            raise _death(path, self._process.wait(), late.is_set(), limits)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _exchange(self, line: bytes) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line)
            self._process.stdin.flush()
        return self._process.stdout.readline()

    def stop(self) -> None:
        """End the child, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()


class _Pool:
    """Children of this process that wait for work; a forked process starts its own."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: list[Worker] = []

    @contextlib.contextmanager
    def worker(self, *, new: bool = False) -> Iterator[Worker]:
        if self._owner != os.getpid():
            self._forget()
        worker = self._take(new)
        try:
            yield worker
        finally:
            with self._lock:
                if worker in self._busy:
                    self._busy.remove(worker)
                if worker.alive:
                    self._idle.append(worker)
                else:
                    worker.stop()

    def _take(self, new: bool) -> Worker:
        with self._lock:
            while self._idle and not new:
                worker = self._idle.pop()
                if worker.alive:
                    break
                worker.stop()
            else:
                worker = Worker()
            self._busy.append(worker)
            return worker

    def stop(self) -> None:
        if self._owner != os.getpid():
            return
        with self._lock:
            for worker in (*self._idle, *self._busy):
                worker.stop()
            self._idle.clear()
            self._busy.clear()


_POOL = _Pool()
atexit.register(stop_all)


def _here() -> str:
    """The folder that relative paths are meant from: the child was born in an earlier one."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _limits(path: Path) -> dict[str, Any]:
    size = path.stat().st_size if path.is_file() else 0
    cpu = CPU_SECONDS + CPU_SECONDS_PER_MEGABYTE * (size >> 20)
    return {
        "memory": min(MEMORY_BYTES + MEMORY_PER_BYTE * size, _memory_of_ours()),
        "cpu": cpu,
        "written": WRITTEN_BYTES,
        "wall": WALL_FACTOR * cpu,
    }


def _memory_of_ours() -> float:
    """The limit of this process in bytes, which its children are born with."""
    try:
        import resource
    except ImportError:
        return math.inf
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if soft == resource.RLIM_INFINITY else soft


def _death(path: Path, code: int, late: bool, limits: dict[str, int]) -> ResourceError:
    if code == -signal.SIGABRT and not late:
        return _out_of_memory(str(path), limits["memory"])
    kind = ResourceError
    if late:
        found, expected = "no answer from its reader", f"an answer within {limits['wall']} s"
    elif code == -getattr(signal, "SIGXCPU", 0):
        found = "a reader out of processor time"
        expected = f"a file read within {limits['cpu']} s"
    else:
        kind = _DiedError
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        found, expected = f"its reader process ended {how}", "a process that lives to answer"
    return kind(str(path), found=found, expected=expected, remedy=_SUSPECT)


def _out_of_memory(path: str, limit: int) -> ResourceError:
    return ResourceError(
        path,
        found="a reader out of memory",
        expected=f"a file read within {limit / (1 << 30):.1f} GiB",
        remedy=_SUSPECT if limit >= MEMORY_BYTES else "Raise the limit of memory (ulimit -v).",
    )


def _error(answer: dict[str, str]) -> ServioError:
    kinds = {kind.__name__: kind for kind in _kinds(ServioError)}
    return kinds[answer.pop("type")](answer.pop("place"), **answer)


def _kinds(kind: type[ServioError]) -> Iterator[type[ServioError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _kinds(one)


# -- in the child ----------------------------------------------------------------------------------


def serve() -> None:
    """Answer requests from stdin until it closes; runs in the child only."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ceiling = _ceiling()
    sys.addaudithook(_refuse)
    for line in sys.stdin.buffer:
        _reply(answers, _answer(json.loads(line), ceiling))


def _reply(answers: IO[bytes], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


def _answer(request: dict[str, Any], ceiling: dict[str, int]) -> dict[str, Any]:
    try:
        if request["here"]:
            os.chdir(request["here"])
        _restrict(request, ceiling)
        parts = _parse(request["module"], Path(request["path"]))
        return _write(parts, Path(request["folder"]))
    except ServioError as error:
        return {"error": _error_parts(error)}
    except MemoryError:
        return {"error": _error_parts(_out_of_memory(request["path"], request["memory"]))}
    except BaseException as error:  # a panic in a native parser is not an Exception
        return _bug(error)


def _write(
    parts: list[tuple[dict[str, Any], npt.NDArray[np.float64]]], folder: Path
) -> dict[str, Any]:
    try:
        for i, (_, flat) in enumerate(parts):
            np.save(folder / f"{i}.npy", flat, allow_pickle=False)
    except OSError as error:
        return {"room": str(error)}
    return {"headers": [header for header, _ in parts]}


def _parse(name: str, path: Path) -> list[tuple[dict[str, Any], npt.NDArray[np.float64]]]:
    module = importlib.import_module(f"servio.sources.{name}")
    if hasattr(module, "extract"):
        parts: list[tuple[dict[str, Any], npt.NDArray[np.float64]]] = module.extract(path)
        return parts
    packed = []
    for bundle in module.parse(path):
        for _ in bundle:
            """Building each table checks its labels and numbers."""
        packed.append(bundle.pack())
    return packed


def _error_parts(error: ServioError) -> dict[str, str]:
    names = ("place", "found", "expected", "remedy")
    return {"type": type(error).__name__, **{name: getattr(error, name) for name in names}}


def _bug(error: BaseException) -> dict[str, Any]:
    return {"bug": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"a reader may not use {event}")


def _ceiling() -> dict[str, int]:
    """Limits the child was born with: its own never exceed them."""
    try:
        import resource
    except ImportError:
        return {}
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    names = {"memory": resource.RLIMIT_AS, "cpu": resource.RLIMIT_CPU,
             "written": resource.RLIMIT_FSIZE}  # fmt: skip
    return {name: resource.getrlimit(which)[0] for name, which in names.items()}


def _restrict(request: dict[str, Any], ceiling: dict[str, int]) -> None:
    if not ceiling:
        return
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime)
    wanted = {
        resource.RLIMIT_AS: ("memory", request["memory"]),
        resource.RLIMIT_CPU: ("cpu", spent + request["cpu"]),
        resource.RLIMIT_FSIZE: ("written", request["written"]),
    }
    for which, (name, limit) in wanted.items():
        born = ceiling[name]
        soft = limit if born == resource.RLIM_INFINITY else min(limit, born)
        resource.setrlimit(which, (soft, resource.getrlimit(which)[1]))
