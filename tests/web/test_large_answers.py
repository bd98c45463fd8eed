"""Nobody waits behind a large answer, and none fills the memory (H12)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from starlette.applications import Starlette
from starlette.types import Message

from servio.errors import ServioError
from servio.study import StudyStore
from servio.web import _app, _listen
from servio.web._answers import Answer, OpenStudy, Query, RequestFault
from servio.web._api import export
from servio.web._app import build
from servio.web._jobs import Jobs
from servio.web._large import LARGE, PART, InParts, Queue, Written, from_bytes, from_file
from servio.web._rows import _in_order, _Recent
from servio.web._tasks import _bounded
from web_server import eventually, listening

Serve = Callable[[Starlette], httpx.Client]
ROWS = LARGE + 1
FILLER = 4 << 20
GATE = threading.Event()
CALLS: list[str] = []


def large(study: OpenStudy, query: Query) -> Answer:
    CALLS.append(query.text("n", ""))
    frame = pa.table({"label": ["=a,b"] * ROWS, "value": np.arange(ROWS) / 8})
    return Answer({"about": {"measure": "m", "title": {"en": "T"}}}, frame)


def small(study: OpenStudy, query: Query) -> Answer:
    return Answer({"value": 1.5})


def filled(study: OpenStudy, query: Query) -> Answer:
    return Answer({"filler": "x" * FILLER})


@pytest.fixture(autouse=True)
def routes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    own = [("GET", f"/api/{f.__name__}", f) for f in (large, small, filled)]
    monkeypatch.setattr(_app, "_routes", lambda: own)
    CALLS.clear()
    GATE.clear()
    yield
    GATE.set()


# -- rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "xlsx", "dta"])
def test_h12_more_rows_than_an_answer_may_have_are_to_be_asked_in_parts(
    form: str, small_store: StudyStore, serving: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(export.MOST, form, ROWS - 1)
    client = serving(build(OpenStudy(small_store)))
    for given in [{"format": form}, *([{}] if form == "json" else [])]:
        response = client.get("/api/large", params=given)
        assert response.status_code == 422
        error = response.json()["error"]
        assert error["found"] == f"{ROWS:,} rows"
        assert "in parts" in error["remedy"]
    monkeypatch.setitem(export.MOST, form, ROWS)
    assert client.get("/api/large", params={"format": form, "n": "1"}).status_code == 200


def test_h12_a_child_sends_no_more_numbers_than_the_server_holds() -> None:
    class Made:
        results = pa.table({"value": [1.0, 2.0]})

    assert _bounded(Made(), 2).results is Made.results  # type: ignore[arg-type]
    with pytest.raises(RequestFault, match="2 numbers") as refused:
        _bounded(Made(), 1)  # type: ignore[arg-type]
    assert refused.value.status == 422


def test_h12_rows_asked_for_by_many_at_a_time_are_made_once() -> None:
    recent, made = _Recent(), list[int]()

    def make() -> Any:
        made.append(1)
        time.sleep(0.05)
        return SimpleNamespace(rows=pa.table({"value": [1.0]}))

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: recent.get("a", make), range(4)))
    assert len(made) == 1
    assert all(one is found[0] for one in found)
    with pytest.raises(ZeroDivisionError):
        recent.get("b", lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert recent.get("b", make) is not None


def test_rows_of_several_parts_are_in_order() -> None:
    def part(countries: list[str], values: list[float]) -> pa.Table:
        return pa.table({
            "source": pa.array(["s"] * len(values)).dictionary_encode(),
            "year": pa.array([2001, 2000], pa.int32()),
            "country": pa.array(countries).dictionary_encode(),
            "value": values, "unit": ["1", "1"], "unknown": [1, 2],
        })  # fmt: skip

    rows = _in_order([part(["KOR", "JPN"], [1.0, 2.0]), part(["DEU", "KOR"], [3.0, 4.0])])
    assert rows.drop_columns(["source", "unit"]).to_pydict() == {
        "year": [2000, 2000, 2001, 2001],
        "country": ["JPN", "KOR", "DEU", "KOR"],
        "value": [2.0, 4.0, 3.0, 1.0],
    }
    assert rows.schema.field("country").type == pa.string()


# -- files are written apart -----------------------------------------------------------------------


def test_h12_small_questions_do_not_wait_behind_files(
    small_store: StudyStore, serving: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def slowly(*given: Any) -> Any:
        written.append("begun")
        GATE.wait(20)
        return made(*given)

    made = _app.as_file
    monkeypatch.setattr(_app, "as_file", slowly)
    client = serving(build(OpenStudy(small_store)))
    with ThreadPoolExecutor(9) as pool:
        asked = [pool.submit(client.get, f"/api/large?format=csv&n={n // 2}") for n in range(9)]
        assert eventually(lambda: len(CALLS) == 5)  # the same file is made once for two askers
        assert client.get("/api/small").json() == {"value": 1.5}
        assert len(client.get("/api/large").json()["columns"]["value"]) == ROWS
        assert written == ["begun"]  # one at a time
        GATE.set()
        assert [one.result().status_code for one in asked] == [200] * 9
    assert len(written) == 5


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "dta"])
def test_a_large_file_is_written_by_a_child_and_kept_while_there_is_room(
    form: str, small_store: StudyStore, tmp_path: Path
) -> None:
    study = OpenStudy(small_store, Jobs(small_store, workers=1))
    with listening(build(study)) as client:
        first = client.get(f"/api/large?format={form}")
        again = client.get(f"/api/large?format={form}")
        head = client.head(f"/api/large?format={form}")
        (left,) = [path.suffix for path in study.scratch.iterdir()]
    assert first.status_code == 200
    assert first.headers["content-disposition"].endswith(f'.{form}"')
    assert first.content == again.content
    assert int(head.headers["content-length"]) == len(first.content)
    assert (CALLS, left) == ([""], f".{form}")
    read = {
        "csv": pd.read_csv,
        "xlsx": lambda file: pd.read_excel(file, engine="openpyxl"),
        "parquet": pd.read_parquet,
        "dta": pd.read_stata,
    }[form]
    path = tmp_path / f"copy.{form}"
    path.write_bytes(first.content)
    back = read(path)
    label = "'=a,b" if form in ("csv", "xlsx") else "=a,b"
    assert back.value.tolist() == (np.arange(ROWS) / 8).tolist()
    assert set(back.label) == {label}


def test_a_written_file_goes_with_the_last_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"1" * (PART + 5))
    held = Written(path)
    parts = from_file(held)
    del held
    assert asyncio.run(whole(parts)) == b"1" * (PART + 5)
    assert path.exists()
    del parts
    assert not path.exists()


def test_h12_what_waits_for_its_turn_is_bounded() -> None:
    async def three() -> list[str]:
        queue, told, free = Queue(room=10), list[str](), asyncio.Event()

        async def one(weight: int) -> None:
            try:
                async with queue.turn(weight):
                    await free.wait()
                    told.append("made")
            except ServioError as error:
                told.append(error.found)

        tasks = [asyncio.create_task(one(weight)) for weight in (20, 1, 1)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*tasks)
        tasks = [asyncio.create_task(one(weight)) for weight in (4, 4)]
        await asyncio.gather(*tasks)
        return told

    full = "many large answers that wait"
    assert asyncio.run(three()) == [full, full, "made", "made", "made"]


# -- who does not read -----------------------------------------------------------------------------


async def whole(parts: Callable[[], Awaitable[bytes]]) -> bytes:
    found = b""
    while part := await parts():
        found += part
    return found


def test_an_answer_goes_in_parts() -> None:
    body, sent = bytes(range(256)) * 2_000, list[Message]()

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        await InParts(from_bytes(body), {"content-length": str(len(body))}, "x/y")({}, None, send)  # type: ignore[arg-type]

    asyncio.run(run())
    parts = [message["body"] for message in sent[1:]]
    assert b"".join(parts) == body
    assert max(map(len, parts)) == PART
    assert [message.get("more_body", False) for message in sent[1:]] == [True] * 4 + [False]


def ask(client: httpx.Client) -> socket.socket:
    asker = socket.socket()
    asker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    host, port = client.base_url.host, client.base_url.port
    asker.connect((host, port))
    asker.sendall(f"GET /api/filled HTTP/1.1\r\nhost: {host}:{port}\r\n\r\n".encode())
    return asker


def test_h12_who_never_reads_is_left(
    small_store: StudyStore, serving: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = threading.Event()
    lost = _listen.Patient.connection_lost

    def told(self: Any, error: Exception | None) -> None:
        lost(self, error)
        left.set()

    monkeypatch.setattr(_listen, "READ_SECONDS", 0.3)
    monkeypatch.setattr(_listen.Patient, "connection_lost", told)
    client = serving(build(OpenStudy(small_store)))
    with contextlib.closing(ask(client)) as asker:
        assert left.wait(20)
        asker.settimeout(10)
        size = 0
        with contextlib.suppress(ConnectionResetError):
            while part := asker.recv(1 << 20):
                size += len(part)
    assert size < FILLER


def test_who_reads_slowly_gets_all(
    small_store: StudyStore, serving: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_listen, "READ_SECONDS", 2.0)
    client = serving(build(OpenStudy(small_store)))
    with contextlib.closing(ask(client)) as asker:
        asker.settimeout(20)
        size = 0
        while size < FILLER:
            part = asker.recv(65_536)
            assert part
            size += len(part)
            time.sleep(0.002)
