"""The same numbers from implementations we did not write: pyfixest, linearmodels and R."""

from __future__ import annotations

import json
import shutil
import subprocess
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from servio.explain import Estimate, estimate

CLOSE = 1e-8


def unbalanced(seed: int = 1, *, gaps: bool = True) -> pd.DataFrame:
    """Forty firms of ten groups, twelve years, an endogenous e with instruments z1 and z2."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"firm": np.repeat(np.arange(40), 12), "year": np.tile(np.arange(2000, 2012), 40)}
    )
    n = len(frame)
    frame["group"] = frame["firm"] // 4
    firm = rng.normal(size=40)[frame["firm"]]
    year = rng.normal(size=12)[frame["year"] - 2000]
    shock = rng.normal(size=n)
    frame["z1"], frame["z2"] = rng.normal(size=n), rng.normal(size=n) + 0.2 * firm
    frame["x1"] = rng.normal(size=n) + firm
    frame["x2"] = rng.normal(size=n) + 0.3 * frame["x1"] + year
    frame["e"] = frame["z1"] + 0.5 * frame["z2"] + shock + firm
    noise = rng.normal(size=n) * np.exp(0.3 * frame["x2"])
    frame["y"] = (
        1 + frame["x1"] - 0.5 * frame["x2"] + 0.7 * frame["e"] + firm + year + shock + noise
    )
    frame["w"] = np.exp(0.5 * rng.normal(size=n))
    kept = rng.random(n) > 0.15 if gaps else np.ones(n, dtype=bool)
    return frame[kept].reset_index(drop=True)


def same(found: Estimate, coefficients: Mapping[str, float], errors: Mapping[str, float]) -> None:
    for term, value in coefficients.items():
        at = found.position(term)
        assert found.coefficients[at] == pytest.approx(value, rel=CLOSE, abs=1e-12)
        assert found.std_errors[at] == pytest.approx(errors[term], rel=CLOSE)


# -- pyfixest: the same formulas, the same presets

VCOVS: list[tuple[Any, Any, dict[str, Any] | None]] = [
    ("iid", "iid", None),
    ("hetero", "hetero", None),
    ({"cluster": "firm"}, {"CRV1": "firm"}, None),
    ({"cluster": "group"}, {"CRV1": "group"}, None),
    ({"cluster": ["firm", "year"]}, {"CRV1": "firm+year"}, None),
    (
        {"driscoll_kraay": 2},
        "DK",
        {"lag": 2, "time_id": "year", "panel_id": "firm"},
    ),
]


FORMULAS = [
    "y ~ x1 + x2",
    "y ~ x1*x2 | firm",
    "y ~ x1 + x2 | firm + year",
    "y ~ x1 | firm + year | e ~ z1 + z2",
]
# pyfixest has no Driscoll-Kraay errors with instruments.
PAIRS = [(f, v) for f in FORMULAS for v in VCOVS if v[1] != "DK" or "~ z1" not in f]


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize(("formula", "vcov"), PAIRS, ids=lambda part: str(part)[:40])
def test_pyfixest(formula: str, vcov: tuple[Any, Any, Any], weights: str | None) -> None:
    pf = pytest.importorskip("pyfixest", reason="needs the extra econ")
    ours, theirs, more = vcov
    frame = unbalanced()
    found = estimate(formula, frame, vcov=ours, weights=weights, panel="firm", time="year")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = pf.feols(
            formula, frame, vcov=theirs, vcov_kwargs=more, weights=weights,
            demeaner=pf.LsmrDemeaner(fixef_atol=1e-14, fixef_btol=1e-14),
        )  # fmt: skip
    named = {"Intercept": "(Intercept)"}
    same(found, other.coef().rename(named).to_dict(), other.se().rename(named).to_dict())
    assert found.p_values == pytest.approx(
        [other.pvalue().rename(named)[term] for term in found.terms], rel=1e-6, abs=1e-12
    )
    assert found.df == other._df_t
    # pyfixest has one-way clusters in its first stages only.
    if other._is_iv and ours != {"cluster": ["firm", "year"]}:
        F = found.statistics["first_stage_F e"]
        assert pytest.approx(other._f_stat_1st_stage, rel=1e-8) == F


# -- linearmodels: bare sandwiches, ssc="none"


@pytest.fixture(scope="module")
def linear() -> Any:
    return pytest.importorskip("linearmodels", reason="needs the extra econ")


@pytest.mark.parametrize("time", [False, True], ids=["one way", "two way"])
@pytest.mark.parametrize(
    ("vcov", "options"),
    [
        ({"cluster": "firm"}, {"cov_type": "clustered", "cluster_entity": True}),
        (
            {"cluster": ["firm", "year"]},
            {"cov_type": "clustered", "cluster_entity": True, "cluster_time": True},
        ),
        ({"driscoll_kraay": 3}, {"cov_type": "kernel", "kernel": "bartlett", "bandwidth": 3}),
        ("hetero", {"cov_type": "robust"}),
        ("iid", {"cov_type": "unadjusted"}),
    ],
    ids=["cluster", "two clusters", "Driscoll-Kraay", "hetero", "iid"],
)
def test_linearmodels_within(linear: Any, vcov: Any, options: dict[str, Any], time: bool) -> None:
    frame = unbalanced()
    formula = "y ~ x1 + x2 | firm" + " + year" * time
    found = estimate(formula, frame, vcov=vcov, ssc="none", panel="firm", time="year")
    indexed = frame.set_index(["firm", "year"])
    model = linear.PanelOLS(
        indexed["y"], indexed[["x1", "x2"]], entity_effects=True, time_effects=time
    )
    other = model.fit(debiased=False, auto_df=False, count_effects=False, **options)
    same(found, other.params.to_dict(), other.std_errors.to_dict())


def test_linearmodels_counts_effects_in_iid_errors(linear: Any) -> None:
    frame = unbalanced()
    found = estimate("y ~ x1 + x2 | firm + year", frame, vcov="iid")
    indexed = frame.set_index(["firm", "year"])
    model = linear.PanelOLS(
        indexed["y"], indexed[["x1", "x2"]], entity_effects=True, time_effects=True
    )
    other = model.fit(cov_type="unadjusted", debiased=True)
    same(found, other.params.to_dict(), other.std_errors.to_dict())
    assert found.statistics["r2_within"] == pytest.approx(other.rsquared, rel=CLOSE)


def test_linearmodels_two_stages(linear: Any) -> None:
    """Instruments on swept columns: the Frisch-Waugh-Lovell theorem with a second program."""
    frame = unbalanced()
    names = ["y", "x1", "e", "z1", "z2"]
    swept = frame[names].copy()
    levels = pd.get_dummies(frame[["firm", "year"]].astype(str), drop_first=True).to_numpy(float)
    levels = np.column_stack([np.ones(len(frame)), levels])
    swept[:] = frame[names] - levels @ np.linalg.lstsq(levels, frame[names], rcond=None)[0]
    two = linear.IV2SLS(swept["y"], swept[["x1"]], swept[["e"]], swept[["z1", "z2"]])
    formula = "y ~ x1 | firm + year | e ~ z1 + z2"
    for vcov, options in [
        ("iid", {"cov_type": "unadjusted"}),
        ("hetero", {"cov_type": "robust"}),
        ({"cluster": "firm"}, {"cov_type": "clustered", "clusters": frame["firm"]}),
    ]:
        found = estimate(formula, frame, vcov=vcov, ssc="none")
        other = two.fit(debiased=False, **options)
        same(found, other.params.to_dict(), other.std_errors.to_dict())
    sargan = two.fit(cov_type="unadjusted", debiased=False).sargan
    found = estimate(formula, frame, vcov="iid")
    assert found.statistics["sargan"] == pytest.approx(sargan.stat, rel=CLOSE)
    assert found.statistics["sargan_p"] == pytest.approx(sargan.pval, rel=CLOSE)


def test_linearmodels_hansen(linear: Any) -> None:
    frame = unbalanced()
    frame["one"] = 1.0
    gmm = linear.IVGMM(
        frame["y"], frame[["one", "x1"]], frame[["e"]], frame[["z1", "z2"]], center=False
    ).fit(iter_limit=2)
    found = estimate("y ~ x1 | e ~ z1 + z2", frame, vcov="hetero")
    assert found.statistics["hansen_j"] == pytest.approx(gmm.j_stat.stat, rel=1e-6)


# -- R

SCRIPT = r"""
suppressMessages({library(plm); library(sandwich); library(AER)})
frame <- read.csv("panel.csv")
out <- function(name, b, V) for (i in seq_along(b))
  cat(name, names(b)[i], sprintf("%.17g", b[i]), sprintf("%.17g", sqrt(diag(V))[i]), "\n")
one <- plm(y ~ x1 + x2, frame, index = c("firm", "year"), model = "within")
two <- plm(y ~ x1 + x2, frame, index = c("firm", "year"), model = "within", effect = "twoways")
out("one", coef(one), vcov(one))
out("two", coef(two), vcov(two))
out("one_cluster", coef(one), vcovHC(one, method = "arellano", type = "HC0", cluster = "group"))
out("two_cluster", coef(two), vcovHC(two, method = "arellano", type = "HC0", cluster = "group"))
out("two_double", coef(two), vcovDC(two, type = "HC0"))
out("two_scc", coef(two), vcovSCC(two, type = "HC0", maxlag = 2, cluster = "time"))
dummies <- lm(y ~ x1 + x2 + factor(firm) + factor(year), frame)
out("hc3", coef(dummies)[2:3], vcovHC(dummies, type = "HC3")[2:3, 2:3])
weighted <- lm(y ~ x1 + x2 + factor(firm), frame, weights = w)
out("weighted_hc3", coef(weighted)[2:3], vcovHC(weighted, type = "HC3")[2:3, 2:3])
out("weighted_hc1", coef(weighted)[2:3], vcovHC(weighted, type = "HC1")[2:3, 2:3])
pooled <- lm(y ~ x1 + x2, frame)
out("cl", coef(pooled), vcovCL(pooled, cluster = ~ firm, type = "HC1"))
series <- lm(y ~ x1 + x2, frame[frame$firm == 0, ])
out("nw", coef(series), NeweyWest(series, lag = 2, prewhite = FALSE, adjust = FALSE))
iv <- ivreg(y ~ x1 + e | x1 + z1 + z2, data = frame)
out("iv", coef(iv), vcov(iv))
found <- summary(iv, diagnostics = TRUE)$diagnostics
cat("weak F", sprintf("%.17g %.17g", found[1, 3], found[1, 4]), "\n")
cat("sargan J", sprintf("%.17g %.17g", found[3, 3], found[3, 4]), "\n")
"""


@pytest.fixture(scope="module")
def in_r(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, tuple[float, float]]]:
    """Estimates and errors by model and term, from R."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("needs Rscript, which is not here")
    folder = tmp_path_factory.mktemp("r")
    balanced_years().to_csv(folder / "panel.csv", index=False, float_format="%.17g")
    (folder / "models.R").write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [rscript, "models.R"], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode and "there is no package" in done.stderr:
        pytest.skip(f"needs R's plm, sandwich and AER: {done.stderr.strip().splitlines()[0]}")
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for line in done.stdout.splitlines():
        model, term, value, error = line.split()
        found.setdefault(model, {})[term] = (float(value), float(error))
    return found


def balanced_years() -> pd.DataFrame:
    """Unbalanced, but firm 0 has every year, so that R's lags by position are lags in time."""
    full, gaps = unbalanced(2, gaps=False), unbalanced(2)
    return pd.concat([full[full["firm"] == 0], gaps[gaps["firm"] > 0]], ignore_index=True)


CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("one", "y ~ x1 + x2 | firm", {"vcov": "iid"}),
    ("two", "y ~ x1 + x2 | firm + year", {"vcov": "iid"}),
    ("one_cluster", "y ~ x1 + x2 | firm", {"vcov": {"cluster": "firm"}, "ssc": "none"}),
    ("two_cluster", "y ~ x1 + x2 | firm + year", {"vcov": {"cluster": "firm"}, "ssc": "none"}),
    (
        "two_double",
        "y ~ x1 + x2 | firm + year",
        {"vcov": {"cluster": ["firm", "year"]}, "ssc": "none"},
    ),
    ("two_scc", "y ~ x1 + x2 | firm + year", {"vcov": {"driscoll_kraay": 2}, "ssc": "none"}),
    ("hc3", "y ~ x1 + x2 | firm + year", {"vcov": "HC3"}),
    ("weighted_hc3", "y ~ x1 + x2 | firm", {"vcov": "HC3", "weights": "w"}),
    ("weighted_hc1", "y ~ x1 + x2 | firm", {"vcov": "hetero", "weights": "w"}),
    ("cl", "y ~ x1 + x2", {"vcov": {"cluster": "firm"}}),
    ("nw", "y ~ x1 + x2", {"vcov": {"newey_west": 2}, "ssc": "none", "where": "firm == 0"}),
    ("iv", "y ~ x1 | e ~ z1 + z2", {"vcov": "iid"}),
]  # fmt: skip


@pytest.mark.parametrize(("model", "formula", "options"), CASES, ids=[case[0] for case in CASES])
def test_r(in_r: Any, model: str, formula: str, options: dict[str, Any]) -> None:
    found = estimate(formula, balanced_years(), panel="firm", time="year", **options)
    theirs = in_r[model]
    same(
        found,
        {term: value for term, (value, _) in theirs.items()},
        {term: error for term, (_, error) in theirs.items()},
    )


def test_r_diagnostics_of_instruments(in_r: Any) -> None:
    found = estimate("y ~ x1 | e ~ z1 + z2", balanced_years(), vcov="iid")
    weak, sargan = in_r["weak"]["F"], in_r["sargan"]["J"]
    assert found.statistics["first_stage_F e"] == pytest.approx(weak[0], rel=CLOSE)
    assert found.statistics["first_stage_p e"] == pytest.approx(weak[1], rel=CLOSE)
    assert found.statistics["sargan"] == pytest.approx(sargan[0], rel=CLOSE)
    assert found.statistics["sargan_p"] == pytest.approx(sargan[1], rel=CLOSE)


# -- published panels


def test_grunfeld_and_produc_as_plm_prints_them(shared: Path) -> None:
    pytest.importorskip("pyfixest", reason="needs the extra econ")
    check = json.loads((shared / "checks" / "27_panel_grunfeld_produc.json").read_text("utf-8"))
    expected, tolerance = check["expected"], check["tolerance"]
    grunfeld = pd.read_csv(shared / "checks" / "data" / "plm_grunfeld.csv")
    produc = pd.read_csv(shared / "checks" / "data" / "plm_produc.csv")
    firm = next(name for name in grunfeld.columns if name.lower().startswith("firm"))
    pairs = [
        ("grunfeld_within", f"inv ~ value + capital | {firm}", grunfeld),
        ("grunfeld_twoways", f"inv ~ value + capital | {firm} + year", grunfeld),
        ("produc_within", "log(gsp) ~ log(pcap) + log(pc) + log(emp) + unemp | state", produc),
    ]
    for name, formula, frame in pairs:
        found = estimate(formula, frame, vcov="iid")
        for term, (value, error) in expected[name].items():
            at = found.position(f"log({term[4:]})" if term.startswith("log_") else term)
            assert found.coefficients[at] == pytest.approx(value, rel=tolerance, abs=1e-8)
            assert found.std_errors[at] == pytest.approx(error, rel=tolerance, abs=1e-8)
