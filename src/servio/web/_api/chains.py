"""Chains: an industry's suppliers stage by stage, its smile, positions, who earns what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from servio import algebra
from servio.errors import LabelError, NumericalError, UsageError
from servio.measure.smile import LEAST, LEVEL, verdict
from servio.report.words import industry_kinds, industry_titles
from servio.study import Call, SupplyStages, settled_call
from servio.web._about import about, evidence, of_found
from servio.web._answers import Answer, OpenStudy, Pending, Query, Reply, RequestFault
from servio.web._api._one_table import found_there, is_world
from servio.web._api.study import summary
from servio.web._jobs import Task
from servio.web._lines import Asked, stages_line
from servio.web._rows import Found, selected

__all__ = ["routes"]

GROUPING = "broad"
SERVICES = ("producer_services", "other_services", "services")
FORMS = ("distance", "rate", "share")
MOST = 80
CURVE = 48
DUST = 1e-12
STAGES_FORMULA = (
    "stage k: A^k x e_j; flow i to m: a_im (A^(k-1) x e_j)_m; behind: r L A^(K+1) x e_j"
)
STAGES_IDENTITY = {
    "en": "flows into a box, its value added, imports and taxes add up to its value; over all "
    "stages value added, imports and taxes add up to the output",
    "ko": "상자로 들어오는 흐름과 그 부가가치, 수입, 세금의 합은 상자의 값과 같고, 모든 단계의 "
    "부가가치, 수입, 세금의 합은 산출과 같다",
}


def sankey(study: OpenStudy, query: Query) -> Reply:
    """Boxes and links from earlier stages to the product and its uses."""
    place = _place(study, query)
    stages, most = query.integer("stages", 2, 1, 4), query.integer("most", 4, 1, 20)
    least = query.number("least", 0.0, 0.0, 1.0)
    query.done()
    if study.jobs is None or study.jobs.tables is None:
        why = "" if study.jobs is None else study.jobs.why
        raise UsageError(
            "tables of the study", found=why or "none at hand",
            expected="the files the study was made with",
            remedy="Start the server with --tables FOLDER.",
        )  # fmt: skip
    arguments: dict[str, Any] = {
        "source": place.source, "country": place.country, "year": place.year,
        "industry": place.industry, "stages": stages, "most": most, "least": least,
    }  # fmt: skip
    holder = study.jobs.tables.number(place.source, place.country, place.year)
    job = study.jobs.submit(Task("stages", tuple(sorted(arguments.items())), holder))
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
    most = query.integer("most", MOST, 10, 500) or MOST
    query.done()
    calls = [settled_call("smile_curve", {"form": form, "chain": place.label}) for form in FORMS]
    rows = found_there(study, calls, place.source, place.country, place.year)
    if isinstance(rows, Pending):
        return rows
    frame = _joined(rows, FORMS, place, country="")
    frame = frame[(frame["share"] > DUST) & (frame["rate"] > 0)].dropna()
    if frame.empty:
        raise _nothing(place, rows)
    frame = frame.sort_values("share", ascending=False, kind="stable", ignore_index=True)
    test = _tested(frame)
    shown = _named(study, place, frame.iloc[:most])
    data = place.described | {
        "about": of_found(study, rows[0], *_chosen(place)),
        "abouts": {
            f: of_found(study, r, *_chosen(place)) for f, r in zip(FORMS, rows, strict=True)
        },
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
    query.done()
    names = ("upstreamness", "downstreamness", "value_added")
    calls = [
        settled_call("upstreamness", {"by": "industry"}),
        settled_call("downstreamness", {"by": "industry"}),
        settled_call("footprint", {"by": "industry", "form": "production"}),
    ]
    rows = found_there(study, calls, place.source, place.country, place.year)
    if isinstance(rows, Pending):
        return rows
    frame = _joined(rows, names, place, country=place.country)
    chosen = {"source": [place.source]}, [place.year] if place.year else []
    if place.country:
        chosen[0]["country"] = [place.country]
    data = place.described | {
        "about": of_found(study, rows[0], *chosen),
        "abouts": {n: of_found(study, r, *chosen) for n, r in zip(names, rows, strict=True)},
        "unit": rows[2].unit,
        "stored": all(one.stored for one in rows),
    }
    return Answer(data, _named(study, place, frame))


def income(study: OpenStudy, query: Query) -> Reply:
    """What each country and sector earns of the product: money, or shares of a national table."""
    place = _place(study, query)
    query.done()
    rows = _first_answer(study, place, _incomes(place))
    if isinstance(rows, Pending):
        return rows
    frame = _earners(rows[0], place)
    whole = float(frame["value"].sum())
    if not whole > 0:
        raise _nothing(place, rows)
    frame["share"] = frame["value"] / whole
    data = place.described | {
        "about": of_found(study, rows[0], *_chosen(place, content=not place.world)),
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
    """One product in one table."""

    source: str
    country: str
    industry: str
    year: Any
    world: bool

    @property
    def label(self) -> str:
        return f"{self.country}_{self.industry}" if self.country else self.industry

    @property
    def described(self) -> dict[str, Any]:
        return asdict(self) | {"label": self.label}


def _place(study: OpenStudy, query: Query, *, industry: bool = True) -> _Place:
    sources = study.results.sources
    source = query.text("source", sources[0], sources)
    view = study.view(source)
    country = query.text("country", view.focus or next(iter(view.codes), ""), view.codes)
    years = [int(year) for year in view.years if year]
    year = query.integer("year", years[-1] if years else None, 0, 9999)
    if years and year not in years:
        raise RequestFault(404, "parameter year", found=str(year),
                           expected=f"{years[0]} to {years[-1]}, as the study has them",
                           remedy="Choose one of these.")  # fmt: skip
    known = [one["code"] for one in summary(study)["industries"].get(source, [])]
    code = query.text("industry", None if industry else "", known)
    return _Place(source, country, code, year, bool(country) and is_world(study, source))


def _nothing(place: _Place, rows: list[Found]) -> LabelError:
    """What to say where nobody earns: what the measure said, or that nothing is made."""
    said = next((text for one in rows for text in one.problems), "")
    return LabelError(
        f"chain {place.label} {place.year or ''}".strip(),
        found=said or "no output, or no final demand for it",
        expected="a product that is made for final use",
        remedy="Choose another industry or year.",
    )


def _chosen(place: _Place, *, content: bool = False) -> tuple[dict[str, list[str]], list[int]]:
    """What the command line chooses: of chains nothing but the year, of a table its country."""
    chosen: dict[str, list[str]] = {"source": [place.source]}
    if place.country and not place.world:
        chosen["country"] = [place.country]
    if content:
        chosen["industry"] = [place.industry]
    return chosen, [place.year] if place.year else []


# -- rows into frames ------------------------------------------------------------------------------


def _rows(one: Found, place: _Place, country: str) -> pd.DataFrame:
    known = one.rows["source"].unique().to_pylist()
    chosen = {"source": [place.source] if place.source in known else []}
    if country or not place.world:
        chosen["country"] = [country or place.country]
    return selected(one.rows, chosen, [place.year] if place.year else []).to_pandas()


def _joined(rows: list[Found], names: tuple[str, ...], place: _Place, country: str) -> pd.DataFrame:
    """Values of several measures beside each other, by country and industry."""
    keys = ["country", "industry"]
    frames = [
        _rows(one, place, country).set_index(keys)["value"].rename(name)
        for one, name in zip(rows, names, strict=True)
    ]
    return pd.concat(frames, axis=1, join="outer").reset_index()


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
    service: bool


def _industries(study: OpenStudy, place: _Place, codes: Iterable[str]) -> dict[str, _Industry]:
    """Title and whether it is a service, by code; of the codes where no table is at hand."""
    known = summary(study)["industries"].get(place.source, [])
    if known:
        return {one["code"]: _Industry(one["title"]["en"], one["service"]) for one in known}
    each = list(dict.fromkeys(codes))
    return {
        code: _Industry(title, kind == "services")
        for code, title, kind in zip(each, industry_titles(each), industry_kinds(each), strict=True)
    }


def _title(known: Mapping[str, _Industry], code: str) -> str:
    return known[code].title if code in known else code


def _service_share(study: OpenStudy, place: _Place, frame: pd.DataFrame) -> float:
    known = _industries(study, place, frame["industry"])
    services = [code for code, one in known.items() if one.service]
    return float(frame.loc[frame["industry"].isin(services), "share"].sum())


def _tested(frame: pd.DataFrame) -> dict[str, Any] | None:
    """The U test over all earners and its curve; None where there are too few."""
    if len(frame) < LEAST:
        return None
    try:
        test = algebra.lind_mehlum(frame["distance"], np.log(frame["rate"]), frame["share"])
    except NumericalError:
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


def _incomes(place: _Place) -> list[Call]:
    """What to ask for; of tables with groupings of their own, services and the others."""
    if place.world:
        options = {"chain": place.label, "form": "stage", "by": GROUPING}
        return [settled_call("chain_income", options)]
    return [
        settled_call("value_content", {"by": "industry", "grouping": grouping})
        for grouping in (GROUPING, "services")
    ]


def _first_answer(study: OpenStudy, place: _Place, calls: Sequence[Call]) -> list[Found] | Pending:
    """Rows of the first measure that has any."""
    for call in calls:
        rows = found_there(study, [call], place.source, place.country, place.year)
        if isinstance(rows, Pending) or len(rows[0].rows) or call is calls[-1]:
            break
    return rows


def _earners(one: Found, place: _Place) -> pd.DataFrame:
    """Columns country, group, stage, service, value; ``abroad`` where imports are one block."""
    if place.world:
        found = _rows(one, place, "")
        frame = pd.DataFrame({
            "country": found["country"], "group": found["industry"], "stage": found["part"],
            "value": found["value"],
        })  # fmt: skip
    else:
        found = _rows(one, place, place.country)
        found = found[found["industry"] == place.industry]
        frame = pd.DataFrame({
            "country": np.where(found["part"] == "imports", "abroad", place.country),
            "group": found["part"], "stage": "", "value": found["value"],
        })  # fmt: skip
    frame.insert(3, "service", frame["group"].isin(SERVICES))
    return frame.dropna(subset=["value"]).reset_index(drop=True)


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
    seen = evidence(study, [place.country], years, [place.source]) | {
        "numeric_residual": found.residual, "undefined": 0, "undefined_first": None,
    }  # fmt: skip
    chosen = {"source": [place.source], "country": [] if place.world else [place.country]}
    where = Asked.of(study, call, {k: [t for t in v if t] for k, v in chosen.items()}, years)
    facts = about(study, call, found.unit, seen, "", stages_line(where, place.country, asked))
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
