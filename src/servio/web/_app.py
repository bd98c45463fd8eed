"""The application: a question goes to a thread, its answer to the asker and to a bounded cache."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import importlib
import json
import os
import pkgutil
import re
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import unquote

import anyio
import anyio.to_thread
import pyarrow as pa
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from servio.errors import ServioError
from servio.web import _api
from servio.web._answers import (
    Answer,
    File,
    OpenStudy,
    Pending,
    Query,
    Reply,
    RequestFault,
    Upload,
    columns,
    decoded,
    encoded,
)
from servio.web._api.export import as_file, limited, named
from servio.web._faults import answered, around, bug, traced
from servio.web._jobs import WRITER, Job, Jobs, Task
from servio.web._large import (
    LARGE,
    PART,
    InParts,
    Queue,
    Written,
    from_bytes,
    from_file,
    hand_over,
)
from servio.web._security import LOG, UPLOADS, Guard, Limits
from servio.web._sessions import COOKIE, JOBS, Session, Sessions, progress
from servio.web._static import Bundle

__all__ = ["build"]

Function = Callable[[OpenStudy, Query], Reply]

JSON = "application/json"
FILES = ("csv", "xlsx", "parquet", "dta")
FORMS = (*FILES, "json")
PACKED_FROM = 1_000
LEVEL = 5
MAX_WAIT = 60.0
GONE = 499
FIRST = "/api/study"
WARMING = 2.0

_GZIP = re.compile(r"(^|,)\s*gzip\s*(;\s*q=(0\.[0-9]*[1-9]|1)[^,]*)?\s*(,|$)")


@dataclass(frozen=True)
class _Body:
    """An answer ready to be sent, as often as asked for."""

    body: bytes
    packed: bytes | None
    media: str
    name: str = ""
    private: bool = False
    kept: bool = True
    written: Written | None = None

    @property
    def weight(self) -> int:
        on_disk = self.written.size if self.written else 0
        return len(self.body) + len(self.packed or b"") + on_disk + 512


@dataclass(frozen=True)
class _Large:
    """An answer of so many rows that it is not made beside the others."""

    reply: Answer
    private: bool

    @property
    def weight(self) -> int:
        frame = self.reply.frame
        return int(frame.nbytes if isinstance(frame, pa.Table) else frame.memory_usage().sum())


class _Kept:
    """Answers by request, the latest used ones, bounded by their bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._weight = 0
        self._bodies: OrderedDict[str, _Body] = OrderedDict()

    def find(self, key: str) -> _Body | None:
        found = self._bodies.get(key)
        if found is not None:
            self._bodies.move_to_end(key)
        return found

    def keep(self, key: str, body: _Body) -> None:
        if body.weight > self._limit // 4:
            return
        old = self._bodies.pop(key, None)
        self._weight += body.weight - (old.weight if old else 0)
        self._bodies[key] = body
        while self._weight > self._limit:
            _, gone = self._bodies.popitem(last=False)
            self._weight -= gone.weight


@dataclass(frozen=True)
class _Asked:
    """A request, taken apart."""

    key: str
    given: dict[str, str]
    path: dict[str, str]
    form: str
    wait: float
    function: Function


class _Server:
    """What all requests share."""

    def __init__(self, study: OpenStudy, bundle: Bundle, limits: Limits) -> None:
        self.study = study
        self.bundle = bundle
        self.limits = limits
        self.sessions = Sessions()
        self.kept = _Kept(limits.cache)
        self.mark = _mark(study, bundle)
        self._threads = anyio.CapacityLimiter(limits.threads)
        self._tables, self._files = Queue(), Queue()
        self._under_way: dict[str, asyncio.Task[_Body | Pending]] = {}
        self._waiting = 0

    # -- one request -------------------------------------------------------------------------------

    def endpoint(self, route: str, function: Function) -> Callable[[Request], Any]:
        """A route's answer to a request; every error becomes an answer too."""
        folder = self.study.store.folder

        async def answer(request: Request) -> Response:
            request.state.route = route
            try:
                return await self._answer(request, function)
            except ServioError as error:
                return answered(error, request.state.request, [folder])
            except ClientDisconnect:
                return Response(status_code=GONE)
            except Exception as error:
                LOG.error("%s %s", request.state.request, traced(error))
                if cause := await anyio.to_thread.run_sync(around, error, folder):
                    return answered(cause, request.state.request)
                return bug(error, request.state.request)

        return answer

    async def _answer(self, request: Request, function: Function) -> Response:
        asked = self._asked(request, function)
        session = self.sessions.find(request.cookies.get(COOKIE)) or Session()
        if request.method in ("GET", "HEAD"):
            return await self._read(request, asked, session)
        return await self._change(request, asked, session)

    def _asked(self, request: Request, function: Function) -> _Asked:
        given = decoded(request.scope["query_string"])
        own = Query({name: given.pop(name) for name in ("wait", "format") if name in given})
        form = own.text("format", "", FORMS)
        wait = own.number("wait", self.limits.patience, 0, MAX_WAIT) or 0.0
        key = _key(request.url.path, form, given)
        return _Asked(key, given, dict(request.path_params), form, wait, function)

    async def _read(self, request: Request, asked: _Asked, session: Session) -> Response:
        etag = self._etag(asked.key)
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={"etag": etag, "cache-control": "no-cache"})
        found = self.kept.find(asked.key)
        if found is not None:
            return self._sent(request, found, etag)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + asked.wait
        last: Job | None = None
        while True:
            body = await self._shared(asked, session)
            if isinstance(body, _Body):
                return self._sent(request, body, etag)
            if body.job is last:
                raise RuntimeError("a job that has ended, and no answer")
            body.job.join(request.state.request)
            waited = body.job.id in session.all(JOBS)
            try:
                if not await _ended(body.job, deadline - loop.time()):
                    if waited and body.job.id not in session.all(JOBS):
                        return _left(body.job)
                    return self._later(request, body.job, session)
            finally:
                body.job.leave(request.state.request)
            last = body.job

    async def _shared(self, asked: _Asked, session: Session) -> _Body | Pending:
        """The answer, made once for all of a session, or without one, who ask at the same time."""
        key = f"{asked.key} {session.id if session.bound else ''}"
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._made(asked, Query(asked.given, asked.path, session)))
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(task)

    async def _made(self, asked: _Asked, query: Query) -> _Body | Pending:
        body = await self._replied(asked, query)
        if isinstance(body, _Body) and body.kept and not body.private:
            self.kept.keep(asked.key, body)
        return body

    async def _change(self, request: Request, asked: _Asked, session: Session) -> Response:
        async with self._upload(request) as upload:
            query = Query(asked.given, asked.path, session, upload)
            body = await self._replied(asked, query)
        if isinstance(body, Pending):
            return self._later(request, body.job, session)
        response = self._sent(request, replace(body, kept=False), "")
        if session.bound:
            self._known(request, response, session)
        return response

    # -- answers -----------------------------------------------------------------------------------

    async def _replied(self, asked: _Asked, query: Query) -> _Body | Pending:
        """The answer; large ones wait for their turn, so that small ones need not."""
        found = await self._in_thread(lambda: self._body(asked, query))
        if not isinstance(found, _Large):
            return found
        queue = self._files if asked.form in FILES else self._tables
        async with queue.turn(found.weight):
            if asked.form in FILES and self.study.jobs is not None:
                body = await self._written(asked, found.reply, self.study.jobs)
            else:
                body = await anyio.to_thread.run_sync(self._encoded, asked, found.reply)
        return replace(body, private=found.private, kept=found.reply.kept)

    async def _in_thread(
        self, work: Callable[[], _Body | _Large | Pending]
    ) -> _Body | _Large | Pending:
        if self._waiting >= self.limits.backlog:
            raise RequestFault(503, "server", found="too many requests at a time",
                               expected=f"at most {self.limits.backlog}",
                               remedy="Try again in a moment.")  # fmt: skip
        self._waiting += 1
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._waiting -= 1

    def _body(self, asked: _Asked, query: Query) -> _Body | _Large | Pending:
        reply = asked.function(self.study, query)
        if isinstance(reply, Pending):
            return reply
        query.done()
        if isinstance(reply, Answer) and reply.frame is not None:
            limited(reply.frame, asked.form or "json")
            if len(reply.frame) > LARGE:
                return _Large(reply, query.private)
        kept = not isinstance(reply, Answer) or reply.kept
        return replace(self._encoded(asked, reply), private=query.private, kept=kept)

    def _encoded(self, asked: _Asked, reply: Answer | File) -> _Body:
        if isinstance(reply, Answer) and asked.form:
            reply = as_file(reply, asked.form, self._name(asked))
        if isinstance(reply, File):
            return _packed(reply.body, reply.media, reply.name)
        data = dict(reply.data)
        if reply.frame is not None:
            data |= columns(reply.frame)
        return _packed(encoded(data), JSON)

    async def _written(self, asked: _Asked, reply: Answer, jobs: Jobs) -> _Body:
        """A file that a child writes: it takes long and holds the interpreter."""
        name, media = named(reply, asked.form, self._name(asked))
        about = json.dumps(dict(reply.data.get("about") or {}), default=str)
        rows = await anyio.to_thread.run_sync(hand_over, reply.frame, self.study.scratch)
        try:
            told = (("about", about), ("form", asked.form), ("rows", str(rows)))
            job = jobs.submit(Task("write", told, WRITER))
            job.join(str(rows))
            await _ended(job, 3 * jobs.limits.seconds)
            return _Body(b"", None, media, _file_name(name), written=Written(Path(job.answer[0])))
        finally:
            rows.unlink(missing_ok=True)

    def _name(self, asked: _Asked) -> str:
        return hashlib.sha256(f"{self.mark} {asked.key}".encode()).hexdigest()[:8]

    def _sent(self, request: Request, found: _Body, etag: str) -> Response:
        headers = {"vary": "accept-encoding"}
        if not found.kept:
            headers["cache-control"] = "no-store"
        elif found.private:
            headers["cache-control"] = "private, no-cache"
        else:
            headers |= {"cache-control": "no-cache", "etag": etag}
        if found.name:
            headers["content-disposition"] = f'attachment; filename="{found.name}"'
        if found.written is not None:
            headers["content-length"] = str(found.written.size)
        if found.written is not None and request.method != "HEAD":
            return InParts(from_file(found.written), headers, found.media)
        return _response(request, found.body, found.packed, found.media, headers)

    def _later(self, request: Request, job: Job, session: Session) -> Response:
        """202: the job goes on, and this session waits for it."""
        waiting = self.sessions.wait(session, job)
        response = _pending(waiting.shown())
        self._known(request, response, session)
        return response

    def _known(self, request: Request, response: Response, session: Session) -> None:
        self.sessions.keep(session)
        if request.cookies.get(COOKIE) != session.id:
            secure = request.url.scheme == "https"
            response.set_cookie(COOKIE, session.id, path="/", httponly=True, secure=secure,
                                samesite="strict")  # fmt: skip

    def _etag(self, key: str) -> str:
        return f'W/"{hashlib.sha256(f"{self.mark} {key}".encode()).hexdigest()[:32]}"'

    # -- uploads -----------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _upload(self, request: Request) -> AsyncIterator[Upload | None]:
        """The body as a temporary file that is gone afterwards; None where there is no body."""
        if request.method != "POST" or request.url.path != UPLOADS:
            yield None
            return
        if request.headers.get("content-type", "").startswith("multipart/"):
            raise RequestFault(415, "body", found="a form", expected="the bytes of one file",
                               remedy="Send the file itself, its name in X-File-Name.")  # fmt: skip
        handle, name = tempfile.mkstemp(prefix="upload-", dir=self.study.scratch)
        path = Path(name)
        try:
            size = 0
            with os.fdopen(handle, "wb") as file:
                async for part in request.stream():
                    size += file.write(part)
            if not size:
                raise RequestFault(400, "body", found="nothing", expected="the bytes of one file",
                                   remedy="Choose a file that is not empty.")  # fmt: skip
            yield Upload(path, _shown_name(request.headers.get("x-file-name", "")), size)
        finally:
            path.unlink(missing_ok=True)

    # -- files of the front end --------------------------------------------------------------------

    async def static(self, request: Request) -> Response:
        """A file of the front end."""
        asset = self.bundle.find(request.url.path)
        if asset is None:
            return answered(_nothing_here(), request.state.request)
        request.state.route = "static"
        headers = {"etag": asset.etag, "cache-control": asset.cache, "vary": "accept-encoding"}
        if asset.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return _response(request, asset.body, asset.packed, asset.media, headers)

    async def _warm(self) -> None:
        """Answer the first question of every page before it is asked, or begin to."""
        function = next((f for _, path, f in _routes() if path == FIRST), None)
        if function is not None:
            asked = _Asked(_key(FIRST, "", {}), {}, {}, "", 0.0, function)
            self._first = asyncio.create_task(self._shared(asked, Session()))
            await asyncio.wait([self._first], timeout=WARMING)
            if self._first.done() and (error := self._first.exception()) is not None:
                LOG.error("%s", traced(error))

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Start and end what runs beside the requests."""
        jobs = self.study.jobs
        await self._warm()
        if jobs is not None:
            await anyio.to_thread.run_sync(jobs.start)
        try:
            yield
        finally:
            self.sessions.close()
            if jobs is not None:
                await anyio.to_thread.run_sync(jobs.close)
            self.study.close()


def build(
    study: OpenStudy, *, hosts: Collection[str] = (), limits: Limits | None = None,
    bundle: Bundle | None = None,
) -> Starlette:  # fmt: skip
    """The application that shows a study."""
    limits = limits or Limits()
    server = _Server(study, bundle or Bundle(), limits)
    routes = [
        Route(path, server.endpoint(path, function), methods=[method])
        for method, path, function in _routes()
    ]
    return Starlette(
        routes=[*routes, Route("/{path:path}", server.static, methods=["GET"])],
        middleware=[Middleware(Guard, hosts=hosts, limits=limits, mark=server.mark[:16])],
        exception_handlers={HTTPException: _refused},
        lifespan=server.lifespan,
    )


def _routes() -> list[tuple[str, str, Function]]:
    """Method, path and function of all modules of `_api`; a path may name its method before it."""
    found = []
    for module in pkgutil.iter_modules(_api.__path__):
        for path, function in getattr(
            importlib.import_module(f"{_api.__name__}.{module.name}"), "routes", []
        ):
            method, _, rest = path.rpartition(" ")
            found.append((method or "GET", rest, function))
    return found


def _key(path: str, form: str, given: dict[str, str]) -> str:
    """The same for the same question."""
    return encoded([path, form, sorted(given.items())]).decode()


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    fault = _nothing_here()
    if status == 405:
        fault = RequestFault(405, "method", found=request.method, expected="another one here",
                             remedy="See the documentation of the interface.")  # fmt: skip
    return answered(fault, request.state.request)


def _nothing_here() -> RequestFault:
    return RequestFault(404, "address", found="nothing there", expected="a page of this server",
                        remedy="Start at the first page, /.")  # fmt: skip


def _mark(study: OpenStudy, bundle: Bundle) -> str:
    """Changes with the study, whether its tables are at hand, servio and the front end."""
    live = "" if study.jobs is None else study.jobs.why or "live"
    told = [encoded(study.provenance), study.version.encode(), bundle.digest.encode()]
    return hashlib.sha256(b"\0".join([*told, live.encode()])).hexdigest()


def _packed(body: bytes, media: str, name: str = "") -> _Body:
    text = media == JSON or media.startswith("text/")
    packed = gzip.compress(body, LEVEL, mtime=0) if text and len(body) > PACKED_FROM else None
    return _Body(body, packed, media, _file_name(name))


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip(".-")[:120]


def _shown_name(sent: str) -> str:
    """A file's name as it may be shown: no folders, no control characters, not too long."""
    name = PureWindowsPath(PurePosixPath(unquote(sent, errors="replace")).name).name
    name = "".join(c if c.isprintable() else " " for c in name).strip()
    return name[-120:] if name.strip(". ") else "upload"


def _response(
    request: Request, body: bytes, packed: bytes | None, media: str, headers: dict[str, str]
) -> Response:
    if packed is not None and _GZIP.search(request.headers.get("accept-encoding", "").lower()):
        body, headers = packed, {**headers, "content-encoding": "gzip"}
    length = {"content-length": str(len(body))}
    shown, headers = b"" if request.method == "HEAD" else body, {**length, **headers}
    if len(shown) > PART:
        return InParts(from_bytes(shown), headers, media)
    return Response(shown, headers=headers, media_type=media)


def _pending(shown: dict[str, Any]) -> Response:
    return Response(encoded(shown), 202, {"cache-control": "no-store", "retry-after": "1"}, JSON)


def _left(job: Job) -> Response:
    """202 to who cancelled the job while this request waited for it: it is not wanted again."""
    return _pending(progress(job))


async def _ended(job: Job, seconds: float) -> bool:
    """Whether a job ends in time; its failure is raised, its end by somebody else is none."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def tell(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the server has gone
            loop.call_soon_threadsafe(ended.set)

    job.future.add_done_callback(tell)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(ended.wait(), max(seconds, 0.0))
    if not job.future.done():
        return False
    if not job.future.cancelled() and (error := job.future.exception()) is not None:
        raise error
    return True
