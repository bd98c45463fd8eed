"""What a hostile, broken or unlucky client gets: faults H01 to H23, each named where it applies."""

from __future__ import annotations

import contextlib
import errno
import gc
import http.client
import logging
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from servio.errors import InputError, ResourceError, UsageError
from servio.study import StudyStore, open_store
from servio.web import _app, _disk, _listen, application, serve
from servio.web._answers import Answer, OpenStudy, Pending, Query, RequestFault
from servio.web._app import build
from servio.web._faults import around, status_of
from servio.web._security import Limits
from servio.web._sessions import COOKIE, MAX_OBJECTS, MAX_STRANGERS, Session, Sessions
from servio.web._static import Bundle
from web_server import eventually, listening

Serve = Callable[[Starlette], httpx.Client]
SECRET = "secret-label"


class FakeTask:
    """A job under the test's control, as the queue would give it."""

    def __init__(self) -> None:
        self.id = "j1"
        self.done, self.of, self.place = 3, 12, 0
        self.future: Future[Any] = Future()
        self.waiting: set[str] = set()

    def join(self, waiter: str) -> None:
        self.waiting.add(waiter)

    def leave(self, waiter: str, *, for_good: bool = False) -> None:
        self.waiting.discard(waiter)


class Thing:
    """Something that belongs to a session."""

    open = 0

    def __init__(self) -> None:
        Thing.open += 1

    def close(self) -> None:
        Thing.open -= 1


JOB = FakeTask()
CALLS: list[str] = []
GATE = threading.Event()


def hello(study: OpenStudy, query: Query) -> Answer:
    CALLS.append(query.text("who", "nobody"))
    return Answer({"who": query.text("who", "nobody"), "filler": "x" * 4_000})


def broken(study: OpenStudy, query: Query) -> Answer:
    raise KeyError(f"{SECRET} in {study.store.folder}")


def refused(study: OpenStudy, query: Query) -> Answer:
    path = study.store.folder / "results.parquet"
    raise InputError(str(path), found=f"no {query.text('label')} in /etc/servio/private.toml",
                     expected="one", remedy=f"Look into {path.parent}.")  # fmt: skip


def slow(study: OpenStudy, query: Query) -> Answer:
    CALLS.append("slow")
    GATE.wait(20)
    return Answer({"value": 1.5})


def computed(study: OpenStudy, query: Query) -> Answer | Pending:
    return Answer({"value": 2.5}) if JOB.future.done() else Pending(JOB)  # type: ignore[arg-type]


def sent(study: OpenStudy, query: Query) -> Answer:
    assert query.upload is not None
    id = Session().id
    query.session.bind("uploads", id, Thing())
    CALLS.append(query.upload.path.name)
    return Answer({"id": id, "name": query.upload.name, "size": query.upload.size})


def own(study: OpenStudy, query: Query) -> Answer:
    query.session.get("uploads", query.path["id"])
    return Answer({"here": True})


def slowly_own(study: OpenStudy, query: Query) -> Answer:
    things = list(query.session.all("uploads"))
    CALLS.append("slowly own")
    GATE.wait(20)
    return Answer({"things": things})


def removed(study: OpenStudy, query: Query) -> Answer:
    query.session.drop("uploads", query.path["id"])
    return Answer({"here": False})


ROUTES = [
    ("GET", "/api/hello", hello),
    ("GET", "/api/broken", broken),
    ("GET", "/api/refused", refused),
    ("GET", "/api/slow", slow),
    ("GET", "/api/computed", computed),
    ("POST", "/api/uploads", sent),
    ("GET", "/api/uploads/{id}", own),
    ("GET", "/api/own", slowly_own),
    ("DELETE", "/api/uploads/{id}", removed),
]


def with_own_routes(patch: pytest.MonkeyPatch) -> None:
    """Routes of the tests beside those of jobs."""
    jobs = [route for route in _app._routes() if "/api/jobs" in route[1]]
    patch.setattr(_app, "_routes", lambda: [*ROUTES, *jobs])


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing left of the test before."""
    with_own_routes(monkeypatch)
    monkeypatch.setattr(JOB, "future", Future())
    JOB.waiting.clear()
    CALLS.clear()
    GATE.clear()
    Thing.open = 0
    yield
    GATE.set()


@pytest.fixture(scope="module")
def base(small_store: StudyStore) -> Iterator[httpx.URL]:
    """Where one server for many tests listens."""
    with pytest.MonkeyPatch.context() as patch:
        with_own_routes(patch)
        app = application(small_store)
    with listening(app) as client:
        yield client.base_url


@pytest.fixture
def client(base: httpx.URL) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base, timeout=30, trust_env=False) as client:
        yield client


def limited(store: StudyStore, **limits: Any) -> Starlette:
    return build(OpenStudy(store), limits=Limits(**limits))


def origin(client: httpx.Client) -> dict[str, str]:
    return {"origin": str(client.base_url).rstrip("/")}


def four_parts(response: httpx.Response) -> dict[str, str]:
    error: dict[str, str] = response.json()["error"]
    assert list(error) == ["place", "found", "expected", "remedy"]
    assert all(error.values())
    return error


def raw(client: httpx.Client, text: bytes) -> bytes:
    """What the server says to bytes that no decent client would send."""
    address = (client.base_url.host, client.base_url.port or 80)
    with socket.create_connection(address, timeout=20) as line:
        line.sendall(text)
        heard = b""
        with contextlib.suppress(ConnectionResetError):
            while part := line.recv(65536):
                heard += part
    return heard


# -- H01 to H03: who asks --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1@evil", "", "a b"]
)
def test_h01_another_host_name_is_refused(client: httpx.Client, host: str) -> None:
    response = client.get("/api/hello", headers={"host": host})
    assert response.status_code == 400
    assert CALLS == []


def test_h01_two_host_headers_are_refused(client: httpx.Client) -> None:
    twice = b"GET /api/hello HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"
    assert b" 400 " in raw(client, twice).splitlines()[0]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "[::1]:8350", "io.example.org"])
def test_h01_own_and_allowed_names_are_answered(
    serving: Serve, small_store: StudyStore, host: str
) -> None:
    client = serving(application(small_store, hosts=["IO.example.org"]))
    assert client.get("/api/hello", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "origin": "http://evil.example"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_h02_other_pages_change_nothing(
    client: httpx.Client, headers: dict[str, str], method: str
) -> None:
    path = "/api/uploads" if method == "POST" else "/api/uploads/x"
    response = client.request(method, path, headers=headers)
    assert response.status_code == 403
    four_parts(response)
    assert CALLS == []


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {}])
def test_h02_the_own_page_and_scripts_that_say_so_may(
    client: httpx.Client, headers: dict[str, str]
) -> None:
    headers = headers or origin(client)
    assert client.post("/api/uploads", content=b"a,b", headers=headers).status_code == 200


def test_h02_other_pages_do_not_read_the_interface_but_may_link_to_it(client: httpx.Client) -> None:
    foreign = {"sec-fetch-site": "cross-site"}
    assert client.get("/api/hello", headers=foreign).status_code == 403
    linked = {**foreign, "sec-fetch-mode": "navigate"}
    assert client.get("/api/hello", headers=linked).status_code == 200


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", "\\\\"])
def test_h02_an_origin_that_is_none_is_refused_or_ignored(
    client: httpx.Client, origin: str
) -> None:
    told = {"origin": origin}
    assert client.post("/api/uploads", content=b"1", headers=told).status_code == 403
    answer = client.get("/api/hello", headers=told)
    assert answer.status_code == 200
    assert answer.headers["x-frame-options"] == "DENY"


def test_h03_no_answer_opens_the_door_to_other_origins(client: httpx.Client) -> None:
    asked = {"origin": "http://evil.example", "access-control-request-method": "GET"}
    for response in (
        client.options("/api/hello", headers=asked),
        client.get("/api/hello", headers=asked),
    ):
        assert not [name for name in response.headers if name.startswith("access-control")]
    assert client.options("/api/hello").status_code == 405


# -- H04 to H07: uploads, files, other people's things ---------------------------------------------


def descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


@pytest.fixture
def tight(serving: Serve, small_store: StudyStore) -> tuple[httpx.Client, OpenStudy]:
    """A server with little room and patience, and the study it shows."""
    study = OpenStudy(small_store)
    limits = Limits(upload=100_000, pause=0.3, whole=5.0)
    return serving(build(study, limits=limits)), study


def test_h04_a_declared_size_over_the_limit_is_refused_unread(
    tight: tuple[httpx.Client, OpenStudy],
) -> None:
    client, study = tight
    head = (
        "POST /api/uploads HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
        "Content-Length: 100001\r\n\r\n"
    )
    heard = raw(client, head.encode())
    assert heard.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in heard
    assert list(study.scratch.iterdir()) == []


def test_h04_a_streamed_body_over_the_limit_is_cut(tight: tuple[httpx.Client, OpenStudy]) -> None:
    client, study = tight
    parts = (b"x" * 10_000 for _ in range(11))
    with contextlib.suppress(httpx.WriteError, httpx.ReadError):
        response = client.post("/api/uploads", content=parts, headers=origin(client))
        assert response.status_code == 413
    assert CALLS == []
    assert eventually(lambda: list(study.scratch.iterdir()) == [])


def test_h04_a_body_on_another_address_has_little_room(client: httpx.Client) -> None:
    body = b"x" * 70_000
    with contextlib.suppress(httpx.WriteError, httpx.ReadError):
        response = client.post("/api/hello", content=body, headers=origin(client))
        assert response.status_code == 413


def test_h04_a_body_that_dribbles_is_ended(tight: tuple[httpx.Client, OpenStudy]) -> None:
    client, study = tight
    head = (
        "POST /api/uploads HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
        "Content-Length: 1000\r\n\r\nabc"
    )
    assert raw(client, head.encode()).startswith(b"HTTP/1.1 408 ")
    assert list(study.scratch.iterdir()) == []


def dribbled(client: httpx.Client, head: str, seconds: float) -> tuple[bytes, float]:
    """What the server says to a body of one byte each 50 ms, and after how long."""
    address, began = (client.base_url.host, client.base_url.port or 80), time.monotonic()
    with socket.create_connection(address, timeout=0.05) as line:
        line.sendall(
            f"POST /api/uploads HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
            f"{head}\r\n\r\n".encode()
        )
        while time.monotonic() < began + seconds:
            with contextlib.suppress(TimeoutError):
                if heard := line.recv(65536):
                    return heard, time.monotonic() - began
            line.sendall(b"1\r\nx\r\n" if "chunked" in head else b"x")
    return b"", seconds


@pytest.mark.parametrize(
    ("head", "least", "most"),
    [
        ("Content-Length: 1000", 0.25, 1.0),
        ("Content-Length: 90000", 1.0, 3.0),
        ("Transfer-Encoding: chunked", 1.0, 3.0),
    ],
)
def test_h04_a_body_that_never_pauses_is_ended_by_its_length(
    serving: Serve, small_store: StudyStore, head: str, least: float, most: float
) -> None:
    limits = Limits(upload=100_000, pause=0.3, whole=1.0, rate=10_000)
    client = serving(build(OpenStudy(small_store), limits=limits))
    heard, seconds = dribbled(client, head, 5.0)
    assert heard.startswith(b"HTTP/1.1 408 ")
    assert least <= seconds <= most


def test_h04_nobody_keeps_a_connection_with_a_body_for_more_than_a_minute() -> None:
    assert Limits().whole <= 60


def test_h04_a_head_that_dribbles_is_ended(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_listen, "HEADER_SECONDS", 0.2)
    assert raw(client, b"GET /api/hello HTTP/1.1\r\nHost: local") == b""
    assert raw(client, b"") == b""


def test_h04_a_client_that_goes_leaves_nothing_behind(
    tight: tuple[httpx.Client, OpenStudy],
) -> None:
    client, study = tight
    address = (client.base_url.host, client.base_url.port or 80)
    client.get("/api/hello")
    assert study.scratch.is_dir()
    before = descriptors()
    for _ in range(20):
        with socket.create_connection(address) as line:
            line.sendall(
                b"POST /api/uploads HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
                b"Content-Length: 1000\r\n\r\nabc"
            )
    assert eventually(lambda: descriptors() <= before and not [*study.scratch.iterdir()])
    assert CALLS == ["nobody"]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b"", 400),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--x\r\n" * 1000, 415),
    ],
)
def test_h04_a_form_or_nothing_is_no_file(
    client: httpx.Client, headers: dict[str, str], body: bytes, status: int
) -> None:
    response = client.post("/api/uploads", content=body, headers={**headers, **origin(client)})
    assert response.status_code == status
    four_parts(response)


def test_h04_a_nonsense_length_is_refused(client: httpx.Client) -> None:
    for length in (b"-1", b"1e9", b"1_000"):
        head = b"POST /api/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + length
        assert b" 400 " in raw(client, head + b"\r\n\r\n").splitlines()[0]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../x.csv", "x.csv"),
        ("..%5C..%5Cx.csv", "x.csv"),
        ("%00%0A<script>alert(1)%3C%2Fscript>", "script>"),
        ("a" * 4_000, "a" * 120),
        ("CON", "CON"),
        ("%ED%91%9C.xlsx", "표.xlsx"),
        ("..", "upload"),
        ("%FF%FE", "\ufffd\ufffd"),
        ("", "upload"),
    ],
)
def test_h05_names_of_files_are_shown_never_opened(
    client: httpx.Client, name: str, shown: str
) -> None:
    headers = {"x-file-name": name, **origin(client)}
    answer = client.post("/api/uploads", content=b"1", headers=headers).json()
    assert answer["name"] == shown
    assert re.fullmatch(r"upload-\w{8}", CALLS[0])


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/assets/../../_app.py",
        "/%2e%2e/_app.py",
        "/..%2f_app.py",
        "/assets/..%5c..%5c_app.py",
        "//etc/passwd",
        "/index.html%00.png",
        "/file:///etc/passwd",
        "/index.html.gz",
        "/assets",
        "/assets/",
        "/.npmrc",
    ],
)
def test_h06_only_listed_files_exist(
    serving: Serve, small_store: StudyStore, tmp_path: Path, path: str
) -> None:
    client = serving(build(OpenStudy(small_store), bundle=bundle(tmp_path)))
    heard = raw(client, f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
    assert heard.split()[1] in (b"400", b"404")
    assert b"root:" not in heard


def bundle(folder: Path) -> Bundle:
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>servio</title>", "utf-8")
    (folder / "index.html.gz").write_bytes(b"packed")
    (folder / "assets" / "main-AbCd1234.js").write_text("export {}", "utf-8")
    (folder / "assets" / "notes").write_text("no known kind", "utf-8")
    (folder / ".npmrc").write_text("", "utf-8")
    with contextlib.suppress(OSError):
        os.symlink("/etc/passwd", folder / "passwd.txt")
    return Bundle(folder)


def test_h06_a_link_out_of_the_folder_is_no_file(tmp_path: Path) -> None:
    found = bundle(tmp_path)
    assert found.find("/") is not None
    assert [found.find(p) for p in ("/passwd.txt", "/assets/notes", "/index.html.gz")] == [None] * 3


def test_h07_another_session_is_told_what_nobody_is_told(
    serving: Serve, small_store: StudyStore
) -> None:
    client = serving(application(small_store))
    answer = client.post("/api/uploads", content=b"1", headers=origin(client))
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    address = f"/api/uploads/{answer.json()['id']}"
    assert client.get(address).status_code == 200
    assert client.get(address).headers["cache-control"] == "private, no-cache"

    def as_(id: str, path: str = address) -> httpx.Response:
        jar = httpx.Cookies({COOKIE: id})
        with httpx.Client(base_url=client.base_url, cookies=jar, trust_env=False) as other:
            return other.get(path)

    nobody = four_parts(as_("", "/api/uploads/nothing"))
    for guess in ("", "x", "A" * 22, "../" * 8, Session().id):
        response = as_(guess)
        assert response.status_code == 404
        assert four_parts(response) == nobody
    mine = client.cookies[COOKIE]
    assert as_(mine).status_code == 200
    assert len(mine) == 22  # 128 bits
    assert len({Session().id for _ in range(1_000)}) == 1_000
    assert client.delete(address, headers=origin(client)).status_code == 200
    assert client.get(address).status_code == 404
    assert Thing.open == 0


def test_h07_who_ask_at_the_same_time_hear_of_their_own(base: httpx.URL) -> None:
    def visitor() -> tuple[httpx.Client, str]:
        one = httpx.Client(base_url=base, timeout=30, trust_env=False)
        return one, one.post("/api/uploads", content=b"1", headers=origin(one)).json()["id"]

    visitors = [visitor() for _ in range(3)]
    CALLS.clear()
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(one.get, "/api/own") for one, _ in visitors]
        assert eventually(lambda: len(CALLS) == 3)
        GATE.set()
    for (one, id), answer in zip(visitors, answers, strict=True):
        assert answer.result().json()["things"] == [id]
        one.close()


# -- H08, H19 to H21: what is said -----------------------------------------------------------------


def test_h08_markup_in_an_error_stays_text(client: httpx.Client) -> None:
    response = client.get("/api/hello", params={"<script>alert(1)</script>": "1"})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/", "/api/hello", "/api/broken", "/api/hello?x=1", "/nothing", "/api/jobs/x"]
)
def test_h21_every_answer_has_the_headers_that_keep_a_page_to_itself(
    client: httpx.Client, path: str
) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    rules = {name: values for name, *values in (one.split() for one in policy.split(";"))}
    assert rules.pop("img-src") == ["'self'", "data:", "blob:"]
    shut = ("default-src", "frame-ancestors", "base-uri")
    assert [rules.pop(name) for name in shut] == [["'none'"]] * 3
    assert set(rules) == {"script-src", "style-src", "connect-src", "font-src", "form-action"}
    assert all(values == ["'self'"] for values in rules.values())
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "server" not in headers


def test_h19_a_fault_of_ours_says_its_number_and_nothing_else(
    client: httpx.Client, small_store: StudyStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "servio.web")
    response = client.get("/api/broken")
    assert response.status_code == 500
    number = response.headers["x-request-id"]
    assert four_parts(response)["found"] == "a fault of servio"
    assert number in four_parts(response)["remedy"]
    for hidden in (SECRET, "KeyError", "Traceback", ".py", str(small_store.folder)):
        assert hidden not in response.text
    told = [record.getMessage() for record in caplog.records if number in record.getMessage()]
    assert any("KeyError at" in line and "broken" in line for line in told)


def test_h19_a_full_disk_and_a_study_that_changed_are_no_faults_of_ours(
    small_store: StudyStore, tmp_path: Path
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/secret/place")
    for error, store, found in (
        (full, small_store.folder, "no room for temporary files"),
        (ValueError("bytes"), tmp_path, "changed or went"),
    ):
        cause = around(error, store)
        assert cause is not None
        assert found in str(cause)
        assert "secret" not in str(cause)
        assert status_of(cause) == 503
    assert around(ValueError("bytes"), small_store.folder) is None


def test_h19_a_study_moved_away_is_said(
    serving: Serve, small_store: StudyStore, tmp_path: Path
) -> None:
    moved = tmp_path / "study"
    shutil.copytree(small_store.folder, moved)
    client = serving(application(open_store(moved)))
    moved.rename(tmp_path / "elsewhere")
    answer = client.get("/api/broken")
    assert answer.status_code == 503
    assert "started again" in four_parts(answer)["remedy"]
    assert str(tmp_path) not in answer.text


def test_h19_errors_name_files_without_their_folders(
    client: httpx.Client, small_store: StudyStore
) -> None:
    response = client.get("/api/refused", params={"label": "c10"})
    error = four_parts(response)
    assert response.status_code == 400
    assert error["place"] == "results.parquet"
    assert error["found"] == "no c10 in private.toml"
    assert str(small_store.folder) not in response.text
    assert "/" not in response.text.replace("application/json", "")


def test_h20_the_log_holds_no_data_and_no_forged_lines(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "servio.web")
    client.get("/api/broken", params={"who": SECRET})
    client.get(f"/api/hello?who={SECRET}%0aGET+/admin")
    client.get(f"/{SECRET}%0d%0aGET")
    client.get("/api/hello", headers={"user-agent": SECRET, "cookie": f"{COOKIE}={SECRET}"})
    client.request(f"GET{SECRET}".upper(), "/")
    client.get(f"/api/uploads/{SECRET}")

    def lines() -> list[str]:
        return [r.getMessage() for r in caplog.records if r.name == "servio.web"]

    assert eventually(lambda: len(lines()) == 7), "a line is written after its answer is sent"
    for line in lines():
        assert SECRET not in line.lower()
        assert line.isprintable()


# -- H12 to H16: load, sessions, two tabs ----------------------------------------------------------


def test_h12_more_than_the_server_can_hold_is_told_to_come_again(
    serving: Serve, small_store: StudyStore
) -> None:
    client = serving(limited(small_store, threads=1, backlog=1))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.get, "/api/slow")
        assert eventually(lambda: CALLS == ["slow"])
        late = client.get("/api/hello")
        GATE.set()
        assert asked.result().status_code == 200
    assert late.status_code == 503
    assert "retry-after" in late.headers
    assert client.get("/api/hello").status_code == 200


def test_h12_a_session_owns_a_bounded_number_of_things(client: httpx.Client) -> None:
    for _ in range(MAX_OBJECTS):
        assert client.post("/api/uploads", content=b"1", headers=origin(client)).status_code == 200
    full = client.post("/api/uploads", content=b"1", headers=origin(client))
    assert full.status_code == 429
    assert "retry-after" in full.headers


def test_h12_a_job_is_waited_for_then_announced_found_again_and_left(
    serving: Serve, small_store: StudyStore
) -> None:
    client = serving(limited(small_store, patience=0.05))
    response = client.get("/api/computed")
    assert response.status_code == 202
    assert response.json() == {"job": "j1", "done": 3, "of": 12, "place": 0}
    mine = client.cookies[COOKIE]
    assert JOB.waiting == {mine}
    listed = client.get("/api/jobs").json()["jobs"]
    assert [(job["job"], job["ended"]) for job in listed] == [("j1", False)]
    with httpx.Client(base_url=client.base_url, trust_env=False) as other:
        assert other.get("/api/jobs").json() == {"jobs": []}
        assert other.delete("/api/jobs/j1", headers=origin(client)).status_code == 404
    assert JOB.waiting == {mine}
    assert client.delete("/api/jobs/j1", headers=origin(client)).status_code == 200
    assert JOB.waiting == set()


def test_h13_a_job_goes_on_without_its_asker_and_is_found_after_a_reload(
    serving: Serve, small_store: StudyStore
) -> None:
    client = serving(limited(small_store, patience=0.05))
    assert client.get("/api/computed").status_code == 202
    JOB.future.set_result([2.5])
    again = client.get("/api/computed")
    assert again.status_code == 200
    assert again.json() == {"value": 2.5}
    assert client.get("/api/jobs").json()["jobs"][0]["ended"]


def test_h13_who_waits_longer_gets_the_answer_itself(
    serving: Serve, small_store: StudyStore
) -> None:
    client = serving(application(small_store))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.get, "/api/computed?wait=30")
        assert eventually(lambda: bool(JOB.waiting))
        JOB.future.set_result([2.5])
        assert asked.result().json() == {"value": 2.5}
    assert "set-cookie" not in asked.result().headers
    assert JOB.waiting == set()


def test_h13_a_job_that_fails_is_an_error_with_four_parts(
    serving: Serve, small_store: StudyStore
) -> None:
    client = serving(application(small_store))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.get, "/api/computed?wait=30")
        assert eventually(lambda: bool(JOB.waiting))
        JOB.future.set_exception(UsageError("by", found="'x'", expected="y", remedy="Write y."))
        assert asked.result().status_code == 400
        assert four_parts(asked.result())["remedy"] == "Write y."


def test_h14_the_same_question_at_the_same_time_is_computed_once(client: httpx.Client) -> None:
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(client.get, "/api/slow") for _ in range(6)]
        assert eventually(lambda: CALLS == ["slow"])
        GATE.set()
        assert {f.result().json()["value"] for f in asked} == {1.5}
    assert client.get("/api/slow").json() == {"value": 1.5}
    assert CALLS == ["slow"]


def test_h15_a_page_can_see_that_the_server_shows_something_else(
    serving: Serve, small_store: StudyStore, tmp_path: Path
) -> None:
    one = serving(application(small_store)).get("/api/hello")
    other = serving(build(OpenStudy(small_store), bundle=bundle(tmp_path))).get("/api/hello")
    assert one.headers["x-servio"] != other.headers["x-servio"]
    assert one.headers["etag"] != other.headers["etag"]


def test_h13_cancelling_while_a_request_waits_ends_the_wait(
    serving: Serve, small_store: StudyStore
) -> None:
    client = serving(build(OpenStudy(small_store)))
    assert client.get("/api/computed?wait=0").status_code == 202
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.get, "/api/computed?wait=1")
        assert eventually(lambda: len(JOB.waiting) == 2)
        assert client.delete("/api/jobs/j1", headers=origin(client)).status_code == 200
        assert asked.result().status_code == 202
    assert JOB.waiting == set()


def test_h15_every_answer_of_the_interface_says_what_the_server_shows(
    client: httpx.Client,
) -> None:
    first = client.get("/api/hello")
    mark, etag = first.headers["x-servio"], {"if-none-match": first.headers["etag"]}
    answers = [
        client.get("/api/hello", headers=etag),
        client.get("/api/computed?wait=0"),
        client.get("/api/broken"),
        client.get("/api/refused"),
        client.get("/api/nowhere"),
        client.get("/api/hello?wh=typo"),
        client.post("/api/uploads", content=b"1"),
        client.get("/api/hello", headers={"host": "evil.example"}),
    ]
    assert [a.status_code for a in answers] == [304, 202, 500, 400, 404, 400, 403, 400]
    assert {a.headers.get("x-servio") for a in answers} == {mark}
    assert "x-servio" not in client.get("/").headers


def test_h16_ten_thousand_abandoned_sessions_leave_nothing() -> None:
    now = [0.0]
    sessions = Sessions(limit=100, idle=60.0, clock=lambda: now[0])
    for _ in range(10_000):
        session = Session()
        session.bind("uploads", "u", Thing())
        sessions.keep(session)
        assert len(sessions) <= 100
    assert Thing.open == 100
    now[0] = 61.0
    assert sessions.find(session.id) is None
    assert (len(sessions), Thing.open) == (0, 0)


def test_h16_a_visit_keeps_a_session_and_the_one_unseen_longest_ends_first() -> None:
    now = [0.0]
    sessions = Sessions(limit=2, idle=60.0, clock=lambda: now[0])
    first, second, third = Session(), Session(), Session()
    for session in (first, second):
        sessions.keep(session)
    now[0] = 50.0
    assert sessions.find(first.id) is first
    sessions.keep(third)
    assert sessions.find(second.id) is None
    now[0] = 100.0
    assert sessions.find(first.id) is first


def test_h16_many_that_wait_end_no_session_that_brought_something() -> None:
    sessions = Sessions(limit=5)
    owner = Session()
    owner.bind("uploads", "u", Thing())
    sessions.keep(owner)
    for _ in range(50):
        asker = Session()
        sessions.wait(asker, JOB)  # type: ignore[arg-type]
    assert len(sessions) == 5
    assert sessions.find(owner.id) is owner
    assert sessions.find(asker.id) is None or sessions.find(asker.id) is asker
    assert Thing.open == 1


def test_h12_who_keeps_no_cookie_fills_no_queue() -> None:
    sessions, jobs = Sessions(), list[FakeTask]()

    def ask(session: Session) -> None:
        job = FakeTask()
        job.id = Session().id
        jobs.append(job)
        sessions.wait(session, job)  # type: ignore[arg-type]

    for _ in range(MAX_STRANGERS):
        ask(Session())
    with pytest.raises(RequestFault, match="without a cookie") as refusal:
        ask(Session())
    assert refusal.value.status == 429
    visitor = Session()
    sessions.keep(visitor)
    assert sessions.find(visitor.id) is visitor
    ask(visitor)
    assert len(visitor.all("jobs")) == 1


def test_h16_a_wait_keeps_no_answer_alive() -> None:
    sessions, session, job = Sessions(), Session(), FakeTask()
    wait = sessions.wait(session, job)  # type: ignore[arg-type]
    assert not wait.ended
    del job
    gc.collect()
    assert wait.ended
    assert wait.shown() == {"job": "j1", "done": 12, "of": 12, "place": 0}
    session.close()


def test_h16_files_of_a_killed_server_go_with_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_disk.tempfile, "tempdir", str(tmp_path))
    killed = tmp_path / "servio-web-killed" / "files"
    killed.mkdir(parents=True)
    (killed / "upload.csv").write_text("private")
    (tmp_path / "servio-web-link").symlink_to(tmp_path / "other", target_is_directory=True)
    (tmp_path / "other").mkdir()
    with _disk.scratch() as first, _disk.scratch() as second:
        assert first.is_dir()
        assert second.is_dir()
        assert not killed.exists()
        assert (tmp_path / "other").is_dir()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other", "servio-web-link"]


def test_h16_reading_makes_no_session(client: httpx.Client) -> None:
    for path in ("/", "/api/hello", "/api/jobs", "/api/uploads/x"):
        assert "set-cookie" not in client.get(path).headers


# -- H17, H18, H23 ---------------------------------------------------------------------------------


def test_h17_ranges_are_ignored(client: httpx.Client) -> None:
    for path in ("/", "/api/hello"):
        ranges = {"range": "bytes=" + ",".join(f"{n}-{n}" for n in range(500))}
        response = client.get(path, headers=ranges)
        assert response.status_code == 200
        assert "content-range" not in response.headers


@pytest.mark.parametrize(
    "address",
    [
        f"/api/hello?who={'a' * 9_000}",
        "/api/hello?" + "&".join(f"a{n}=1" for n in range(65)),
        f"/api/hello?who={'a' * 3_000}",
        f"/api/hello?{'a' * 100}=1",
        "/api/hello?who=a&who=b",
        "/api/hello?who=%00",
        "/api/hello?who=%ff",
        "/api/hello?wait=1e99",
        "/api/hello?wait=" + "9" * 500,
        "/api/hello?format=exe",
        "/api/hello?wh=typo",
    ],
)
def test_h17_addresses_are_bounded_and_checked(client: httpx.Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code in (400, 414)
    assert len(response.content) < 1_500
    four_parts(response)


def test_h17_an_address_is_short_whatever_it_is_made_of(client: httpx.Client) -> None:
    many = "&".join(f"a{n}={'b' * 200}" for n in range(50))
    for address in (f"/api/{'a' * 8_200}", f"/api/hello?{many}"):
        assert client.get(address).status_code == 414
    assert client.get(f"/api/{'a' * 8_000}").status_code == 404


def test_h17_a_huge_head_is_refused(client: httpx.Client) -> None:
    huge = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n"
    assert b" 200 " not in raw(client, huge)[:20]


@pytest.mark.parametrize("accept", ["gzip," * 2_000, "gzip;q=" + "0" * 8_000, ", " * 4_000 + "x"])
def test_h17_long_header_values_cost_no_more_than_their_length(
    client: httpx.Client, accept: str
) -> None:
    assert client.get("/api/hello", headers={"accept-encoding": accept}).status_code == 200


def test_h18_there_is_no_web_socket(client: httpx.Client) -> None:
    line = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=20)
    line.request("GET", "/api/hello", headers={
        "Connection": "Upgrade", "Upgrade": "websocket", "Origin": "http://evil.example",
        "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    })  # fmt: skip
    assert line.getresponse().status != 101
    line.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org", ""])
def test_h23_an_address_others_reach_needs_a_word(host: str) -> None:
    with pytest.raises(UsageError, match="allow-remote"):
        serve(host=host, port=0)


@pytest.mark.parametrize("name", ["obs.example:443", "https://obs.example", "*", "", "a b"])
def test_h01_an_allowed_host_is_a_plain_name(name: str) -> None:
    with pytest.raises(UsageError, match="allow-host"):
        serve(allow_hosts=[name], port=0)


def test_h23_a_port_that_is_taken_is_said_with_a_way_out(small_store: StudyStore) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ResourceError, match=f"--port {port}: found another program"):
            serve(small_store.folder, port=port)


def test_a_refusal_keeps_its_status() -> None:
    fault = RequestFault(404, "p", found="f", expected="e", remedy="r")
    assert fault.status == 404
    assert isinstance(fault, InputError)
