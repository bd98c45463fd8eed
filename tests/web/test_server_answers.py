"""Questions are checked, answers encoded, kept, compressed and recognised; files are cached."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from starlette.applications import Starlette

from servio.errors import NumericalError, ResourceError, UsageError
from servio.study import StudyStore
from servio.web import _app
from servio.web._answers import Answer, File, OpenStudy, Query, columns, decoded, encoded
from servio.web._app import _Body, _Kept, build
from servio.web._faults import status_of, without_paths
from servio.web._serve import _listening
from servio.web._static import Bundle

Serve = Callable[[Starlette], httpx.Client]
ROOT = Path(__file__).resolve().parents[2]


# -- questions -------------------------------------------------------------------------------------


def ask(text: str) -> Query:
    return Query(decoded(text.encode()))


def test_a_query_gives_each_kind_of_value() -> None:
    query = ask("by=industry&country=KOR,JPN,,KOR&year=2014&level=.95&level2=0.95&total=true")
    assert query.text("by", choices=("industry", "technology")) == "industry"
    assert query.texts("country") == ("KOR", "JPN")
    assert query.integer("year") == 2014
    assert query.number("level2", 0.5, 0, 1) == 0.95
    assert query.flag("total") is True
    assert query.text("absent", "default") == "default"
    assert (query.texts("none"), query.integer("none"), query.flag("none")) == ((), None, False)
    with pytest.raises(UsageError, match="level"):
        query.number("level")
    query.done()


def test_the_rest_is_what_nobody_has_read() -> None:
    query = ask("source=x&origin=domestic&grouping=a%2Bb")
    assert query.text("source") == "x"
    assert query.rest() == {"origin": "domestic", "grouping": "a+b"}
    query.done()


def test_an_unknown_name_is_refused_with_the_near_one() -> None:
    query = ask("contry=KOR")
    query.texts("country")
    with pytest.raises(UsageError, match=r"contry.*expected country"):
        query.done()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("by=x", lambda q: q.text("by", choices=("industry",))),
        ("", lambda q: q.text("by")),
        ("c=" + ",".join(map(str, range(201))), lambda q: q.texts("c")),
        ("c=a,z", lambda q: q.texts("c", choices=("a",))),
        ("y=2014.5", lambda q: q.integer("y")),
        ("y=nan", lambda q: q.number("y")),
        ("y=inf", lambda q: q.number("y")),
        ("y=1e30", lambda q: q.number("y")),
        ("y=-1", lambda q: q.integer("y")),
        ("y=0x10", lambda q: q.number("y")),
        ("t=yes", lambda q: q.flag("t")),
    ],
)
def test_values_that_cannot_be_are_refused(text: str, read: Callable[[Query], Any]) -> None:
    with pytest.raises(UsageError):
        read(ask(text))


def test_reading_the_session_makes_an_answer_private() -> None:
    query = ask("")
    assert not query.private
    assert not query.session.bound
    assert query.private


# -- JSON ------------------------------------------------------------------------------------------


def test_a_frame_of_pandas_and_of_arrow_goes_as_the_same_columns() -> None:
    frame = pd.DataFrame(
        {
            "year": pd.array([2000, None], dtype="Int64"),
            "code": pd.Categorical(["KOR", None]),
            "value": [0.1 + 0.2, float("nan")],
            "n": np.array([1, 2], dtype=np.int32),
            "yes": [True, False],
            "text": ["é", None],
        }
    )
    wanted = {
        "columns": {
            "year": [2000, None],
            "code": ["KOR", None],
            "value": [0.30000000000000004, None],
            "n": [1, 2],
            "yes": [True, False],
            "text": ["é", None],
        },
        "rows": 2,
    }
    assert json.loads(encoded(columns(frame))) == wanted
    assert json.loads(encoded(columns(pa.Table.from_pandas(frame)))) == wanted


def test_arrays_numbers_and_frames_go_wherever_they_stand() -> None:
    value = {
        "a": np.array([1.5, np.inf, np.nan]),
        "b": [np.float64(0.5), np.int64(3), np.bool_(True), pd.NA],
        "c": {"d": pd.DataFrame({"x": [1]})},
        "e": float("nan"),
    }
    assert json.loads(encoded(value)) == {
        "a": [1.5, None, None],
        "b": [0.5, 3, True, None],
        "c": {"d": {"columns": {"x": [1]}, "rows": 1}},
        "e": None,
    }


def test_what_has_no_json_is_a_fault_not_a_text() -> None:
    with pytest.raises(TypeError):
        encoded({"path": Path("/etc")})


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status"), [(UsageError, 400), (NumericalError, 422), (ResourceError, 503)]
)
def test_errors_have_a_status(kind: Any, status: int) -> None:
    assert status_of(kind("p", found="f", expected="e", remedy="r")) == status
    assert status_of(MemoryError()) == 503
    assert status_of(KeyError()) == 500


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no /srv/io/wiod/x.xlsx here", "no x.xlsx here"),
        ("'/srv/x.toml'", "'x.toml'"),
        (r"C:\data\io\x.csv", "x.csv"),
        ("input/output and and/or 3/4", "input/output and and/or 3/4"),
        ("see #/measure?name=x or https://example.org/a", "see #/measure?name=x or https://example.org/a"),
        ("/srv/my tables/x.csv", "x.csv"),
        ("a + b, [c]", "a + b, [c]"),
    ],
)  # fmt: skip
def test_paths_lose_their_folders(text: str, shown: str) -> None:
    assert without_paths(text, [Path("/srv/my tables")]) == shown


# -- the cache and what tells an answer ------------------------------------------------------------


def test_kept_answers_are_bounded_by_their_bytes() -> None:
    kept = _Kept(100_000)
    for number in range(100):
        kept.keep(str(number), _Body(bytes(10_000), None, "x"))
    assert kept._weight == sum(body.weight for body in kept._bodies.values()) <= 100_000
    assert kept.find("99") is not None
    assert kept.find("0") is None
    kept.keep("99", _Body(bytes(20_000), None, "x"))
    kept.keep("huge", _Body(bytes(50_000), None, "x"))
    assert kept.find("huge") is None
    assert kept._weight == sum(body.weight for body in kept._bodies.values()) <= 100_000


CALLS: list[str] = []


def table(study: OpenStudy, query: Query) -> Answer:
    CALLS.append("table")
    text = query.text("a", "1") + query.text("b", "2")
    frame = pd.DataFrame({"value": np.linspace(0, 1, 500), "industry": "c10"})
    return Answer({"about": {"measure": "upstreamness"}, "text": text}, frame)


def passing(study: OpenStudy, query: Query) -> Answer:
    CALLS.append("passing")
    return Answer({}, kept=False)


def file(study: OpenStudy, query: Query) -> File:
    return File('../a "b"\r\nX: y.csv', "text/csv", b"a,b\n1,2\n")


@pytest.fixture
def client(
    serving: Serve, small_store: StudyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> httpx.Client:
    CALLS.clear()
    routes = [("GET", f"/api/{f.__name__}", f) for f in (table, passing, file)]
    monkeypatch.setattr(_app, "_routes", lambda: routes)
    (tmp_path / "assets").mkdir()
    page = b"<!doctype html>" + b" " * 2_000
    (tmp_path / "index.html").write_bytes(page)
    (tmp_path / "index.html.gz").write_bytes(gzip.compress(page))
    (tmp_path / "assets" / "main-AbCd1234.js").write_bytes(b"export {}")
    return serving(build(OpenStudy(small_store), bundle=Bundle(tmp_path)))


def test_an_answer_is_computed_once_whatever_the_order_of_the_parameters(
    client: httpx.Client,
) -> None:
    one = client.get("/api/table?a=x&b=y")
    two = client.get("/api/table?b=y&a=x&wait=3")
    assert one.content == two.content
    assert one.headers["etag"] == two.headers["etag"] != client.get("/api/table").headers["etag"]
    assert CALLS == ["table"] * 2
    assert one.headers["cache-control"] == "no-cache"


def test_an_answer_the_asker_has_is_not_sent_again(client: httpx.Client) -> None:
    etag = client.get("/api/table").headers["etag"]
    again = client.get("/api/table", headers={"if-none-match": f'"x", {etag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == etag
    assert client.get("/api/table?a=2", headers={"if-none-match": etag}).status_code == 200


def test_what_is_not_kept_is_asked_anew(client: httpx.Client) -> None:
    for _ in range(2):
        response = client.get("/api/passing")
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers
    assert CALLS == ["passing"] * 2


@pytest.mark.parametrize(
    ("accept", "packed"),
    [("gzip, br", True), ("br;q=1.0, gzip;q=0.8", True), ("identity", False), ("gzip;q=0", False)],
)
@pytest.mark.parametrize("path", ["/api/table", "/"])
def test_large_answers_are_packed_for_who_can_unpack(
    client: httpx.Client, path: str, accept: str, packed: bool
) -> None:
    response = client.get(path, headers={"accept-encoding": accept})
    assert (response.headers.get("content-encoding") == "gzip") is packed
    assert response.headers["vary"] == "accept-encoding"
    plain = client.get(path, headers={"accept-encoding": "identity"})
    assert response.content == plain.content
    if packed:
        assert int(response.headers["content-length"]) < int(plain.headers["content-length"])


@pytest.mark.parametrize("path", ["/", "/api/table", "/assets/main-AbCd1234.js"])
def test_head_is_get_without_the_body(client: httpx.Client, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert head.content == b""
    for name in ("content-length", "content-type", "etag", "cache-control"):
        assert head.headers[name] == get.headers[name]


def test_hashed_files_are_kept_for_good_and_the_page_is_not(client: httpx.Client) -> None:
    script = client.get("/assets/main-AbCd1234.js")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"].startswith("text/javascript")
    page = client.get("/")
    assert page.headers["cache-control"] == "no-cache"
    assert page.content == client.get("/index.html").content
    again = client.get("/", headers={"if-none-match": page.headers["etag"]})
    assert again.status_code == 304


def test_a_table_is_given_as_a_file(client: httpx.Client) -> None:
    response = client.get("/api/table?format=csv")
    name = response.headers["content-disposition"]
    assert name.startswith('attachment; filename="servio-upstreamness-')
    assert response.text.splitlines()[0] == "value,industry"
    other = client.get("/api/table?format=csv&a=2").headers["content-disposition"]
    assert other != name


def test_the_name_of_a_file_can_not_break_out_of_its_header(client: httpx.Client) -> None:
    response = client.get("/api/file")
    name = response.headers["content-disposition"]
    assert name == 'attachment; filename="a-b-X-y.csv"'
    assert "x" not in response.headers


def test_methods_that_an_address_does_not_have(client: httpx.Client) -> None:
    own = {"origin": str(client.base_url).rstrip("/")}
    for path in ("/api/table", "/", "/nothing"):
        assert client.delete(path, headers=own).status_code in (404, 405)
        assert set(client.delete(path, headers=own).json()) == {"error", "request"}


def test_the_first_question_of_a_page_is_answered_before_it_is_asked(
    serving: Serve, small_store: StudyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    CALLS.clear()
    monkeypatch.setattr(_app, "_routes", lambda: [("GET", "/api/study", passed)])
    client = serving(build(OpenStudy(small_store)))
    assert CALLS == ["study"]
    assert client.get("/api/study").json() == {"title": "x"}
    assert CALLS == ["study"]


def passed(study: OpenStudy, query: Query) -> Answer:
    CALLS.append("study")
    return Answer({"title": "x"})


def test_a_first_question_without_an_answer_does_not_stop_the_server(
    serving: Serve, small_store: StudyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(study: OpenStudy, query: Query) -> Answer:
        raise KeyError

    monkeypatch.setattr(_app, "_routes", lambda: [("GET", "/api/study", failing)])
    client = serving(build(OpenStudy(small_store)))
    assert client.get("/api/study").status_code == 500
    assert client.get("/").status_code in (200, 404)


# -- what is open ----------------------------------------------------------------------------------


def test_a_thing_is_made_once_by_many_threads(small_store: StudyStore) -> None:
    study, made, gate = OpenStudy(small_store), [], threading.Barrier(8)

    def use() -> None:
        gate.wait()
        study.once("thing", lambda: made.append(1) or len(made))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


def test_temporary_files_go_with_the_study(small_store: StudyStore) -> None:
    study = OpenStudy(small_store)
    (study.scratch / "x").write_bytes(b"1")
    folder = study.scratch
    study.close()
    assert not folder.exists()
    study.close()


def test_the_interface_has_no_path_twice() -> None:
    found = [(method, path) for method, path, _ in _app._routes()]
    assert len(found) == len(set(found))
    assert all(path.startswith("/api/") for _, path in found)
    assert {("GET", "/api/study"), ("GET", "/api/jobs"), ("DELETE", "/api/jobs/{id}")} <= {*found}


def test_small_packets_do_not_wait_for_each_other() -> None:
    listener = _listening("127.0.0.1", 0)
    with contextlib.closing(listener):
        assert listener.proto == socket.IPPROTO_TCP  # what asyncio looks at


# -- the command -----------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_when_it_is_ready_and_ends_when_asked(
    small_store: StudyStore, how: signal.Signals
) -> None:
    command = [sys.executable, "-m", "servio", "serve", str(small_store.folder), "--port", "0"]
    with subprocess.Popen(
        [*command, "--workers", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line.startswith("Ready: http://127.0.0.1:")
        address = line.removeprefix("Ready: ").strip()
        assert httpx.get(address, trust_env=False).status_code == 200
        assert httpx.get(f"{address}api/study", trust_env=False).json()["synthetic"] is True
        process.send_signal(how)
        assert process.wait(30) == 0
        assert process.stderr.read() == ""


def test_the_command_ends_at_once_with_pages_open_and_a_question_under_way(
    small_store: StudyStore,
) -> None:
    command = [sys.executable, "-m", "servio", "serve", str(small_store.folder), "--port", "0"]
    with subprocess.Popen(
        [*command, "--workers", "1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"},
    ) as process, contextlib.ExitStack() as stack:  # fmt: skip
        assert process.stdout is not None
        address = process.stdout.readline().removeprefix("Ready: ").strip()
        port = int(address.rsplit(":", 1)[1].strip("/"))
        head = b"Host: localhost\r\n\r\n"
        for sent in (
            b"",
            b"GET / HTTP/1.1\r\nHost: loc",
            b"GET /api/study HTTP/1.1\r\n" + head,
            b"GET /api/measure/output_multiplier?wait=60 HTTP/1.1\r\n" + head,
        ):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            line.sendall(sent)
        time.sleep(0.3)
        began = time.monotonic()
        process.terminate()
        assert process.wait(30) == 0
        assert time.monotonic() - began < 20
