"""The page: sections in order, figures and tables numbered, everything inside one file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any

import jinja2
import markupsafe

from servio.progress import bar
from servio.report import _methods
from servio.report._blocks import Block, Figure, Headline, Section, Table, Text, csv_bytes, data_uri
from servio.report._chains import export_services, origins, participation, positions, trade_matrix
from servio.report._change import changes
from servio.report._community import community
from servio.report._compare import ranks, trends
from servio.report._definitions import definitions
from servio.report._detail import heat_maps, service_groups, technology
from servio.report._explain import is_explained, models
from servio.report._headlines import headlines
from servio.report._income import income
from servio.report._interaction import manufacturing_modes, symbioses
from servio.report._linkage import linkage
from servio.report._modern import modern
from servio.report._notes import member_words
from servio.report._outsourcing import delegating, make_or_buy
from servio.report._product import FIGURES, product
from servio.report._profiles import accounts, levels, links, offshore
from servio.report._quality import quality
from servio.report._smile import smile
from servio.report._stamp import made_from
from servio.report._svg import as_svg
from servio.report._verdicts import verdicts
from servio.report.view import Results, View
from servio.report.words import country, lower_first

if TYPE_CHECKING:
    from servio.study import LiveTables, StudyStore

__all__ = ["Entry", "Part", "Report", "as_html", "build"]

BEFORE = (headlines, ranks, trends, service_groups, heat_maps, technology, definitions, linkage,
          changes, export_services, origins, accounts, trade_matrix, participation, offshore,
          positions, levels, links)  # fmt: skip
AFTER = (income, smile, modern, delegating, make_or_buy, manufacturing_modes, community, symbioses)
NO_TABLES = "the study's tables"


@dataclass(frozen=True)
class Entry:
    """A numbered figure or table."""

    label: str
    id: str
    block: Figure | Table

    @property
    def file(self) -> str:
        """Name of its download."""
        return f"{self.id}.csv"

    @property
    def latex_file(self) -> str:
        """Name of its LaTeX download."""
        return f"{self.id}.tex"


@dataclass(frozen=True)
class Part:
    """The sections that rest on one source; `absent` are those the study has no measure for."""

    view: View
    sections: tuple[Section, ...]
    absent: tuple[Section, ...]


@dataclass(frozen=True)
class Report:
    """Everything a report says, before it is a page or a workbook.

    `models` are the sections on the panel and the estimates, which may rest on several sources;
    `book` is that on the claims of the source documents. `live` says whether tables were read.
    """

    results: Results
    parts: tuple[Part, ...]
    models: tuple[Section, ...]
    book: Section
    entries: tuple[Entry, ...]
    inputs: Entry | None
    live: bool

    def entry(self, block: Block) -> Entry | None:
        """The number of a figure or table."""
        return next((e for e in self.entries if e.block is block), None)

    @property
    def headlines(self) -> list[Headline]:
        """All headline numbers."""
        return [b for p in self.parts for s in p.sections for b in s.blocks
                if isinstance(b, Headline)]  # fmt: skip


def build(store: StudyStore, tables: LiveTables | str = NO_TABLES) -> Report:
    """Sections of every source of a study; `tables` are its tables, or what is missing."""
    results = Results(store)
    with bar("Report", len(results.sources) * len(FIGURES) + 1) as step:
        parts = tuple(_part(View(results, source), tables, step) for source in results.sources)
        book = verdicts(store)
        step()
    explained = models(store)
    sections = [*(section for part in parts for section in part.sections), *explained, book]
    blocks = [b for section in sections for b in section.blocks]
    files = _methods.inputs(store.provenance())
    entries = tuple(_numbered([*blocks, *([files] if files else [])]))
    last = entries[-1] if files else None
    return Report(results, parts, explained, book, entries, last, not isinstance(tables, str))


def _part(view: View, tables: LiveTables | str, step: Callable[[], None]) -> Part:
    made = [make(view) for make in BEFORE]
    made.append(product(view, tables, step))
    made += [make(view) for make in AFTER]
    table = _methods.everything(view)
    if table is not None:
        made.append(Section("All results at a glance", "", [table]))
    made.append(quality(view))
    return Part(view, tuple(s for s in made if s.blocks), tuple(s for s in made if not s.blocks))


def _numbered(blocks: Sequence[Block]) -> Iterator[Entry]:
    counts = {Figure: 0, Table: 0}
    for block in blocks:
        if isinstance(block, (Figure, Table)):
            counts[type(block)] += 1
            number = counts[type(block)]
            name = "Figure" if isinstance(block, Figure) else "Table"
            yield Entry(f"{name} {number}", f"{name.lower()}-{number:02d}", block)


def as_html(report: Report, workbook: bytes) -> str:
    """The whole report as one HTML text that asks nothing of the network."""
    store = report.results.store
    provenance = store.provenance()
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("servio.report"), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters |= {"slug": _slug, "country": country, "lower_first": lower_first}
    environment.tests |= {
        "figure": lambda b: isinstance(b, Figure),
        "table": lambda b: isinstance(b, Table),
        "text": lambda b: isinstance(b, Text),
        "headline": lambda b: isinstance(b, Headline),
    }
    style = (resources.files("servio.report") / "templates" / "style.css").read_text("utf-8")
    page: str = environment.get_template("report.html.j2").render(
        report=report,
        study=store.study,
        synthetic=store.synthetic,
        provenance=provenance,
        methods=_methods.methods(report.results),
        groupings=_methods.groupings(report.results),
        versions=_methods.versions(provenance),
        problems=_problems(store),
        style=markupsafe.Markup(style),
        made_from=made_from(store),
        svg=lambda e: markupsafe.Markup(as_svg(e.block.chart)),
        csv=lambda e: data_uri(csv_bytes(e.block.data), "text/csv"),
        latex=lambda e: data_uri(e.block.latex.encode(), "application/x-tex"),
        workbook=data_uri(
            workbook, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        ),
        members=member_words,
        version=_version(),
    )
    return page


def _problems(store: Any) -> list[str]:
    """Measures that had no answer for a table, each reason once with the number of tables."""
    frame = store.problems()
    frame = frame[[not is_explained(name) for name in frame["measure"]]]
    counted = frame.groupby(["measure", "text"], sort=False).size() if len(frame) else {}
    return [f"{name}: {text} ({count} tables and variants)"
            for (name, text), count in dict(counted).items()]  # fmt: skip


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _version() -> str:
    try:
        return metadata.version("servio")
    except metadata.PackageNotFoundError:
        return "unknown"
