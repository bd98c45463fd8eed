"""R asks the server as docs/observatory.md says, and reads the files it gives, number by number."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from servio.study import StudyStore
from servio.web import application

DOCS = Path(__file__).resolve().parents[2] / "docs"
RSCRIPT = shutil.which("Rscript") or ""
NAME = "service_input_share"
ASKED = f"/api/measure/{NAME}?grouping=services&by=manufacturing"
FORMS = {
    "csv": "read.csv(path, encoding = 'UTF-8')",
    "dta": "as.data.frame(haven::read_dta(path))",
    "xlsx": "as.data.frame(readxl::read_excel(path))",
}


def has_packages(*names: str) -> bool:
    there = " && ".join(f"requireNamespace('{name}', quietly = TRUE)" for name in names)
    done = subprocess.run([RSCRIPT, "-e", f"cat({there})"], capture_output=True, text=True)
    return done.stdout == "TRUE"


needs_r = pytest.mark.skipif(
    not RSCRIPT or not has_packages("jsonlite"), reason="needs R with jsonlite"
)


@pytest.fixture
def client(small_store: StudyStore, serving: Callable[[Starlette], httpx.Client]) -> httpx.Client:
    return serving(application(small_store))


def told_by_r(script: str) -> list[float]:
    """The column `value` of what an R script calls `share`."""
    script += "\ncat(jsonlite::toJSON(share$value, digits = I(17)))"
    done = subprocess.run([RSCRIPT, "-e", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


@needs_r
def test_the_lines_for_r_give_the_numbers(small_store: StudyStore, client: httpx.Client) -> None:
    page = (DOCS / "observatory.md").read_text("utf-8")
    lines = re.findall(r"```r\n(.*?)```", page, re.DOTALL)[0]
    lines = lines.replace("http://127.0.0.1:8350", str(client.base_url).rstrip("/"))
    lines = lines.replace("grouping=kiet", "grouping=services")
    rows = small_store.results(NAME)
    assert told_by_r(lines) == pytest.approx(rows["value"].tolist(), rel=1e-15)


@needs_r
@pytest.mark.parametrize("form", FORMS)
def test_r_reads_the_files(
    form: str, small_store: StudyStore, client: httpx.Client, tmp_path: Path
) -> None:
    package = {"dta": "haven", "xlsx": "readxl"}.get(form, "jsonlite")
    if not has_packages(package):
        pytest.skip(f"needs R's {package}")
    path = tmp_path / f"share.{form}"
    path.write_bytes(client.get(f"{ASKED}&format={form}").raise_for_status().content)
    rows = small_store.results(NAME)
    found = told_by_r(f"path <- {json.dumps(str(path))}; share <- {FORMS[form]}")
    assert found == pytest.approx(rows["value"].tolist(), rel=1e-15)
