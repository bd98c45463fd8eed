"""Tables of the study, and tables a session brings: read apart, kept apart, gone with it."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pandas as pd
import pytest

from servio.study import StudyStore
from servio.web import application
from servio.web._answers import Pending
from servio.web._api import cell as cell_module
from servio.web._api import measure
from servio.web._api._one_table import Brought
from servio.web._api.export import SYNTHETIC
from servio.web._jobs import Jobs

TABLE = """
[table]
title = "My economy"
year = 2014
currency = "USD"
unit = "million"
Z = "z.csv"
x = "x.csv"
[groups]
manufacturing = ["sector 1"]
services = ["sector 2"]
"""
FILES = {
    "own/table.toml": TABLE,
    "own/z.csv": ",sector 1,sector 2\nsector 1,150,500\nsector 2,200,100\n",
    "own/x.csv": ",output\nsector 1,1000\nsector 2,2000\n",
}


def packed(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


@pytest.fixture(scope="module")
def address(small_store: StudyStore) -> Iterator[Any]:
    from web_server import listening

    with listening(application(small_store, jobs=Jobs(small_store))) as client:
        yield client.base_url


@pytest.fixture
def visitor(address: Any) -> Iterator[Callable[[], httpx.Client]]:
    open_clients: list[httpx.Client] = []

    def new() -> httpx.Client:
        open_clients.append(httpx.Client(base_url=address, timeout=60))
        return open_clients[-1]

    yield new
    for client in open_clients:
        client.close()


def asked(client: httpx.Client, path: str) -> httpx.Response:
    for _ in range(60):
        answer = client.get(path)
        if answer.status_code != 202:
            return answer
        time.sleep(0.2)
    raise AssertionError("no answer")


def sent(client: httpx.Client, body: bytes, name: str = "own.zip") -> httpx.Response:
    return client.post(
        "/api/uploads", content=body,
        headers={"x-file-name": name, "origin": str(client.base_url).rstrip("/")},
    )  # fmt: skip


def test_tables_of_the_study_with_their_audits(visitor: Any, small_store: StudyStore) -> None:
    found = asked(visitor(), "/api/tables").json()
    audits = small_store.audits()
    assert found["tables"]["rows"] == len(audits)
    assert found["tables"]["columns"]["data_residual"] == audits.data_residual.tolist()
    assert found["findings"]["rows"] == len(small_store.findings())


def test_an_own_table_is_audited_and_measured(visitor: Any) -> None:
    client = visitor()
    id = sent(client, packed(FILES)).json()["table"]
    found = asked(client, f"/api/uploads/{id}").json()
    assert found["info"]["industries"] == 2 and found["info"]["unit"] == "million USD"
    assert found["audit"]["failures"] == 0 and found["audit"]["numeric_residual"] < 1e-12
    own = asked(client, f"/api/measure/output_multiplier?table={id}").json()
    assert own["columns"]["value"] == pytest.approx([1.518151815, 1.452145215])
    assert own["about"]["evidence"].get("inputs") is None, "not the study's files"
    cell = asked(client, f"/api/cell/service_input_coefficient?table={id}&source=generic"
                 "&year=2014&industry=sector 1").json()  # fmt: skip
    assert cell["value"] == 0.2 and cell["check"]["kind"] == "exact"


def marks(client: httpx.Client, given: str) -> list[bool]:
    """Whether the answer, the workbook and the Stata file say that the numbers are made up."""
    path = f"/api/measure/output_multiplier?by=industry{given}"
    about = asked(client, path).json()["about"]
    book = openpyxl.load_workbook(io.BytesIO(asked(client, f"{path}&format=xlsx").content))
    told = {str(cell) for row in book["about"].values for cell in row}
    with pd.io.stata.StataReader(io.BytesIO(asked(client, f"{path}&format=dta").content)) as file:
        label = file.data_label
    return [about["synthetic"], SYNTHETIC in told, label.startswith("SYNTHETIC")]


def test_an_own_table_is_marked_as_it_is_and_not_as_the_study(
    visitor: Any, small_store: StudyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = visitor()
    table = f"&table={sent(client, packed(FILES)).json()['table']}"
    assert small_store.synthetic
    assert marks(client, "&year=2000") == [True] * 3
    assert marks(client, table) == [False] * 3
    cell = f"/api/cell/service_input_coefficient?source=generic&year=2014&industry=sector 1{table}"
    assert asked(client, cell).json()["about"]["synthetic"] is False
    monkeypatch.setattr(StudyStore, "synthetic", False)
    for module in (measure, cell_module):
        made = module.brought
        monkeypatch.setattr(module, "brought", lambda q, made=made: as_if_synthetic(made(q)))
    assert marks(client, table) == [True] * 3
    assert asked(client, cell).json()["about"]["synthetic"] is True


def as_if_synthetic(found: Brought | Pending | None) -> Brought | Pending | None:
    return replace(found, synthetic=True) if isinstance(found, Brought) else found


def test_what_an_own_table_can_be_asked_is_told(visitor: Any) -> None:
    client = visitor()
    bare = {**FILES, "own/table.toml": TABLE.partition("[groups]")[0]}
    named, plain = (
        asked(client, f"/api/uploads/{sent(client, packed(files)).json()['table']}").json()["can"]
        for files in (FILES, bare)
    )
    assert named["groupings"] == ["manufacturing", "services"]
    assert [one["name"] for one in named["own"]] == named["groupings"]
    assert [g["code"] for one in named["own"] for g in one["groups"]] == named["groupings"]
    both = {"output_multiplier", "cycling"}
    assert both | {"service_input_coefficient", "inducement_pair"} <= set(named["measures"])
    never = {"outsourcing", "participation", "service_input_change", "functional_specialisation"}
    assert not never & set(named["measures"]), "no energy, one country, one year, no functions"
    assert plain["groupings"] == plain["own"] == []
    assert both <= set(plain["measures"]) < set(named["measures"])
    assert "service_input_coefficient" not in plain["measures"]


def test_h07_the_table_of_another_session_is_not_there(visitor: Any) -> None:
    one, other = visitor(), visitor()
    id = sent(one, packed(FILES)).json()["table"]
    assert len(id) == 22 and asked(one, f"/api/uploads/{id}").status_code == 200
    for path in (f"/api/uploads/{id}", f"/api/measure/output_multiplier?table={id}"):
        answer = other.get(path)
        assert answer.status_code == 404 and "sector" not in answer.text
    assert other.get("/api/uploads").json()["uploads"] == []
    assert [t["table"] for t in one.get("/api/uploads").json()["uploads"]] == [id]


def test_a_table_is_gone_when_it_is_deleted(visitor: Any) -> None:
    client = visitor()
    id = sent(client, packed(FILES)).json()["table"]
    asked(client, f"/api/uploads/{id}")
    origin = {"origin": str(client.base_url).rstrip("/")}
    assert client.delete(f"/api/uploads/{id}", headers=origin).status_code == 200
    assert client.get(f"/api/uploads/{id}").status_code == 404


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"\x80\x04\x95 pickle", "table.pkl"),
        (b"a,b\n1,2\n", "plain.csv"),
        (packed({**FILES, "own/z.csv": "nothing"}), "own.zip"),
        (packed({**FILES, "../../escape.toml": TABLE}), "own.zip"),
        (packed({**FILES, "second.toml": TABLE}), "own.zip"),
        (packed({"table.toml": TABLE.replace("z.csv", "/etc/passwd"), "x.csv": ""}), "own.zip"),
        (b"PK\x03\x04 cut off", "own.zip"),
    ],
)
def test_h11_h19_what_cannot_be_read_is_said_without_a_path(
    visitor: Any, body: bytes, name: str
) -> None:
    client = visitor()
    answer = sent(client, body, name)
    if answer.status_code == 200:
        answer = asked(client, f"/api/uploads/{answer.json()['table']}")
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert set(error) >= {"place", "found", "expected", "remedy"}
    assert "/tmp" not in answer.text and "servio-web" not in answer.text
    assert "Traceback" not in answer.text and "root:" not in answer.text
    listed = client.get("/api/uploads")
    assert [one["error"] for one in listed.json()["uploads"]] in ([], [error])
    assert "/tmp" not in listed.text


def test_a_cut_off_archive_is_asked_for_again(visitor: Any) -> None:
    client, whole = visitor(), packed(FILES)
    answer = sent(client, whole[: len(whole) // 2])
    if answer.status_code == 200:
        answer = asked(client, f"/api/uploads/{answer.json()['table']}")
    error = answer.json()["error"]
    assert error["found"].startswith("a damaged or cut-off zip archive")
    assert error["remedy"].startswith("Send the whole file again")


def members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_example_comes_back_as_a_table(visitor: Any, form: str) -> None:
    client = visitor()
    given = client.get(f"/api/example?as={form}")
    assert given.headers["content-type"] == "application/zip"
    assert f"servio-example-{form}.zip" in given.headers["content-disposition"]
    assert given.content == visitor().get(f"/api/example?as={form}").content
    found = asked(client, f"/api/uploads/{sent(client, given.content).json()['table']}").json()
    assert found["info"]["industries"] == 2 and found["info"]["unit"] == "million USD"
    assert found["audit"]["failures"] == found["audit"]["warnings"] == 0
    assert found["audit"]["data_residual"] == 0 and found["findings"]["rows"] == 0
    own = asked(client, f"/api/measure/output_multiplier?table={found['table']}&by=industry")
    assert own.json()["columns"]["value"] == pytest.approx([1.518151815, 1.452145215])
    spare = asked(client, f"/api/measure/service_input_share?table={found['table']}")
    assert spare.status_code == 200, "its groups name services and manufacturing"


def test_the_example_is_the_one_of_the_documentation(visitor: Any) -> None:
    folder = Path(__file__).resolve().parents[2] / "examples" / "two-sector"
    found = members(visitor().get("/api/example").content)
    assert found == {path.name: path.read_bytes() for path in folder.iterdir()}
    book = members(visitor().get("/api/example?as=xlsx").content)
    assert set(book) == {"table.toml", "two-sector.xlsx"}
    assert visitor().get("/api/example?as=exe").status_code == 400


@pytest.mark.parametrize(
    ("body", "name", "words"),
    [
        (FILES["own/z.csv"].encode(), "z.csv", "several files at a time, or one ZIP"),
        (packed({"z.csv": FILES["own/z.csv"], "x.csv": "a,b\n"}), "own.zip", "into the ZIP"),
        (packed({"table.toml": "[table]\nZ = 'z.csv'\nz = 1", "z.csv": ""}), "own.zip", "manual"),
    ],
)
def test_what_is_missing_is_said_to_who_has_a_page_only(
    visitor: Any, body: bytes, name: str, words: str
) -> None:
    client = visitor()
    one = settled(client, sent(client, body, name).json()["table"])
    assert words in " ".join(one["error"].values())
    assert one["lacking"] == ("manual" not in words)
    assert "docs/" not in str(one) and ".md" not in str(one)


SECRET = "root:x:0:0"
SENT = {
    "its sheet": ("xl/worksheets/sheet1.xml", 400),
    "its workbook": ("xl/workbook.xml", 400),
    "its links": ("xl/_rels/workbook.xml.rels", 400),
    "its strings": ("xl/sharedStrings.xml", 400),
    "its properties, which nobody reads": ("docProps/core.xml", 200),
}


def poisoned(member: str, declared: str, *, before: bytes = b"") -> dict[str, bytes]:
    """The example whose workbook has a document type with entities in one of its members."""
    from servio.web._example import packed as example

    given = members(example("xlsx"))
    book = members(given["two-sector.xlsx"])
    plain = re.sub(rb"^<\?xml.*?\?>\s*", b"", book[member])
    first = re.match(rb"<([\w:]+)", plain)
    assert first is not None
    used = re.sub(rb"(<(?:t|v|dc:creator)[^>]*>)", rb"\1&e;", plain, count=1)
    book[member] = b'<?xml version="1.0"?>%s<!DOCTYPE %s [%s]>%s' % (
        before, first[1], declared.encode(), used)  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in book.items():
            archive.writestr(name, content)
    return {**given, "two-sector.xlsx": out.getvalue()}


def archived(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("where", SENT)
@pytest.mark.parametrize("alone", [False, True], ids=["described", "alone"])
def test_h11_f23_a_workbook_with_entities_reads_no_file(
    visitor: Any, tmp_path: Path, where: str, alone: bool
) -> None:
    member, status = SENT[where]
    secret = tmp_path / "secret"
    secret.write_text(SECRET, "utf-8")
    files = poisoned(member, f'<!ENTITY e SYSTEM "{secret.as_uri()}">')
    body = files["two-sector.xlsx"] if alone else archived(files)
    client = visitor()
    given = sent(client, body, "book.xlsx" if alone else "own.zip").json()
    answer = asked(client, f"/api/uploads/{given['table']}")
    assert answer.status_code == (400 if alone else status), answer.text
    assert SECRET not in answer.text and "secret" not in answer.text
    if answer.status_code == 400:
        error = answer.json()["error"]
        assert all(error[part] for part in ("place", "found", "expected", "remedy"))
        assert "/tmp" not in answer.text and "Traceback" not in answer.text


@pytest.mark.parametrize("before", [b"", b"<!--%s-->" % (b"x" * 2**17)], ids=["first", "late"])
def test_h11_f23_entities_that_multiply_do_no_harm(visitor: Any, before: bytes) -> None:
    steps = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    declared = f'<!ENTITY e0 "ha">{steps}<!ENTITY e "&e9;">'
    client = visitor()
    files = poisoned("xl/sharedStrings.xml", declared, before=before)
    answer = asked(client, f"/api/uploads/{sent(client, archived(files)).json()['table']}")
    assert answer.status_code == 400, answer.text
    assert set(answer.json()["error"]) == {"place", "found", "expected", "remedy"}
    assert "haha" not in answer.text and len(answer.content) < 2_000


@pytest.mark.parametrize(
    ("name", "countries", "years"),
    [
        ("KOR2022ttl.csv", ["KOR"], [2022]),
        ("mine.csv", [""], []),
        ("../KOR2022ttl.csv", ["KOR"], [2022]),
        ("KOR2022ttl.csv/../x.csv", [""], []),
    ],
)
def test_h05_a_published_name_says_country_and_year_another_is_not_used(
    visitor: Any, tmp_path: Path, name: str, countries: list[str], years: list[int]
) -> None:
    import oecd_files

    client = visitor()
    body = oecd_files.write(tmp_path / "any.csv").read_bytes()
    found = settled(client, sent(client, body, name).json()["table"])
    assert (found["info"]["countries"], found["info"]["years"]) == (countries, years)


def settled(client: httpx.Client, id: str) -> dict[str, Any]:
    for _ in range(150):
        found = {one["table"]: one for one in client.get("/api/uploads").json()["uploads"]}
        if not found[id].get("pending"):
            return dict(found[id])
        time.sleep(0.1)
    raise AssertionError("no end")


def test_why_an_upload_failed_stays_until_it_is_deleted(visitor: Any) -> None:
    client = visitor()
    ids = [sent(client, b"a,b\n1,%d\n" % n, f"{n}.csv").json()["table"] for n in (2, 3)]
    for _ in range(2):
        one = settled(client, ids[0])
        assert set(one["error"]) == {"place", "found", "expected", "remedy"}
        assert all(one["error"].values()) and "/tmp" not in str(one)
        assert one["name"] == "2.csv" and "info" not in one
    settled(client, ids[1])
    seen = client.get(f"/api/uploads/{ids[0]}")
    assert seen.status_code == 400 and seen.json()["error"] == one["error"]
    assert [t["table"] for t in client.get("/api/uploads").json()["uploads"]] == ids
    origin = {"origin": str(client.base_url).rstrip("/")}
    for id in ids:
        assert client.delete(f"/api/uploads/{id}", headers=origin).status_code == 200
    assert client.get("/api/uploads").json()["uploads"] == []


def test_failed_uploads_do_not_fill_the_session(visitor: Any) -> None:
    from servio.web._api.data import FAILURES

    client, ids = visitor(), []
    for n in range(FAILURES + 2):
        ids.append(sent(client, b"a,b\n5,%d\n" % n, f"{n}.csv").json()["table"])
        settled(client, ids[-1])
    assert [t["table"] for t in client.get("/api/uploads").json()["uploads"]] == ids[-FAILURES:]


def test_a_check_goes_on_when_its_page_is_closed() -> None:
    from concurrent.futures import Future

    from servio.web._api.data import Own

    class Told:
        future: Future[Any] = Future()
        waiting: set[str] = set()  # noqa: RUF012

        def join(self, waiter: str) -> None:
            self.waiting.add(waiter)

        def leave(self, waiter: str, *, for_good: bool = False) -> None:
            self.waiting.discard(waiter)

    job = Told()
    own = Own("id", Path("a"), Path("nowhere"), "a", 1, job)  # type: ignore[arg-type]
    assert job.waiting == {"id"}
    own.close()
    assert job.waiting == set()


def test_files_are_gone_with_the_server(small_store: StudyStore, tmp_path: Path) -> None:
    from web_server import listening

    app = application(small_store, jobs=Jobs(small_store))
    with listening(app) as client:
        sent(client, packed(FILES))
        scratch = app.state.study.scratch if hasattr(app.state, "study") else None
        assert scratch is None or any(scratch.iterdir())
    assert scratch is None or not scratch.exists()
