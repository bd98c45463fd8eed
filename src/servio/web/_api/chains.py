"""Chains: an industry's suppliers stage by stage, its smile, positions, who earns what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from servio.errors import LabelError
from servio.measure.smile import LEVEL, verdict
from servio.report.product import (
    FORMS,
    GROUPING,
    POSITIONS,
    beside,
    earners,
    income_calls,
    incomes,
    position_calls,
    product_label,
    smile_calls,
    u_test,
)
from servio.report.words import industry_kinds, industry_titles
from servio.study import Call, SupplyStages, settled_call
from servio.web._about import about, evidence, of_found
from servio.web._answers import Answer, OpenStudy, Pending, Query, Reply, RequestFault
from servio.web._api._one_table import Brought, brought, found_there, is_world, job_there
from servio.web._api.study import summary
from servio.web._lines import Asked, stages_line
from servio.web._rows import Found, selected

__all__ = ["routes"]

MOST = 80
CURVE = 48
STAGES_FORMULA = (
    "stage k: A^k x e_j; flow i to m: a_im (A^(k-1) x e_j)_m; behind: r L A^(K+1) x e_j"
)
NO_COMMAND = {
    "en": "none: the flows from stage to stage are of no measure, so `servio measure` does not "
    "give them. Use the lines for Python.",
    "ko": "없음: 단계 간 흐름은 개별 지표의 값이 아니므로 `servio measure` 명령으로는 출력되지 "
    "않습니다. Python 코드를 사용하십시오.",
}
STAGES_IDENTITY = {
    "en": "flows into a box, its value added, imports and taxes add up to its value; over all "
    "stages value added, imports and taxes add up to the output",
    "ko": "상자로 들어오는 흐름과 그 부가가치, 수입, 세금의 합은 상자의 값과 같고, 모든 단계의 "
    "부가가치, 수입, 세금의 합은 산출과 같다",
}


def sankey(study: OpenStudy, query: Query) -> Reply:
    """Boxes and links from earlier stages to the product and its uses."""
    place = _place(study, query)
    if isinstance(place, Pending):
        return place
    stages, most = query.integer("stages", 2, 1, 4), query.integer("most", 4, 1, 20)
    least = query.number("least", 0.0, 0.0, 1.0)
    query.done()
    arguments: dict[str, Any] = {
        "industry": place.industry, "stages": stages, "most": most, "least": least,
    }  # fmt: skip
    job = job_there(study, "stages", arguments, *place.table)
    if not job.future.done():
        return Pending(job)
    found: SupplyStages = job.answer[0]
    boxes = _boxes(study, place, found)
    data = place.described | {
        "about": _about_stages(study, place, found, arguments),
        "unit": found.unit,
        "output": found.output,
        "boxes": boxes,
        "origins": dict(found.origins),
        "earned": [{"services": one, "other": other} for one, other in found.earned],
        "residual": found.residual,
    }
    return Answer(data, _links(boxes, found))


def smile(study: OpenStudy, query: Query) -> Reply:
    """Earners of the product's chain: distance from its end, value added per output, share."""
    place = _place(study, query)
    if isinstance(place, Pending):
        return place
    most = query.integer("most", MOST, 10, 500) or MOST
    query.done()
    rows = found_there(study, smile_calls(place.label), *place.table)
    if isinstance(rows, Pending):
        return rows
    frame = earners(_joined(rows, FORMS, place, country=""))
    if frame.empty:
        raise _nothing(place, rows)
    test = _tested(frame)
    shown = _named(study, place, frame.iloc[:most])
    data = place.described | {
        "about": _about(study, place, rows[0]),
        "abouts": {f: _about(study, place, r) for f, r in zip(FORMS, rows, strict=True)},
        "test": test,
        "earners": len(frame),
        "rest": {"count": len(frame) - len(shown), "share": float(frame["share"][most:].sum())},
        "services": _service_share(study, place, frame),
        "stored": all(one.stored for one in rows),
    }
    return Answer(data, shown)


def positions(study: OpenStudy, query: Query) -> Reply:
    """All industries of a country between primary inputs and final use."""
    place = _place(study, query, industry=False)
    if isinstance(place, Pending):
        return place
    query.done()
    rows = found_there(study, position_calls(), *place.table)
    if isinstance(rows, Pending):
        return rows
    frame = _joined(rows, POSITIONS, place, country=place.country)
    chosen = {"country": [place.country]} if place.country else {}
    data = place.described | {
        "about": _about(study, place, rows[0], chosen),
        "abouts": {
            n: _about(study, place, r, chosen) for n, r in zip(POSITIONS, rows, strict=True)
        },
        "unit": rows[2].unit,
        "stored": all(one.stored for one in rows),
    }
    return Answer(data, _named(study, place, frame))


def income(study: OpenStudy, query: Query) -> Reply:
    """What each country and sector earns of the product: money, or shares of a national table."""
    place = _place(study, query)
    if isinstance(place, Pending):
        return place
    query.done()
    known = _industries(study, place, ())
    if known and all(one.service is None for one in known.values()):
        raise LabelError(
            f"chain {place.label} {place.year or ''}".strip(),
            found="a table that does not name its services", expected="a group services",
            remedy="Name its services under [groups] in the table's description.",
        )  # fmt: skip
    rows = _first_answer(study, place, income_calls(place.label, place.world))
    if isinstance(rows, Pending):
        return rows
    found = _rows(rows[0], place, "" if place.world else place.country)
    services = [code for code, one in known.items() if one.service]
    frame = incomes(rows[0].call, found, place.country, place.industry, services)
    whole = float(frame["value"].sum())
    if not whole > 0:
        raise _nothing(place, rows)
    frame["share"] = frame["value"] / whole
    data = place.described | {
        "about": _about(
            study, place, rows[0], {} if place.world else {"industry": [place.industry]}
        ),
        "unit": rows[0].unit,
        "total": whole,
        "services": float(frame.loc[frame["service"], "share"].sum()),
        "home": float(frame.loc[frame["country"] == place.country, "share"].sum()),
        "titles": _group_titles(study),
        "stored": rows[0].stored,
    }
    return Answer(data, frame)


# -- what is asked about ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """One product in one table: of the study, or of a file that the session brought."""

    source: str
    country: str
    industry: str
    year: Any
    world: bool
    own: Brought | None = None

    @property
    def label(self) -> str:
        return product_label(self.country, self.industry)

    @property
    def described(self) -> dict[str, Any]:
        names = ("source", "country", "industry", "year", "world", "label")
        return {name: getattr(self, name) for name in names}

    @property
    def table(self) -> tuple[str, str, Any, str]:
        """Source, country and year of its table, and the path of the session's file."""
        return self.source, self.country, self.year, self.own.path if self.own else ""


def _place(study: OpenStudy, query: Query, *, industry: bool = True) -> _Place | Pending:
    own = brought(query)
    if isinstance(own, Pending):
        return own
    sources = [own.source] if own else study.results.sources
    source = query.text("source", sources[0], sources)
    if own:
        countries, first, years = own.countries, own.countries[0], list(own.years)
    else:
        view = study.view(source)
        countries, first = view.codes, view.focus or next(iter(view.codes), "")
        years = [int(year) for year in view.years if year]
    country = query.text("country", first, countries)
    year = query.integer("year", years[-1] if years else None, 0, 9999)
    if years and year not in years:
        held = "table" if own else "study"
        raise RequestFault(404, "parameter year", found=str(year),
                           expected=f"{years[0]} to {years[-1]}, as the {held} has them",
                           remedy="Choose one of these.")  # fmt: skip
    listed = own.industries if own else summary(study)["industries"].get(source, [])
    code = query.text("industry", None if industry else "", [one["code"] for one in listed])
    world = own.world if own else bool(country) and is_world(study, source)
    return _Place(source, country, code, year, world, own)


def _nothing(place: _Place, rows: list[Found]) -> LabelError:
    """What to say where nobody earns: what the measure said, or that nothing is made."""
    said = next((text for one in rows for text in one.problems), "")
    return LabelError(
        f"chain {place.label} {place.year or ''}".strip(),
        found=said or "no output, or no final demand for it",
        expected="a product that is made for final use",
        remedy="Choose another industry or year.",
    )


def _about(
    study: OpenStudy, place: _Place, rows: Found, more: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Any]:
    """What there is to know of rows of the place's table.

    The command line chooses of chains nothing but the year, of a table its country.
    """
    chosen: dict[str, Sequence[str]] = {"source": [place.source]}
    if place.country and not place.world:
        chosen["country"] = [place.country]
    years = [place.year] if place.year else []
    facts = of_found(study, rows, chosen | dict(more or {}), years, upload=bool(place.own))
    return facts | _whether_synthetic(place)


def _whether_synthetic(place: _Place) -> dict[str, bool]:
    """A table that was brought may be made up, or real, whatever the study is."""
    return {"synthetic": place.own.synthetic} if place.own else {}


# -- rows into frames ------------------------------------------------------------------------------


def _rows(one: Found, place: _Place, country: str) -> pd.DataFrame:
    known = one.rows["source"].unique().to_pylist()
    chosen = {"source": [place.source] if place.source in known else []}
    if country or not place.world:
        chosen["country"] = [country or place.country]
    return selected(one.rows, chosen, [place.year] if place.year else []).to_pandas()


def _joined(rows: list[Found], names: Sequence[str], place: _Place, country: str) -> pd.DataFrame:
    """Values of several measures beside each other, by country and industry."""
    return beside([_rows(one, place, country) for one in rows], names)


def _named(study: OpenStudy, place: _Place, frame: pd.DataFrame) -> pd.DataFrame:
    """With title of the industry and whether it is a service."""
    known = _industries(study, place, frame["industry"])
    frame = frame.copy()
    frame.insert(2, "title", [_title(known, code) for code in frame["industry"]])
    frame.insert(3, "service", [c in known and known[c].service for c in frame["industry"]])
    return frame


@dataclass(frozen=True)
class _Industry:
    title: str
    service: bool | None


def _industries(study: OpenStudy, place: _Place, codes: Iterable[str]) -> dict[str, _Industry]:
    """Title and whether it is a service, by code; of the codes where no table is at hand."""
    own = place.own.industries if place.own else ()
    known = own or summary(study)["industries"].get(place.source, ())
    if known and all("service" in one for one in known):
        return {one["code"]: _Industry(one["title"]["en"], one["service"]) for one in known}
    each = [one["code"] for one in known] or list(dict.fromkeys(codes))
    return {
        code: _Industry(title.removeprefix(f"{code}  "), kind == "services")
        for code, title, kind in zip(each, industry_titles(each), industry_kinds(each), strict=True)
    }


def _title(known: Mapping[str, _Industry], code: str) -> str:
    return known[code].title if code in known else code


def _service_share(study: OpenStudy, place: _Place, frame: pd.DataFrame) -> float | None:
    """What services earn; None where the table does not name them."""
    known = _industries(study, place, frame["industry"])
    if all(one.service is None for one in known.values()):
        return None
    services = [code for code, one in known.items() if one.service]
    return float(frame.loc[frame["industry"].isin(services), "share"].sum())


def _tested(frame: pd.DataFrame) -> dict[str, Any] | None:
    """The U test over all earners and its curve; None where there are too few."""
    test = u_test(frame)
    if test is None:
        return None
    at = np.linspace(frame["distance"].min(), frame["distance"].max(), CURVE)
    line = np.exp(test.intercept + test.linear * at + test.quadratic * at**2)
    return {
        "p_value": test.p_value,
        "curvature": test.quadratic,
        "lowest": test.vertex,
        "smile": bool(test.p_value < LEVEL),
        "bends": bool(test.quadratic > 0),
        "words": verdict(test, "links"),
        "line": {"distance": at, "rate": line},
    }


def _first_answer(study: OpenStudy, place: _Place, calls: Sequence[Call]) -> list[Found] | Pending:
    """Rows of the first measure that has any."""
    for call in calls:
        rows = found_there(study, [call], *place.table)
        if isinstance(rows, Pending) or len(rows[0].rows) or call is calls[-1]:
            break
    return rows


def _group_titles(study: OpenStudy) -> dict[str, Any]:
    known = {one["name"]: one["groups"] for one in summary(study)["groupings"]}
    return {group["code"]: group["title"] for group in known[GROUPING]}


# -- stages ----------------------------------------------------------------------------------------


def _boxes(study: OpenStudy, place: _Place, found: SupplyStages) -> pd.DataFrame:
    boxes = pd.DataFrame([asdict(box) for box in found.boxes])
    known = _industries(study, place, boxes["code"])
    boxes.insert(5, "title", [_title(known, code) for code in boxes["code"]])
    boxes["share"] = boxes["value"] / found.output
    return boxes


def _links(boxes: pd.DataFrame, found: SupplyStages) -> pd.DataFrame:
    """Flows with what they connect, from the earliest stage to the uses."""
    own = boxes.set_index("id")
    links = pd.DataFrame([asdict(link) for link in found.links])
    for end in ("source", "target"):
        for column in ("country", "code", "title", "service"):
            links[f"{end}_{column}"] = own.loc[links[end], column].to_numpy()
    links.insert(0, "stage", own.loc[links["source"], "stage"].to_numpy())
    links["share"] = links["value"] / found.output
    return links


def _about_stages(
    study: OpenStudy, place: _Place, found: SupplyStages, asked: Mapping[str, Any]
) -> dict[str, Any]:
    """How the stages are made; no measure gives them, so no command does."""
    call = settled_call("chain_income", {"form": "stage"})
    years = [place.year] if place.year else []
    seen = {} if place.own else evidence(study, [place.country], years, [place.source])
    seen |= {
        "numeric_residual": found.residual, "undefined": 0, "undefined_first": None,
    }  # fmt: skip
    chosen = {"source": [place.source], "country": [] if place.world else [place.country]}
    where = Asked.of(study, call, {k: [t for t in v if t] for k, v in chosen.items()}, years,
                     upload=bool(place.own))  # fmt: skip
    facts = about(study, call, found.unit, seen, "", stages_line(where, place.country, asked))
    facts |= _whether_synthetic(place)
    stages = asked["stages"]
    return facts | {
        "title": {"en": "Stages of a chain", "ko": "가치사슬의 단계"},
        "question": {
            "en": "Who supplies an industry, who supplies its suppliers, and who uses it?",
            "ko": "누가 산업에 공급하고, 그 공급자에게는 누가 공급하며, 산출은 누가 쓰는가?",
        },
        "formula": STAGES_FORMULA,
        "identity": STAGES_IDENTITY,
        "source": "Miller & Blair (2009), section 2.4 (power series of the inverse)",
        "cli_none": NO_COMMAND,
        "definition": None,
        "words": {"en": f"{stages} stages", "ko": f"{stages}단계"},
        "notes": [],
        "problems": [],
    }


routes = [
    ("/api/chains/sankey", sankey),
    ("/api/chains/smile", smile),
    ("/api/chains/positions", positions),
    ("/api/chains/income", income),
]
