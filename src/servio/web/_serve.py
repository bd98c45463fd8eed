"""Open a study and listen."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import os
import socket
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette

from servio.errors import ResourceError, UsageError
from servio.web._answers import OpenStudy
from servio.web._app import build
from servio.web._jobs import Jobs
from servio.web._listen import Patient
from servio.web._security import LOG, NAME, Limits

if TYPE_CHECKING:
    from servio.study import StudyStore

__all__ = ["application", "serve"]

MAX_CONNECTIONS = 1_000
MAX_HEADERS = 32_768
KEPT_ALIVE = 15
GRACE = 0.5


def application(
    store: StudyStore,
    *,
    jobs: Jobs | None = None,
    hosts: Collection[str] = (),
    limits: Limits | None = None,
) -> Starlette:
    """Give the observatory of a finished study as an ASGI application.

    Parameters
    ----------
    store : StudyStore
        From `servio.study.run` or `servio.study.open_store`.
    jobs : Jobs, optional
        Where new measures are computed; without it only what the store holds is shown.
    hosts : collection of str
        Host names to answer to besides localhost, 127.0.0.1 and [::1].
    limits : Limits, optional

    Returns
    -------
    Starlette

    Examples
    --------
    >>> from servio import study, web                                # doctest: +SKIP
    >>> web.application(study.open_store("out/wiod2016"))            # doctest: +SKIP
    <starlette.applications.Starlette object at ...>
    """
    return build(OpenStudy(store, jobs), hosts=hosts, limits=limits)


def serve(
    folder: str | Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8350,
    *,
    allow_hosts: Collection[str] = (),
    allow_remote: bool = False,
    tables: str | Path | None = None,
    workers: int | None = None,
    log: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Show a finished study in the browser until it is stopped.

    Parameters
    ----------
    folder : path, optional
        Folder of a finished study; the model world's study if left out, which is run first.
    host : str
        Address to listen at.
    port : int
        0 for any free one.
    allow_hosts : collection of str
        Names under which a proxy passes requests on.
    allow_remote : bool
        Listen at an address that other machines reach. There is no password: put a reverse proxy
        that asks for one in front.
    tables : path, optional
        Folder that the paths in the study file start from; where the study ran, if left out.
    workers : int, optional
        Processes that compute; by default one a core.
    log : bool
        One line a request on stderr, without addresses or data; faults of servio are told anyway.
    say : callable
        Is told when the server is ready.

    Raises
    ------
    UsageError
        An address other machines reach, without `allow_remote`; a host that is no plain name.
    InputError
        No finished study in the folder.
    ResourceError
        The port is taken.

    Examples
    --------
    >>> from servio import web                                       # doctest: +SKIP
    >>> web.serve("out/wiod2016")                                    # doctest: +SKIP
    Ready: http://127.0.0.1:8350/
    """
    _check_address(host, allow_remote)
    _check_names(allow_hosts)
    with contextlib.closing(_listening(host, port)) as listening:
        opened = _opened(folder, say)
        folder = None if tables is None else Path(tables)
        jobs = Jobs(opened, folder, workers=workers or os.cpu_count() or 1)
        app = application(opened, jobs=jobs, hosts=[*allow_hosts, _named(host)])
        _log_to_stderr(logging.INFO if log else logging.ERROR)
        address = f"http://{_named(host)}:{_port(listening)}/"
        server = server_of(app, lambda: say(f"Ready: {address}"))
        with contextlib.suppress(KeyboardInterrupt):
            server.run([listening])


def _opened(folder: str | Path | None, say: Callable[[str], None]) -> StudyStore:
    from servio import study
    from servio.explain._extra import has_econ
    from servio.sources._cache import cache_folder

    if folder is not None:
        return study.open_store(folder)
    kept = cache_folder() / "observatory"
    if not (kept / "provenance.json").exists():
        say("The study of the model world is run once, in about half a minute, and kept.")
    return study.run(study.observatory(estimates=has_econ()), kept)


def _check_address(host: str, allow_remote: bool) -> None:
    if not allow_remote and not _is_loopback(host):
        raise UsageError(
            f"--host {host}", found="an address that other machines reach",
            expected="127.0.0.1, ::1 or localhost, since servio asks for no password",
            remedy="Put a reverse proxy in front, or add --allow-remote.",
        )  # fmt: skip


def _check_names(hosts: Collection[str]) -> None:
    for host in hosts:
        if not NAME.fullmatch(host.lower()):
            raise UsageError(
                f"--allow-host {host}", found="more than a name, or none",
                expected="a name without https://, port or *, such as observatory.example",
                remedy="Give the option once for each name.",
            )  # fmt: skip


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _named(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _port(listening: socket.socket) -> int:
    port: int = listening.getsockname()[1]
    return port


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = _address(host, port)
        listening = socket.socket(family, kind, protocol)  # without it asyncio lets packets wait
    except (OSError, OverflowError) as error:
        raise _no_address(host, port, str(error)) from None
    try:
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(socket.SOMAXCONN)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise ResourceError(
                f"--port {port}", found="another program that listens there",
                expected="a free port",
                remedy=f"Stop it, or give another: --port {port + 1}; --port 0 takes any.",
            ) from None  # fmt: skip
        raise _no_address(host, port, error.strerror or "") from None
    return listening


def _address(host: str, port: int) -> tuple[int, int, int, str, Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)[0]


def _no_address(host: str, port: int, why: str) -> UsageError:
    return UsageError(f"--host {host} --port {port}", found=why,
                      expected="an address and a port of this machine",
                      remedy="Use 127.0.0.1 and a port from 1024 to 65535.")  # fmt: skip


def server_of(app: Starlette, ready: Callable[[], None]) -> uvicorn.Server:
    """A server that says when it is ready."""

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

    config = uvicorn.Config(
        app,
        http=Patient,
        ws="none",
        loop="asyncio",
        lifespan="on",
        access_log=False,
        server_header=False,
        log_config=None,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=MAX_HEADERS,
        timeout_keep_alive=KEPT_ALIVE,
        timeout_graceful_shutdown=GRACE,  # type: ignore[arg-type]  # it may be a float
    )
    return Server(config)


def _log_to_stderr(level: int) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    LOG.handlers = [handler]
    LOG.setLevel(level)
    LOG.propagate = False
