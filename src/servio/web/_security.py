"""The guard before everything: hosts, origins, sizes, times, headers, one log line a request."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servio.errors import ServioError
from servio.web._answers import RequestFault
from servio.web._faults import answered, bug, traced

__all__ = ["LOCAL", "LOG", "NAME", "Guard", "Limits"]

LOG = logging.getLogger("servio.web")
LOCAL = ("localhost", "127.0.0.1", "[::1]")
UPLOADS = "/api/uploads"
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
SAFE = ("GET", "HEAD")
CHANGES = ("POST", "DELETE")

NAME = re.compile(r"\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253}")

_HOST = re.compile(rf"({NAME.pattern})(:\d{{1,5}})?")


@dataclass(frozen=True)
class Limits:
    """What one request, and the server as a whole, may take.

    Parameters
    ----------
    url : int
        Characters of path and query.
    body, upload : int
        Bytes of a body, and of one to ``/api/uploads``.
    pause, whole : float
        Seconds between two parts of a body, and for all of it at most.
    rate : int
        Bytes a second that a body of announced length comes at, after one pause: a short one has
        less time than `whole`.
    cache : int
        Bytes of answers that are kept.
    threads, backlog : int
        Requests that are computed at a time, and that may wait for that.
    patience : float
        Seconds that a request waits for a job before it says 202.
    """

    url: int = 8_192
    body: int = 65_536
    upload: int = 64 << 20
    pause: float = 10.0
    whole: float = 60.0
    rate: int = 1 << 20
    cache: int = 256 << 20
    threads: int = 4
    backlog: int = 400
    patience: float = 1.2


class Guard:
    """Refuses what must not come in and marks what goes out.

    Parameters
    ----------
    app : ASGI application
    hosts : collection of str
        Names the server answers to besides those of this machine.
    limits : Limits
    mark : str
        Names what the server shows; every answer of the interface carries it, errors too.
    """

    def __init__(
        self, app: ASGIApp, hosts: Collection[str], limits: Limits, mark: str = ""
    ) -> None:
        self._app = app
        self._hosts = frozenset(LOCAL) | {host.lower() for host in hosts}
        self._limits = limits
        self._mark = mark

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._guarded(scope, receive, send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = _Seen()
        scope.setdefault("state", {})["request"] = seen.id

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["x-request-id"] = seen.id
                if self._mark and scope["path"].startswith("/api/"):
                    headers["x-servio"] = self._mark
            else:
                seen.size += len(message.get("body", b""))
            await send(message)

        try:
            self._check(scope)
            await self._app(scope, self._bounded(scope, receive), marked)
        except ServioError as error:
            if not seen.status:
                await answered(error, seen.id)(scope, receive, marked)
        except Exception as error:
            LOG.error("%s %s", seen.id, traced(error))
            if not seen.status:
                await bug(error, seen.id)(scope, receive, marked)
        finally:
            LOG.info("%s", _line(scope, seen))

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        self._check_host(headers)
        length = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
        if length > self._limits.url:
            raise RequestFault(414, "address", found=f"{length} characters",
                               expected=f"at most {self._limits.url}",
                               remedy="Ask for fewer labels at a time.")  # fmt: skip
        if any(ord(c) < 32 or ord(c) == 127 for c in scope["path"]):
            raise RequestFault(400, "address", found="control characters", expected="plain text",
                               remedy="Correct the address.")  # fmt: skip
        if scope["method"] not in SAFE + CHANGES:
            raise RequestFault(405, "method", found=scope["method"][:20],
                               expected=", ".join(SAFE + CHANGES),
                               remedy="See the documentation of the interface.")  # fmt: skip
        _check_origin(scope, headers)
        self._check_length(scope, headers)

    def _check_host(self, headers: Headers) -> None:
        named = headers.getlist("host")
        match = _HOST.fullmatch(named[0].lower()) if len(named) == 1 else None
        if match is None or match[1] not in self._hosts:
            raise RequestFault(
                400, "host", found="a name this server does not answer to",
                expected=" or ".join(sorted(self._hosts & set(LOCAL))) + " or an allowed name",
                remedy="Start the server with --allow-host NAME to allow one.",
            )  # fmt: skip

    def _check_length(self, scope: Scope, headers: Headers) -> None:
        declared = headers.get("content-length", "0")
        if not declared.isascii() or not declared.isdigit():
            raise RequestFault(400, "content-length", found="no number", expected="bytes",
                               remedy="Send the length of the body.")  # fmt: skip
        if int(declared) > self._most(scope):
            raise self._too_big(scope)

    def _most(self, scope: Scope) -> int:
        uploads = scope["method"] == "POST" and scope["path"] == UPLOADS
        return self._limits.upload if uploads else self._limits.body

    def _too_big(self, scope: Scope) -> RequestFault:
        most = self._most(scope)
        told = f"{most >> 20} MiB" if most >= 1 << 20 else f"{most} bytes"
        return RequestFault(413, "body", found="more than that", expected=f"at most {told}",
                            remedy="Send less; for large files use the command line.")  # fmt: skip

    def _whole(self, scope: Scope) -> float:
        """Seconds for all of a body, by the length it announces."""
        announced = Headers(scope=scope).get("content-length")
        if announced is None:
            return self._limits.whole
        return min(self._limits.whole, self._limits.pause + int(announced) / self._limits.rate)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """The body, counted and timed while it comes."""
        limits, size, more = self._limits, 0, True
        began, whole = time.monotonic(), self._whole(scope)

        async def bounded() -> Message:
            nonlocal size, more
            if not more:
                return await receive()
            left = min(limits.pause, began + whole - time.monotonic())
            try:
                message = await asyncio.wait_for(receive(), max(left, 0.0))
            except TimeoutError:
                raise RequestFault(408, "body", found="a body that came too slowly",
                                   expected=f"parts within {limits.pause:g} seconds, all within "
                                   f"{whole:.0f}", remedy="Try again.") from None  # fmt: skip
            size += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)
            if size > self._most(scope):
                raise self._too_big(scope)
            return message

        return bounded


@dataclass
class _Seen:
    """What a log line says about a request."""

    id: str = ""
    began: float = 0.0
    status: int = 0
    size: int = 0

    def __post_init__(self) -> None:
        self.id = secrets.token_hex(8)
        self.began = time.perf_counter()


def _line(scope: Scope, seen: _Seen) -> str:
    """Method, route, status, size and time: no address, no parameter, no name that was sent."""
    method = scope["method"] if scope["method"] in SAFE + CHANGES else "-"
    route = scope["state"].get("route", "-")
    milliseconds = 1000 * (time.perf_counter() - seen.began)
    return f"{seen.id} {method} {route} {seen.status} {seen.size} bytes {milliseconds:.0f} ms"


def _place(origin: str) -> str:
    """Host and port of an origin; empty where it is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _check_origin(scope: Scope, headers: Headers) -> None:
    """Other pages may link here; they may not read the interface nor change anything."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    own = origin is not None and _place(origin) == headers["host"].lower()
    if scope["method"] in CHANGES:
        if (site in (None, "same-origin")) and (own if origin is not None else site is not None):
            return
    else:
        link = headers.get("sec-fetch-mode") == "navigate"
        own_or_script = site in (None, "same-origin", "none")
        if own_or_script or link or not scope["path"].startswith("/api/"):
            return
    raise RequestFault(
        403, "origin", found="a request of another page, or of none",
        expected="one of the page this server shows",
        remedy="Scripts send the header Origin with this server's address.",
    )  # fmt: skip
