"""Reports: one HTML file that needs no network, the same as PDF, and a workbook of its tables."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from servio.errors import InputError, ServioError, UsageError
from servio.report._pdf import find_browser, printed
from servio.report._stamp import up_to_date
from servio.study import LiveTables, live_tables
from servio.table import write_atomic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from servio.explain import ClaimRecord
    from servio.study import StudyStore

__all__ = ["claims_text", "current", "find_browser", "pdf", "workbook", "write"]

NEEDS = ("altair", "jinja2", "vl_convert", "xlsxwriter")


def write(
    store: StudyStore, path: str | Path | None = None, tables: str | Path | None = None
) -> Path:
    """Write the report of a finished study as one HTML file.

    What does the study say? Headline numbers, ranks, trends, heat maps, the spread over
    definitions, the chain of a product from the study's tables, verdicts on the claims of the
    source documents, data quality and methods; what the study does not measure is left out and
    listed.
    Charts are drawings inside the page, tables and their data can be saved from it; it opens
    without network and without scripts, and prints on A4.

    Parameters
    ----------
    store : StudyStore
        From `servio.study.run` or `servio.study.open_store`.
    path : path, optional
        ``report.html`` in the study's folder if left out. Written whole or not at all; the same
        study and tables give the same bytes.
    tables : path, optional
        Folder that the paths in the study file start from; where the study ran, if left out. If
        the tables are not there any more, the report says so in place of the chain.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        The packages of the ``report`` extra are not installed.
    InputError
        The tables are not in the folder named, or are others than those of the study.
    ResourceError
        The file can't be written.

    Examples
    --------
    >>> from servio import report, study
    >>> store = study.run("examples/wiod2016.toml", "out/wiod2016")   # doctest: +SKIP
    >>> report.write(store)                                           # doctest: +SKIP
    PosixPath('out/wiod2016/report.html')
    """
    _check_extra()
    from servio.report._page import as_html, build
    from servio.report._workbook import as_xlsx

    target = Path(path) if path is not None else store.folder / "report.html"
    made = build(store, _attached(store, tables))
    write_atomic(target, as_html(made, as_xlsx(made)).encode())
    return target


def current(store: StudyStore) -> Path:
    """Path of the study's own report, written only if it is not there or of another study or code.

    A report that was written without the study's tables is written again.

    Parameters
    ----------
    store : StudyStore

    Returns
    -------
    Path
        ``report.html`` in the study's folder.

    Raises
    ------
    UsageError, ResourceError
        As `write`.

    Examples
    --------
    >>> from servio import report, study
    >>> report.current(study.open_store("out/wiod2016"))              # doctest: +SKIP
    PosixPath('out/wiod2016/report.html')
    """
    target = store.folder / "report.html"
    return target if up_to_date(store, target) else write(store, target)


def workbook(store: StudyStore, path: str | Path, tables: str | Path | None = None) -> Path:
    """Write the data behind every figure and table of a report as a workbook.

    Parameters
    ----------
    store : StudyStore
    path : path
        An ``.xlsx`` file; one sheet a figure or table, with methods and groupings. No cell is a
        formula; a label that starts like one gets an apostrophe.
    tables : path, optional
        As `write` has it.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        The packages of the ``report`` extra are not installed.
    InputError
        The tables are not in the folder named, or are others than those of the study.
    ResourceError
        The file can't be written.

    Examples
    --------
    >>> from servio import report, study
    >>> store = study.open_store("out/wiod2016")                      # doctest: +SKIP
    >>> report.workbook(store, "wiod2016.xlsx")                       # doctest: +SKIP
    PosixPath('wiod2016.xlsx')
    """
    _check_extra()
    from servio.report._page import build
    from servio.report._workbook import as_xlsx

    target = Path(path)
    write_atomic(target, as_xlsx(build(store, _attached(store, tables))))
    return target


def pdf(page: str | Path, path: str | Path, browser: str | None = None) -> Path:
    """Print a report as PDF with a browser that is installed.

    Chromium, Chrome or Edge prints the page on A4 as the page's print style has it: without a
    window or network, and with a profile that is deleted.

    Parameters
    ----------
    page : path
        The HTML file of `write`.
    path : path
        Written whole or not at all. It holds the time of printing: the same page does not give
        the same bytes.
    browser : str, optional
        Name or path of the program; the first on the path if left out.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        There is no such browser.
    InputError
        There is no such page.
    ResourceError
        The browser fails or takes longer than three minutes, or the file can't be written.

    Examples
    --------
    >>> from servio import report, study
    >>> page = report.write(study.open_store("out/wiod2016"))         # doctest: +SKIP
    >>> report.pdf(page, "wiod2016.pdf")                              # doctest: +SKIP
    PosixPath('wiod2016.pdf')
    """
    page, target = Path(page), Path(path)
    program = find_browser(browser)
    if not page.is_file():
        raise InputError(str(page), found="no such file", expected="the page of a report",
                         remedy="Write it with servio.report.write.")  # fmt: skip
    write_atomic(target, printed(page, program, target.parent))
    return target


def claims_text(records: Sequence[ClaimRecord], form: str, title: str = "Book of claims") -> str:
    """Give verdicts on claims as text: a line each, tidy rows of evidence, JSON or a page.

    What do the documents say, and is it so? Forms: ``table`` (id, verdict, evidence in a line),
    ``csv`` (one row a finding, no cell is a formula), ``json`` (`ClaimRecord.record`), ``html``
    (one page that asks nothing of the network, by source document, with the evidence and the
    command that gives it again).

    Parameters
    ----------
    records : sequence of ClaimRecord
        From `servio.explain.evaluate` or a study's `claims`.
    form : str
    title : str
        Of the table and the page.

    Returns
    -------
    str

    Raises
    ------
    UsageError
        No such form, or the packages of the ``report`` extra are not installed.

    Examples
    --------
    >>> from servio import explain, report
    >>> print(report.claims_text(explain.evaluate(only=["TR-2"]), "table").splitlines()[-1])
    Book of claims: 1 claim: 1 contradicted
    """
    _check_extra(("jinja2",) if form == "html" else ())
    from servio.report._claims import FORMS

    if form not in FORMS:
        raise UsageError("claims, format", found=repr(form), expected=" or ".join(FORMS),
                         remedy="Choose one of them.")  # fmt: skip
    return FORMS[form](records, title)


def _attached(store: StudyStore, folder: str | Path | None) -> LiveTables | str:
    """The study's tables; where nobody named their folder, what is missing if they are gone."""
    try:
        return live_tables(store, folder)
    except ServioError as error:
        if folder is not None:
            raise
        return (
            f"the study's tables (found {error.found}): name the folder that the paths in the "
            "study file start from with `servio report STUDY_DIR --tables FOLDER`, or run the "
            "study again"
        )


def _check_extra(names: Sequence[str] = NEEDS) -> None:
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise UsageError(
            "report",
            found=f"the package {missing[0]} is not installed",
            expected="the report extra",
            remedy="pip install 'servio[report]'",
        )
