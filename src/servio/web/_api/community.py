"""The community of sectors: who feeds whom, who gains by whom, in one country or in all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from servio import classify
from servio.algebra.ecology import direct_flows
from servio.study import Call, settled_call
from servio.web._about import of_found
from servio.web._answers import Answer, OpenStudy, Pending, Query, Reply
from servio.web._api._one_table import found_there, is_world
from servio.web._api.study import summary
from servio.web._rows import Found, _stored, found

__all__ = ["BY", "routes"]

BY = ("broad", "communities", "sectors")
RELATIONS = {
    4: "mutualism",
    2: "exploits",
    -2: "is exploited",
    -4: "competition",
    0: "neutralism",
    3: "gains, the other is not touched",
    1: "is not touched, the other gains",
    -1: "is not touched, the other loses",
    -3: "loses, the other is not touched",
}
SHOWN: Mapping[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "nodes": (("throughflow", {}), ("cycling", {}), ("adhesion", {"form": "throughflow"})),
    "edges": (("nutrition", {"form": "direct"}),),
    "relations": (
        ("utility_relation", {"form": "integral"}),
        ("utility_relation", {"form": "relation"}),
    ),
    "indicators": (("flow_indicators", {}), ("ascendency", {}), ("synergism", {})),
}
INDICATORS = {
    "flow_indicators": ("cycling", "path_length", "indirect_ratio"),
    "ascendency": ("order", "robustness"),
    "synergism": ("synergism", "mutualism", "changed", "radius"),
}
PARTS = ("edges", "nodes", "relations", "indicators")
NAMED = {
    "edges": "nutrition",
    "nodes": "throughflow",
    "relations": "utility_relation",
    "indicators": "synergism",
}
"""The measure that a part of the answer is named after; `utility_relation` in its last form."""
KEYS = ["source", "country", "year", "industry", "group"]


def community(study: OpenStudy, query: Query) -> Reply:
    """Nodes, flows between them, relations and indicators of one country and year."""
    source, by, origin = _network(study, query, "edges")
    view = study.view(source)
    country = query.text("country", view.focus or view.codes[0], view.codes)
    year = _year(study, source, query)
    part = query.text("part", "edges", PARTS)
    query.done()
    calls = [call for name in SHOWN for call in _calls(name, by, origin)]
    rows = found_there(study, calls, source, country, year)
    if isinstance(rows, Pending):
        return rows
    own = {one.call: _of(one, source, country, year) for one in rows}
    tables = _tables(own, by, origin)
    size = rows[calls.index(_calls("nodes", by, origin)[0])]
    place = {"source": [source], "country": [country]}
    abouts = {one.call.name: of_found(study, one, place, [year]) for one in rows}
    data = {
        "source": source, "country": country, "year": year, "by": by, "origin": origin,
        "unit": size.unit,
        "title": _title(study, by),
        "about": abouts[NAMED[part]], "abouts": abouts,
        "titles": _titles(study, by),
    }  # fmt: skip
    return Answer({**data, **tables}, tables[part].assign(country=country, year=year))


def mutualism(study: OpenStudy, query: Query) -> Reply:
    """Relations of all pairs: in every country of a year, or of one country in every year."""
    source, by, origin = _network(study, query, "relations")
    view = study.view(source)
    country = query.text("country", "", view.codes)
    year = _year(study, source, query)
    query.done()
    relation = settled_call("utility_relation", {"form": "relation", "by": by, "origin": origin})
    fine = settled_call(
        "utility_relation",
        {"form": "relation", "by": by, "origin": origin, "detail": "industry"},
    )
    rows = found(study, relation)
    if isinstance(rows, Pending):
        return rows
    other = found(study, fine) if fine in _stored(study) else None
    pairs = _pairs(rows, source, other if isinstance(other, Found) else None)
    chosen = pairs[pairs.country == country] if country else pairs[pairs.year == year]
    data = {
        "source": source, "country": country, "year": None if country else year, "by": by,
        "origin": origin, "stored": rows.stored,
        "about": of_found(
            study, rows, {"source": [source]} | ({"country": [country]} if country else {}),
            [] if country else [year],
        ),
        "titles": _titles(study, by),
        "nodes": list(dict.fromkeys([*pairs.node, *pairs.other])),
        "counts": _counts(chosen, "year" if country else "country"),
    }  # fmt: skip
    return Answer(data, chosen)


def _network(study: OpenStudy, query: Query, part: str) -> tuple[str, str, str]:
    """Source, grouping and reach: those the study holds, if none is asked for."""
    sources = study.results.sources
    source = query.text("source", sources[0], sources)
    reach = "domestic" if is_world(study, source) else "balance"
    stored = _stored(study)
    held = [by for by in BY if _calls(part, by, reach)[-1] in stored]
    by = query.text("by", (held or list(BY))[0], BY)
    return source, by, query.text("origin", reach, ("balance", "domestic"))


def _year(study: OpenStudy, source: str, query: Query) -> int:
    years = study.view(source).years
    return int(query.text("year", str(years[-1]), [str(year) for year in years]))


def _calls(part: str, by: str, origin: str) -> list[Call]:
    return [
        settled_call(name, {**options, "by": by, "origin": origin}) for name, options in SHOWN[part]
    ]


def _of(one: Found, source: str, country: str, year: int) -> pd.DataFrame:
    """Rows of a country and year; of a network of several countries those among its own nodes."""
    is_own = (pc.field("source") == source) & (pc.field("country") == country)
    is_home = pc.field("partner").isin(["", country])
    found: pd.DataFrame = one.rows.filter(is_own & is_home & (pc.field("year") == year)).to_pandas()
    return found


def _tables(own: Mapping[Call, pd.DataFrame], by: str, origin: str) -> dict[str, pd.DataFrame]:
    size, cycled, held = (own[call] for call in _calls("nodes", by, origin))
    (fed,) = (own[call] for call in _calls("edges", by, origin))
    gain, relation = (own[call] for call in _calls("relations", by, origin))
    nodes = size[["industry", "value"]].rename(columns={"industry": "node", "value": "throughflow"})
    for name, frame in (("cycling", cycled), ("adhesion", held)):
        nodes[name] = nodes.node.map(frame.set_index("industry").value)
    services = _services(by)
    nodes["service"] = [node in services for node in nodes.node]
    return {
        "nodes": nodes.reset_index(drop=True),
        "edges": _edges(fed, size),
        "relations": _relations(gain, relation),
        "indicators": _indicators(own),
    }


def _edges(fed: pd.DataFrame, size: pd.DataFrame) -> pd.DataFrame:
    """Flows from who gives to who takes, in money and as share of the intake of who takes."""
    T = size.set_index("industry").value.dropna()
    wide = fed.pivot(index="group", columns="industry", values="value")
    shares = wide.reindex(index=T.index, columns=T.index)
    flows = direct_flows(shares, T) if len(T) else np.empty((0, 0))
    n = len(T)
    return pd.DataFrame(
        {
            "giver": np.repeat(T.index.to_numpy(dtype=object), n),
            "taker": np.tile(T.index.to_numpy(dtype=object), n),
            "share": shares.to_numpy().ravel(),
            "flow": flows.ravel(),
        }
    )


def _relations(gain: pd.DataFrame, relation: pd.DataFrame) -> pd.DataFrame:
    codes = relation.set_index(["industry", "group"]).value
    utility = gain.set_index(["industry", "group"]).value.reindex(codes.index)
    return pd.DataFrame(
        {
            "node": codes.index.get_level_values(0),
            "other": codes.index.get_level_values(1),
            "code": codes.to_numpy(),
            "relation": _words(codes),
            "utility": utility.to_numpy(),
        }
    )


def _words(codes: Iterable[float]) -> list[str | None]:
    return [None if np.isnan(code) else RELATIONS[round(code)] for code in codes]


def _indicators(own: Mapping[Call, pd.DataFrame]) -> pd.DataFrame:
    pieces = [
        frame[frame.part.isin(INDICATORS[call.name])][["part", "value"]].assign(measure=call.name)
        for call, frame in own.items()
        if call.name in INDICATORS
    ]
    return pd.concat(pieces, ignore_index=True)[["measure", "part", "value"]]


def _pairs(rows: Found, source: str, fine: Found | None) -> pd.DataFrame:
    """A row a country, year and pair of different nodes, each pair once."""
    frame = _plain(rows, source)
    order = {node: k for k, node in enumerate(dict.fromkeys(frame.industry))}
    ahead = frame.industry.map(order) < frame.group.map(order)
    kept = frame[ahead].rename(columns={"industry": "node", "group": "other", "value": "code"})
    kept["relation"] = _words(kept.code)
    if fine is not None:
        by_industry = _plain(fine, source).set_index(KEYS[1:]).value
        asked = pd.MultiIndex.from_frame(kept[["country", "year", "node", "other"]])
        codes = by_industry.reindex(asked).to_numpy()
        kept["by_industry"] = codes
        kept["robust"] = pd.array(codes == kept.code.to_numpy(), dtype="boolean")
        kept.loc[np.isnan(codes) | kept.code.isna().to_numpy(), "robust"] = pd.NA
    return kept.reset_index(drop=True)


def _plain(rows: Found, source: str) -> pd.DataFrame:
    """Pairs within a country."""
    frame = rows.rows.to_pandas()
    home = (frame.source == source) & (frame.partner.eq("") | frame.partner.eq(frame.country))
    return frame[home][[*KEYS[1:], "value"]]


def _counts(pairs: pd.DataFrame, by: str) -> pd.DataFrame:
    """How many pairs are in each relation, whichever of the two it favours."""
    named = pairs.relation.replace({"exploits": "exploitation", "is exploited": "exploitation"})
    return pd.crosstab(pairs[by], named.fillna("undefined")).reset_index()


def _services(by: str) -> frozenset[str]:
    """Groups most of whose industries are services, in the finest classification both know."""
    grouping, services = classify.grouping(by), classify.grouping("services")
    codes = classify.classification("isic4_divisions").codes
    W = grouping.weights("isic4_divisions", codes)
    inside = W @ services.weights("isic4_divisions", codes).sum(axis=0)
    most = inside > 0.5 * W.sum(axis=1)
    return frozenset(g for g, is_service in zip(grouping.groups, most, strict=True) if is_service)


def _titles(study: OpenStudy, by: str) -> dict[str, Any]:
    for one in summary(study)["groupings"]:
        if one["name"] == by:
            return {group["code"]: group["title"] for group in one["groups"]}
    return {}


def _title(study: OpenStudy, by: str) -> Any:
    return next((one["title"] for one in summary(study)["groupings"] if one["name"] == by), by)


routes = [
    ("/api/interaction/community", community),
    ("/api/interaction/mutualism", mutualism),
]
