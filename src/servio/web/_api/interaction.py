"""Modes over time and the symbiosis of sectors, as the study found them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from servio import classify
from servio.errors import InputError, UsageError
from servio.explain import transitions
from servio.explain.mode_detection import MODES
from servio.simulate import LotkaVolterra, phase_portrait
from servio.study import Call, settled_call
from servio.web._about import evidence
from servio.web._answers import Answer, OpenStudy, Pending, Query, Reply
from servio.web._api.community import BY
from servio.web._api.study import summary
from servio.web._industries import industry_words
from servio.web._lines import BESIDE, of_store, rows_filter
from servio.web._rows import Found, _stored, found
from servio.web._words import Words, both, korean, unit_words

__all__ = ["routes"]

LABELS = ("source", "country", "industry", "group", "mode", "period")
ALL_MODES = (*MODES, "undetermined")
T = TypeVar("T")

UNIT = ["industry", "group"]
SPAN = ["window_first", "window_last"]
MODE_COLUMNS = ["country", *UNIT, "period", "window_first", "window_last", "mode", "confidence",
                "resampling", "definitions", "n_definitions", "missing", "n"]  # fmt: skip
WINDOW_COLUMNS = ["source", "country", *UNIT, "mode", "window_first", "window_last"]
PLACES = ("first", "second")
AGAIN = f"{BESIDE}, beside a copy of the study's study.toml\nservio study study.toml --out again"
FAR = 3.0
"""Times the largest value of a path beyond which an equilibrium is named but not drawn."""


def overview(study: OpenStudy, query: Query) -> Answer:
    """What of this page the study holds, and what it would take."""
    query.done()
    modes, symbiosis = _kept(study, "modes"), _kept(study, "symbiosis")
    stored = _stored(study)
    held = [
        by for by in BY
        if any(settled_call("nutrition", {"form": "direct", "by": by, "origin": reach}) in stored
               for reach in ("balance", "domestic"))
    ]  # fmt: skip
    live = study.jobs is not None and study.jobs.tables is not None
    return Answer(
        {
            "modes": None if modes is None else _scope(modes),
            "symbiosis": None if symbiosis is None else _scope(symbiosis),
            "community": {"held": held, "choices": list(BY) if live else held, "live": live},
            "add": {"modes": _add("modes"), "symbiosis": _add("symbiosis")},
        }
    )


def _kept(study: OpenStudy, name: str) -> pd.DataFrame | None:
    """A file of the study, its texts as categories; None where it has none."""

    def read() -> pd.DataFrame | None:
        frame: pd.DataFrame | None = getattr(study.store, name)()
        if frame is None:
            return None
        return frame.astype({n: "category" for n in frame if n in LABELS})

    return study.once(f"interaction {name}", read)


def _scope(frame: pd.DataFrame) -> dict[str, list[str]]:
    names = [name for name in ("source", "country", "group", "industry") if name in frame]
    return {name: _seen(frame[name]) for name in names}


def _seen(column: pd.Series) -> list[str]:
    """Its texts, each once, in the order they come."""
    return [str(text) for text in column.unique()]


def _add(name: str) -> str:
    """Lines of a study file that make what is missing."""
    if name == "modes":
        return (
            '[[measures]]\nname = "service_input_share"\ngrouping = "kiet"\nby = "industry"\n'
            'only = "manufacturing"\n\n[modes]\ngrouping = "kiet"\nwindow = 7\n'
        )
    return (
        '[[measures]]\nname = "account"\nof = "value_added"\nby = "sectors"\n\n'
        '[symbiosis]\nspecies = ["manufacturing", "services"]\nahead = 5\n'
    )


def _absent(name: str, found: str) -> Answer:
    """Nothing to show, and what to add to the study file; no fault of who asks."""
    return Answer({
        "absent": {
            "place": name, "found": found, "expected": f"a study with [{name}]",
            "remedy": "Add these lines to the study file and run the study again.",
            "add": _add(name),
        },
    })  # fmt: skip


def _place(study: OpenStudy, query: Query, known: pd.DataFrame | None) -> tuple[str, str]:
    """Source and country: where nothing is asked for, the first with something to show."""
    sources = study.results.sources
    there = sources if known is None else _seen(known.source)
    held = [one for one in sources if one in there]
    source = query.text("source", (held or sources)[0], sources)
    view = study.view(source)
    return source, query.text("country", view.focus or view.codes[0], view.codes)


# -- modes -----------------------------------------------------------------------------------------


def modes(study: OpenStudy, query: Query) -> Reply:
    """Modes of a country over the period and its windows, their evidence, and how they change."""
    kept = _kept(study, "modes")
    source, country = _place(study, query, kept)
    wanted = {name: query.texts(name) for name in reversed(UNIT)}
    part = query.text("part", "modes", ("modes", "evidence", "windows", "countries", "transitions"))
    query.done()
    entry = study.store.study.modes
    if kept is None or entry is None:
        return _absent("modes", _problem(study, "modes") or "a study without [modes]")
    of_source = kept[kept.source == source]
    _check_known(of_source, wanted)
    chosen = _wanted(of_source, wanted)
    own = chosen[chosen.country == country]
    proof = _kept(study, "mode_evidence")
    assert proof is not None
    proof = _wanted(proof[(proof.source == source) & (proof.country == country)], wanted)
    windows = chosen.loc[chosen.period == "window", WINDOW_COLUMNS]
    frames = {
        "modes": own[MODE_COLUMNS],
        "evidence": proof.drop(columns="source"),
        "windows": _over_windows(
            windows, country,
            _shared(study, f"windows {source}", wanted, lambda: _counted(windows, SPAN)),
        ),
        "countries": _shared(
            study, f"countries {source}", wanted,
            lambda: _counted(chosen[chosen.period == "whole"], ["country"]),
        ),
    }  # fmt: skip
    everywhere = _shared(study, f"moves {source}", wanted, lambda: _moves(windows))
    moves = {"own": _moves(windows[windows.country == country]), "all": everywhere}
    frames["transitions"] = pd.concat(
        [one["frame"].assign(scope=name) for name, one in moves.items() if one["frame"] is not None]
        or [pd.DataFrame(columns=["from", "to", "units", "share", "scope"])],
        ignore_index=True,
    )
    codes = _seen(of_source.industry)
    data = {
        "about": _modes_about(study, entry, source, country, wanted),
        "source": source, "country": country, "grouping": entry.grouping,
        "window": entry.window, "modes_known": list(ALL_MODES),
        "labels": {name: _seen(of_source[name]) for name in UNIT},
        "titles": {"industry": dict(zip(codes, _titled(study, source, codes), strict=True)),
                   "group": _group_titles(study, entry.grouping)},
        "evidence": frames["evidence"], "windows": frames["windows"],
        "countries": frames["countries"],
        "transitions": frames["transitions"],
        "transitions_absent": {name: one["why"] for name, one in moves.items() if one["why"]},
        "undefined": _lost(study, "modes", source, country),
    }  # fmt: skip
    return Answer(data, frames[part])


def _check_known(frame: pd.DataFrame, wanted: Mapping[str, Sequence[str]]) -> None:
    for name, texts in wanted.items():
        known = _seen(frame[name]) if texts else []
        if unknown := [text for text in texts if text not in known]:
            raise UsageError(
                f"parameter {name}", found=repr(unknown[0]), expected=" or ".join(known),
                remedy="Choose one of those there are.",
            )  # fmt: skip


def _wanted(frame: pd.DataFrame, wanted: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Rows with one of the texts in each column that has any."""
    keep = np.ones(len(frame), dtype=bool)
    for name, texts in wanted.items():
        keep &= frame[name].isin(texts).to_numpy() if texts else True
    return frame[keep]


def _counted(frame: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Units in each mode, one row a value of `by`."""
    counts = frame.groupby([*by, "mode"], observed=True).size().unstack("mode", fill_value=0)
    return counts.reindex(columns=list(ALL_MODES), fill_value=0).reset_index()


def _over_windows(windows: pd.DataFrame, country: str, everywhere: pd.DataFrame) -> pd.DataFrame:
    own = _counted(windows[windows.country == country], SPAN)
    return pd.concat([own.assign(scope="own"), everywhere.assign(scope="all")],
                     ignore_index=True)  # fmt: skip


def _shared(
    study: OpenStudy, name: str, wanted: Mapping[str, Sequence[str]], make: Callable[[], T]
) -> T:
    """What is the same for every country: kept for all groups, and for each by itself."""
    groups = wanted.get("group", ())
    if len(groups) > 1 or any(texts for key, texts in wanted.items() if key != "group"):
        return make()
    return study.once(f"modes: {name} {''.join(groups)}", make)


def _moves(windows: pd.DataFrame) -> dict[str, Any]:
    """Rows from, to, units, share of those that start there; or why there are none."""
    if windows.empty:
        return {"frame": None, "why": "no windows"}
    try:
        counts, shares = transitions(windows, counts=True), transitions(windows)
    except InputError as error:
        return {"frame": None, "why": error.found}
    frame = counts.stack().rename("units").reset_index()
    frame["share"] = shares.stack(future_stack=True).to_numpy()
    return {"frame": frame, "why": ""}


def _titled(study: OpenStudy, source: str, codes: list[str]) -> list[dict[str, str]]:
    """Titles of industries; the code where classifications do not agree on one."""
    known = {one["code"]: one["title"] for one in summary(study)["industries"].get(source, [])}
    if set(codes) <= set(known):
        return [known[code] for code in codes]
    found: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for name in classify.classifications():
        titles = industry_words(name)
        if set(codes) <= set(titles):
            own = [titles[code] for code in codes]
            found.setdefault(tuple(one["en"] for one in own), own)
    return found.popitem()[1] if len(found) == 1 else [{"en": c, "ko": c} for c in codes]


def _group_titles(study: OpenStudy, grouping: str) -> dict[str, Any]:
    for one in summary(study)["groupings"]:
        if one["name"] == grouping:
            return {group["code"]: group["title"] for group in one["groups"]}
    return {}


def _problem(study: OpenStudy, measure: str) -> str:
    """Why the study could not make what it asked for."""
    problems = study.once("problems", study.store.problems)
    own = problems[problems.measure == measure]
    return "" if own.empty else str(own.text.iloc[0])


def _lost(study: OpenStudy, measure: str, source: str, country: str) -> list[str]:
    problems = study.once("problems", study.store.problems)
    own = problems[(problems.measure == measure) & (problems.source == source)]
    return [str(text) for text in own[own.country.isin([country])].text]


def _modes_about(
    study: OpenStudy, entry: Any, source: str, country: str, wanted: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    lost = _lost(study, "modes", source, country)
    return _made_about(
        study, "modes", (source, country),
        title={"en": "Modes of manufacturing and services", "ko": "제조업과 서비스업의 융합 방식"},
        question={
            "en": "In which mode do an industry and a service come together, and since when?",
            "ko": "산업과 서비스는 어떤 방식으로, 언제부터 융합하는가?",
        },
        formula="receding: P falls. merging: O and R rise, P does not fall; or P rises with one "
        "of O and R, S rises, H does not. alternative: P rises, O and R do not, H does not; or "
        "P rises with one of O and R, H falls, S does not rise. coexisting: otherwise. P share of "
        "purchased service in inputs, H own-account service per output, O secondary service "
        "output per output, R share of the industry's product in the inputs of the services, S "
        "similarity of inputs; each rises or falls if the interval of its slope leaves out 0 and "
        f"the slope is {entry.material:.1%} of the mean a year at least",
        unit="mode", unit_name=unit_words("mode"), definition=_settings(entry), undefined=lost,
        source="Document 001 for the two modes; rule J3; Kuensch (1989) for resampled blocks",
        identity={
            "en": "on straight lines every draw gives the mode of the lines",
            "ko": "직선이면 모든 추출에서 그 직선의 방식이 나온다",
        },
        lines=[
            f"{name} = store.{name}()\n"
            f"print({rows_filter(name, {'country': [country], **wanted})}.to_csv(index=False))"
            for name in ("modes", "mode_evidence")
        ],
    )  # fmt: skip


def _settings(entry: Any) -> Words:
    """An entry of the study file in words."""
    given = {name: getattr(entry, name) for name in entry.__struct_fields__}
    said = [(both("setting", name, name), _setting(name, value, given))
            for name, value in given.items() if value not in (None, "")]  # fmt: skip
    return {lang: "; ".join(f"{name[lang]}: {value[lang]}" for name, value in said)
            for lang in ("en", "ko")}  # fmt: skip


def _setting(name: str, value: Any, given: Mapping[str, Any]) -> Words:
    if isinstance(value, tuple):
        several = [both("group", f"{given.get('by')}.{one}", one) for one in value]
        return {lang: ", ".join(one[lang] for one in several) for lang in ("en", "ko")}
    if name in ("grouping", "by") and value in classify.groupings():
        return both("grouping", value, classify.grouping(value).title)
    if name == "of":
        return {"en": value.replace("_", " "), "ko": korean()["word"].get(value, value)}
    return both("setting", f"{name}.{value}", str(value))


def _made_about(
    study: OpenStudy, name: str, place: tuple[str, str], *, title: dict[str, str],
    undefined: Sequence[str], lines: Sequence[str], **facts: Any,
) -> dict[str, Any]:  # fmt: skip
    """The evidence of what the study makes besides measures; the same members as a measure's."""
    seen = evidence(study, [place[1]], sources=[place[0]])
    seen |= {"undefined": len(undefined), "undefined_first": undefined[0] if undefined else None}
    return {
        "measure": name, "title": title, **facts, "evidence": seen,
        "cli": AGAIN, "python": of_store(study, *lines), "synthetic": study.store.synthetic,
    }  # fmt: skip


# -- symbiosis -------------------------------------------------------------------------------------


def symbiosis(study: OpenStudy, query: Query) -> Reply:
    """What two sectors' growth does to each other: kind, path, portrait, where it ends."""
    kept = _kept(study, "symbiosis")
    source, country = _place(study, query, kept)
    part = query.text("part", "path", ("path", "parameters", "countries"))
    query.done()
    entry = study.store.study.symbiosis
    if kept is None or entry is None:
        return _absent("symbiosis", _problem(study, "symbiosis") or "a study without [symbiosis]")
    of_source = kept[kept.source == source]
    lost = _lost(study, "symbiosis", source, country)
    head = {
        "about": _symbiosis_about(study, entry, source, country, lost),
        "source": source, "country": country, "species": list(entry.species),
        "countries": _countries(of_source),
        "lost": lost + _lost(study, "projection", source, country),
    }  # fmt: skip
    own = of_source[of_source.country == country]
    if own.empty:
        return Answer({**head, "fit": None}, head["countries"] if part == "countries" else None)
    row = own.iloc[0].to_dict()
    path = _path(study, row, entry)
    if isinstance(path, Pending):
        return path
    parameters = _parameters(row)
    data = {
        **head, "fit": _fit(row), "parameters": parameters, "path": path,
        "portrait": _portrait(_model(row), path, row), "unit": row["unit"],
    }  # fmt: skip
    own_frames = {"path": path, "parameters": parameters}
    frames = {name: frame.assign(country=country) for name, frame in own_frames.items()}
    frames["countries"] = head["countries"]
    return Answer(data, frames[part])


def _model(row: Mapping[str, Any]) -> LotkaVolterra:
    return LotkaVolterra(
        (row["first"], row["second"]), np.array([row[f"r_{p}"] for p in PLACES]),
        np.array([[row[f"a_{p}_{q}"] for q in PLACES] for p in PLACES]),
        unit=row["unit"], source="estimated",
    )  # fmt: skip


def _fit(row: Mapping[str, Any]) -> dict[str, Any]:
    """Kind with its reason, and the equilibrium."""
    names = ("first", "second", "kind", "reason", "likeliest", "probability", "interaction_p",
             "n", "year_first", "year_last", "level", "intervals", "condition")  # fmt: skip
    ends = ("", "_lower", "_upper")
    return {
        **{name: row.get(name) for name in names},
        "possible": [text for text in row["possible"].split("; ") if text],
        "notes": [text for text in row["notes"].split("; ") if text],
        "equilibrium": {
            "kind": row["equilibrium"], "feasible": row["feasible"], "stable": row["stable"],
            **{f"{p}{end}": row[f"equilibrium_{p}{end}"] for p in PLACES for end in ends},
        },
    }  # fmt: skip


def _parameters(row: Mapping[str, Any]) -> pd.DataFrame:
    pairs = [f"{p}_{q}" for p in PLACES for q in PLACES]
    keys = [f"{kind}_{p}" for kind in ("r", "K", "x0") for p in PLACES]
    keys += ["d_first_second", "d_second_first", *(f"a_{pair}" for pair in pairs)]
    words = {"first": row["first"], "second": row["second"]}
    units = {"r": "1/year", "d": "1", "a": f"1/year/({row['unit']})"}
    return pd.DataFrame([
        {
            "parameter": key.split("_")[0], "of": words[key.split("_")[1]],
            "from": words[key.split("_")[2]] if key.count("_") > 1 else "",
            "value": row[key], "lower": row[f"{key}_lower"], "upper": row[f"{key}_upper"],
            "unit": units.get(key.split("_")[0], row["unit"]),
        }
        for key in keys
    ])  # fmt: skip


def _path(study: OpenStudy, row: Mapping[str, Any], entry: Any) -> pd.DataFrame | Pending:
    """Observed and modelled sizes by year and sector, as projected or only fitted."""
    kept = _kept(study, "projections")
    if kept is not None:
        own = kept[(kept.source == row["source"]) & (kept.country == row["country"])]
        if len(own):
            return own.drop(columns=["source", "country"]).reset_index(drop=True)
    call = settled_call("account", {"of": entry.of, "by": entry.by})
    same = [c for c in study.store.study.calls if (c.name, c.options) == (call.name, call.options)]
    rows = found(study, Call(call.name, call.options, same[0].only if same else ""))
    return rows if isinstance(rows, Pending) else _fitted(rows, row)


def _fitted(rows: Found, row: Mapping[str, Any]) -> pd.DataFrame:
    """The fitted path beside the series it was fitted to."""
    species = [row["first"], row["second"]]
    frame = rows.rows.to_pandas()
    frame = frame[(frame.source == row["source"]) & (frame.country == row["country"])]
    seen = frame.pivot_table(index="year", columns="industry", values="value")[species].dropna()
    years = seen.index.to_numpy(dtype=np.float64)
    fitted = _model(row).trajectory([row[f"x0_{p}"] for p in PLACES], years)
    return pd.DataFrame({
        "sector": species * len(seen), "year": np.repeat(seen.index.to_numpy(), 2),
        "projected": False, "observed": seen.to_numpy().ravel(),
        "value": fitted.states.ravel(), "lower": math.nan, "upper": math.nan,
        "observed_lower": math.nan, "observed_upper": math.nan, "note": "",
    })  # fmt: skip


def _portrait(model: LotkaVolterra, path: pd.DataFrame, row: Mapping[str, Any]) -> dict[str, Any]:
    """Field, nullclines and equilibria of the plane the path lies in."""
    wide = path.pivot(index="year", columns="sector", values=["observed", "value"])
    reach = np.array([np.nanmax(wide.xs(name, axis=1, level=1)) for name in model.names])
    point = np.array([row[f"equilibrium_{p}"] for p in PLACES], dtype=np.float64)
    drawn = bool((point > 0).all() and (point < FAR * reach).all())
    top = 1.15 * (np.maximum(reach, point) if drawn else reach)
    found = phase_portrait(model, limits=np.column_stack([np.zeros(2), top]))
    return {
        "limits": found.limits,
        "field": pd.DataFrame(found.field, columns=["x", "y", "dx", "dy"]),
        "nullclines": dict(zip(PLACES, found.nullclines, strict=True)),
        "equilibria": [
            {"x": point.states[0], "y": point.states[1], "kind": point.kind,
             "stable": point.stable, "coexistence": all(point.present)}
            for point in found.equilibria
        ],
        "equilibrium_drawn": drawn,
    }  # fmt: skip


def _countries(kept: pd.DataFrame) -> pd.DataFrame:
    d = [f"d_{a}_{b}{end}" for a, b in (PLACES, PLACES[::-1]) for end in ("", "_lower", "_upper")]
    names = ["country", "kind", "reason", "likeliest", "probability", *d, "equilibrium", "feasible",
             "stable", "interaction_p", "notes"]  # fmt: skip
    return kept.reindex(columns=names).reset_index(drop=True)


def _symbiosis_about(
    study: OpenStudy, entry: Any, source: str, country: str, lost: Sequence[str]
) -> dict[str, Any]:
    first, second = entry.species
    return _made_about(
        study, "symbiosis", (source, country),
        title={"en": "Symbiosis of two sectors", "ko": "두 부문의 공생 관계"},
        question={
            "en": f"Does the growth of {first} feed or harm that of {second}, and the other way "
            "round? Where does that end?",
            "ko": "두 부문의 성장은 서로를 돕는가 해치는가, 그 끝은 어디인가?",
        },
        formula="dx_i/dt = r_i x_i (1 − x_i/K_i + Σ_j d_ij x_j/K_j); least squares on the "
        "solution; equilibrium K1 (1 + d12) / (1 − d12 d21), stable iff d12 d21 < 1",
        unit=f"{entry.of}, money of the table", undefined=lost,
        unit_name={
            "en": f"{entry.of}, money of the table",
            "ko": f"{korean()['word'].get(entry.of, entry.of)}, 표의 화폐 단위",
        },
        definition=_settings(entry),
        source="Murray (2002), Mathematical Biology I, ch. 3.5; document 001, section 4",
        identity={
            "en": "both nullclines cross at the equilibrium",
            "ko": "두 불변선은 균형점에서 만난다",
        },
        lines=[
            f"{name} = store.{name}()\n"
            f"print({rows_filter(name, {'country': [country]})}.to_csv(index=False))"
            for name in ("symbiosis", "projections") if _kept(study, name) is not None
        ],
    )  # fmt: skip


routes = [
    ("/api/interaction", overview),
    ("/api/interaction/modes", modes),
    ("/api/interaction/symbiosis", symbiosis),
]
