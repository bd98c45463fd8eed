"""The model world: balance, determinism, and planted truths found again in the tables.

Tolerances: balance 1e-12 relative (rounding of sums). Slopes of noisy service shares: within four
standard errors, which follow from the planted noise alone. Effects: the 95 % interval of a within
regression must hold the planted value in at least 88 % of cells over five seeds (nominal 95 %).
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp
from threadpoolctl import threadpool_limits

from servio import classify
from servio.errors import NumericalError, ResourceError, UsageError
from servio.measure import service_input_share
from servio.sources import read, sources
from servio.sources.model import (
    MODEL_VERSION,
    SOURCE,
    ModelParameters,
    ModelWorld,
    balance,
    model_world,
    parse_spec,
)
from servio.table import Bundle, IOTable, audit, national


@pytest.fixture(scope="module")
def world() -> ModelWorld:
    return model_world(seed=1)


@pytest.fixture(scope="module")
def exact() -> ModelWorld:
    return model_world(seed=1, noise=0.0)


def cube(bundle: Bundle, values: np.ndarray) -> np.ndarray:
    """Values (t, n) of a world axis as (t, country, industry)."""
    return values.reshape(len(bundle), len(bundle.axis.country_names), -1)


def purchases(bundle: Bundle) -> np.ndarray:
    """Intermediates by product over all origins, (t, product, country, user)."""
    t, c = len(bundle), len(bundle.axis.country_names)
    n = len(bundle.axis) // c
    return bundle.arrays["Z"].reshape(t, c, n, c, n).sum(axis=1)


def group_shares(bundle: Bundle, grouping: str = "kiet") -> np.ndarray:
    """Share of each service group in intermediates, (t, country, user, group)."""
    table = bundle.table(0)
    n = len(bundle.axis.code_names)
    _, weights = table.weights(grouping)
    bought = purchases(bundle)
    part = np.einsum("gi,ticj->tcjg", weights[:, :n], bought)
    total = bought.sum(axis=1)[..., None]
    return np.divide(part, total, out=np.full_like(part, np.nan), where=total > 0)


def mapping(world: ModelWorld, table: str, key: str, value: str) -> dict:
    return dict(zip(world.truth[table].column(key), world.truth[table].column(value), strict=True))


def trend_arrays(world: ModelWorld) -> tuple[list[tuple[int, int]], np.ndarray, np.ndarray]:
    rows = world.truth["trend"].rows
    where = [(world.countries.index(c), world.industries.index(j)) for c, j, _, _ in rows]
    return where, np.array([r[2] for r in rows]), np.array([r[3] for r in rows])


def measured_paths(world: ModelWorld) -> np.ndarray:
    """Service share of intermediates of the industries in the trend table, (t, rows)."""
    shares = group_shares(world.bundle()).sum(axis=3)
    where, _, _ = trend_arrays(world)
    return np.stack([shares[:, c, j] for c, j in where], axis=1)


def slopes(paths: np.ndarray) -> np.ndarray:
    t = np.arange(len(paths)) - (len(paths) - 1) / 2
    return t @ paths / (t @ t)


# -- accounting --

SIZES = [
    {},
    {"seed": 5, "countries": 2, "industries": 8, "years": 1},
    {"seed": 2, "countries": 3, "industries": 41, "years": 2},
    {"seed": 7, "countries": 5, "industries": 56, "years": 2},
    {"seed": 4, "noise": 2.0, "trend": 1.2, "symbiosis": 1.5, "openness": 1.5, "zipf": 1.5},
    {"seed": 0, "years": 60, "countries": 4},
]


@pytest.mark.parametrize("arguments", SIZES, ids=str)
def test_every_table_balances_and_is_economically_sensible(arguments: dict[str, float]) -> None:
    world = model_world(**arguments)
    for table in world.tables():
        live = table.live
        rows, columns = (
            table.Z.sum(axis=1) + table.Y.sum(axis=1),
            table.Z.sum(axis=0) + table.V.sum(axis=0),
        )
        assert_allclose(rows[live], table.x[live], rtol=1e-12)
        assert_allclose(columns[live], table.x[live], rtol=1e-12)
        assert np.isclose(table.Y.sum(), table.V.sum(), rtol=1e-12)
        assert (table.Z >= 0).all() and (table.x >= 0).all()
        assert (table.V[:, live] > 0).all()
        assert (table.Y.sum(axis=1)[live] > 0).all()
        inventory = np.array(table.demand_roles) == "inventory"
        assert (table.Y[:, ~inventory] >= 0).all()
        assert (table.Y[:, inventory] < 0).any()


def test_dead_industries_are_empty_and_listed_in_truth(world: ModelWorld) -> None:
    listed = {f"{c}_{i}" for c, i in world.truth["zero_output"].rows}
    assert {c for c, _ in world.truth["zero_output"].rows} == set(world.countries[-4:])
    for table in world.tables():
        dead = ~table.live
        assert {table.axis.labels[i] for i in np.flatnonzero(dead)} == listed
        for array in (table.Z[dead], table.Z[:, dead], table.Y[dead], table.V[:, dead]):
            assert not array.any()
        assert not any(s.values[dead].any() for s in table.satellites.values())


def test_dead_products_are_still_used_where_they_are_not_made(world: ModelWorld) -> None:
    country, code = world.truth["zero_output"].rows[0]
    table = world.table(world.years[0])
    users = table.axis.positions(str(country))
    product = [i for i, c in enumerate(table.axis.codes) if c == code]
    assert table.Z[np.ix_(product, users)].sum() > 0


def test_economies_differ_as_planned(world: ModelWorld) -> None:
    table = world.table(2000)
    size = np.bincount(table.axis.country_index, weights=table.value_added)
    assert (np.diff(size) < 0).all()
    Z = table.Z
    home = table.axis.country_index[:, None] == table.axis.country_index[None, :]
    assert 0.6 < Z[home].sum() / Z.sum() < 0.95
    shares = service_input_share(table, by="manufacturing").values
    types = np.array(world.truth["economies"].column("economy_type"))
    assert shares[types == "service-oriented"].min() > shares[types != "service-oriented"].max()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_manufacturing_share_tells_the_types_apart_in_every_year(seed: int) -> None:
    world = model_world(seed=seed)
    types = np.array(world.truth["economies"].column("economy_type"))
    by_sector = sector_value_added(world)
    share = by_sector[:, :, 0] / by_sector.sum(axis=2)
    service = share[:, types == "service-oriented"]
    assert (service.max(axis=1) < share[:, types != "service-oriented"].min(axis=1)).all()


def test_heavier_suppliers_win_market_share_by_the_documented_formula() -> None:
    home = np.full((2, 1, 1), 0.8)
    F = np.array([[[0.0, 1.0]], [[1.0, 0.0]]])
    share, pull = balance.substituted(home, F, np.array([[[2.0], [0.5]]]))
    assert_allclose(pull[0, :, 0], [0.5, 2.0])
    assert_allclose(share[0, :, 0, 0], [1.6 / (1.6 + 0.1), 0.4 / (0.4 + 0.4)])


def test_tables_say_that_they_are_synthetic(world: ModelWorld) -> None:
    bundle = world.bundle()
    for info, year in zip(bundle.infos, world.years, strict=True):
        assert info.synthetic and info.source == "model" and info.year == year
        assert info.money == "million model USD" and "SYNTHETIC" in info.title
        assert info.edition == MODEL_VERSION and info.flows == "world"
    assert "SYNTHETIC" in repr(world.table(2000)) and "SYNTHETIC" in SOURCE.title


def test_bundle_passes_the_checks_it_skips(world: ModelWorld) -> None:
    for table in replace(world.bundle(), checked=False):
        assert isinstance(table, IOTable) and not table.Z.flags.writeable


def test_audit_finds_no_fault(world: ModelWorld) -> None:
    for table in (world.table(2015), national(world.table(2015), world.countries[-1])):
        found = audit(table)
        assert found.passed and found.synthetic
        assert all(f.level == "note" for f in found.findings), found.findings


def test_the_source_is_registered() -> None:
    assert SOURCE in sources()
    assert read("model:countries=3,years=2", year=2001).info.title.startswith("SYNTHETIC")


def test_bundle_survives_the_form_on_disk() -> None:
    bundle = model_world(countries=3, industries=12, years=2).bundle()
    again = Bundle.unpack(*bundle.pack())
    assert [t.fingerprint for t in again] == [t.fingerprint for t in bundle]
    assert again.table(1).weights("kibs")[1].tolist() == bundle.table(1).weights("kibs")[1].tolist()


# -- determinism --


def test_same_arguments_give_the_same_bits_with_any_number_of_threads(world: ModelWorld) -> None:
    prints = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            prints.append([table.fingerprint for table in model_world(seed=1).tables()])
    assert prints[0] == prints[1] == [table.fingerprint for table in world.bundle()]


def test_another_process_gives_the_same_bits() -> None:
    code = (
        "from servio.sources.model import model_world as m;"
        "print(m(9, countries=3, years=2).table(2001).fingerprint)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == model_world(9, countries=3, years=2).table(2001).fingerprint


def test_seeds_and_parameters_give_other_worlds() -> None:
    worlds = [
        model_world(countries=3, years=2, **k)
        for k in ({}, {"seed": 1}, {"noise": 0.5}, {"zipf": 1.0})
    ]
    tables = [w.table(2001) for w in worlds]
    assert len({t.fingerprint for t in tables}) == len({t.info.input_sha256 for t in tables}) == 4


def test_a_single_table_is_the_one_in_the_bundle(world: ModelWorld) -> None:
    assert world.table(2007).fingerprint == world.bundle().table(7).fingerprint


# -- truth 1: convergence trends --


def test_planted_paths_are_measured_exactly_without_noise(exact: ModelWorld) -> None:
    _, start, slope = trend_arrays(exact)
    t = np.arange(len(exact.years))[:, None]
    paths = measured_paths(exact)
    assert_allclose(paths, start + slope * t, atol=1e-12)
    assert_allclose(slopes(paths), slope, atol=1e-10)
    assert slope.min() < -1e-4 and slope.max() > 0.005


def test_measure_gives_the_planted_share(exact: ModelWorld) -> None:
    result = service_input_share(exact.table(2010)).to_frame().set_index(["country", "industry"])
    for country, industry, share, slope in exact.truth["trend"].rows:
        assert result.loc[(country, industry), "value"] == pytest.approx(
            share + 10 * slope, abs=1e-12
        )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_slopes_are_recovered_within_their_error(seed: int) -> None:
    world = model_world(seed=seed)
    where, _, slope = trend_arrays(world)
    errors = (slopes(measured_paths(world)) - slope) / slope_errors(world, where)
    assert np.abs(errors).max() < 4.5
    assert np.mean(np.abs(errors) < 1.96) > 0.9
    assert abs(errors.mean()) < 4 / np.sqrt(len(errors))


def slope_errors(world: ModelWorld, where: list[tuple[int, int]]) -> np.ndarray:
    """Standard error of each slope from the planted noise: sd_t = share_sd * sqrt(sum q_kt^2)."""
    table = world.truth["mode"]
    index = {pair: i for i, pair in enumerate(where)}
    t = np.arange(len(world.years))
    variance = np.zeros((len(where), len(t)))
    for country, industry, _, _, start, slope, *_ in table.rows:
        pair = world.countries.index(country), world.industries.index(industry)
        variance[index[pair]] += (start + slope * t) ** 2
    centred = t - t.mean()
    noise = world.parameters.noise * world.parameters.share_sd
    return noise * np.sqrt((variance * centred**2).sum(axis=1)) / (centred @ centred)


def test_no_trend_is_found_where_none_is_planted() -> None:
    world = model_world(seed=1, trend=0.0, noise=0.0)
    assert set(world.truth["trend"].column("slope")) == {0.0}
    assert set(world.truth["mode"].column("mode")) == {"coexisting"}
    assert np.abs(slopes(measured_paths(world))).max() < 1e-14
    noisy = model_world(seed=1, trend=0.0)
    errors = slopes(measured_paths(noisy)) / slope_errors(noisy, trend_arrays(noisy)[0])
    assert 0.02 < np.mean(np.abs(errors) > 1.96) < 0.09


def test_service_oriented_economies_converge_faster(world: ModelWorld) -> None:
    types = mapping(world, "economies", "country", "economy_type")
    by_type: dict[str, list[float]] = {"service-oriented": [], "manufacturing-oriented": []}
    for country, _, _, slope in world.truth["trend"].rows:
        by_type[types[country]].append(slope)
    assert np.mean(by_type["service-oriented"]) > 3 * abs(
        np.mean(by_type["manufacturing-oriented"])
    )


# -- truth 2: effect of convergence on value added --


def panel(world: ModelWorld) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str], np.ndarray]:
    """ln VAQ, regressors, ids of units, names of regressors, planted values."""
    bundle = world.bundle()
    truth = world.truth
    technology = mapping(world, "industries", "industry", "technology")
    types = mapping(world, "economies", "country", "economy_type")
    effect = {(g, te, ty): b for g, te, _, ty, b in truth["effect"].rows}
    groups = classify.grouping("kiet").groups
    shares = group_shares(bundle)
    rows = {name: cube(bundle, values) for name, (_, values) in bundle.satellites.items()}
    cells = sorted({(te, ty) for _, te, ty in effect})
    names = ["ln K", "ln EMP", *(f"{g} {te} {ty}" for g in groups for te, ty in cells)]
    planted = [truth["production"].rows[0][1], truth["production"].rows[1][1]]
    planted += [effect[g, te, ty] for g in groups for te, ty in cells]
    y, X, unit = [], [], []
    for u, (c, j) in enumerate(trend_arrays(world)[0]):
        cell = cells.index((technology[world.industries[j]], types[world.countries[c]]))
        block = np.zeros((len(bundle) - 1, 2 + len(groups) * len(cells)))
        block[:, 0], block[:, 1] = (np.log(rows[name][1:, c, j]) for name in ("K", "EMP"))
        block[:, 2 + cell :: len(cells)] = shares[:-1, c, j]
        y.append(np.log(rows["VAQ"][1:, c, j]))
        X.append(block)
        unit.append(np.full(len(block), u))
    return np.concatenate(y), np.concatenate(X), np.concatenate(unit), names, np.array(planted)


def within(y: np.ndarray, X: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two-way within least squares on a balanced panel: coefficients and standard errors."""
    units = unit.max() + 1
    data = np.column_stack([y, X]).reshape(units, -1, X.shape[1] + 1)
    data = data - data.mean(axis=1, keepdims=True) - data.mean(axis=0) + data.mean(axis=(0, 1))
    flat = data.reshape(-1, data.shape[2])
    b, *_ = np.linalg.lstsq(flat[:, 1:], flat[:, 0], rcond=None)
    residual = flat[:, 0] - flat[:, 1:] @ b
    freedom = len(flat) - units - data.shape[1] + 1 - len(b)
    covariance = residual @ residual / freedom * np.linalg.inv(flat[:, 1:].T @ flat[:, 1:])
    return b, np.sqrt(np.diag(covariance))


def test_planted_effects_are_exact_without_noise(exact: ModelWorld) -> None:
    quiet = model_world(seed=1, effect_sd=0.0)
    y, X, unit, _, planted = panel(quiet)
    b, _ = within(y, X, unit)
    assert_allclose(b, planted, atol=1e-8)


def test_planted_effects_lie_in_their_intervals() -> None:
    covered = []
    for seed in range(5):
        y, X, unit, names, planted = panel(model_world(seed=seed))
        b, error = within(y, X, unit)
        covered.append(np.abs(b - planted) <= 1.96 * error)
        strong = np.array([n.startswith("it high service") for n in names])
        assert (b[strong] > 2 * error[strong]).all()
    assert np.mean(covered) > 0.88


def test_some_service_groups_and_the_null_world_have_no_effect(world: ModelWorld) -> None:
    effect = world.truth["effect"]
    zero = set(effect.column("service_group")) - {r[0] for r in effect.rows if r[4] != 0.0}
    assert {"trade", "logistics", "other"} <= zero
    null = model_world(seed=3, effect=0.0)
    assert set(null.truth["effect"].column("b")) == {0.0}
    y, X, unit, _, _ = panel(null)
    b, error = within(y, X, unit)
    assert np.mean(np.abs(b[2:]) > 1.96 * error[2:]) < 0.15


def test_effects_depend_on_technology_and_type_as_documented() -> None:
    truth = model_world(countries=2, years=1, effect=0.5).truth["effect"]
    found = {(group, technology, kind): b for group, technology, _, kind, b in truth.rows}
    assert found["it", "high", "service-oriented"] == 2.0
    assert found["it", "medium_low", "service-oriented"] == 1.0
    assert found["business", "medium_high", "manufacturing-oriented"] == 0.0
    assert found["business", "medium", "manufacturing-oriented"] == 1.0
    high = {technology for _, technology, is_high, _, _ in truth.rows if is_high}
    assert high == {"high", "medium_high"}


def test_volume_starts_at_value_added(world: ModelWorld) -> None:
    table = world.table(world.years[0])
    assert_allclose(table.satellites["VAQ"].values, table.value_added, rtol=1e-9)


# -- truth 3: modes --


def test_modes_show_in_purchases_own_account_secondary_output_and_return_flows(
    exact: ModelWorld,
) -> None:
    bundle = exact.bundle()
    groups = classify.grouping("kiet").groups
    shares, x = group_shares(bundle), cube(bundle, bundle.arrays["x"])
    bought = purchases(bundle)
    t = np.arange(len(bundle))
    service_users = np.array(
        [exact.truth["industries"].column("service_group")], dtype=object
    ).ravel()
    seen = set()
    for row in exact.truth["mode"].rows:
        country, industry, group, mode, *numbers = row
        c, j, k = (
            exact.countries.index(country),
            exact.industries.index(industry),
            groups.index(group),
        )
        q, dq, own, down, second, dsecond, returned = numbers
        assert_allclose(shares[:, c, j, k], q + dq * t, atol=1e-12)
        for name, start, slope in (("own_account", own, down), ("secondary", second, dsecond)):
            values = cube(bundle, bundle.satellites[f"{name}:{group}"][1])[:, c, j]
            assert_allclose(values / x[:, c, j], start + slope * t, atol=1e-12)
        for user in np.flatnonzero(service_users == group):
            column = bought[:, :, c, user]
            path = column[:, j] / column.sum(axis=1)
            assert_allclose(path, path[0] * (1 + returned * t), atol=1e-12)
        signs = tuple(int(np.sign(v)) for v in (dq, down, dsecond, returned))
        assert signs == {"alternative": (1, -1, 0, 0), "merging": (1, 0, 1, 1),
                         "coexisting": (0, 0, 0, 0), "receding": (-1, 0, 0, 0)}[mode]  # fmt: skip
        seen.add(mode)
    assert seen == {"alternative", "merging", "coexisting", "receding"}


# -- truth 4: symbiosis --


def sector_value_added(world: ModelWorld) -> np.ndarray:
    """Value added of manufacturing and of services, (t, country, 2)."""
    bundle = world.bundle()
    sector = np.array(world.truth["industries"].column("sector"))
    value_added = cube(bundle, np.stack([t.value_added for t in bundle]))
    return np.stack(
        [value_added[:, :, sector == s].sum(axis=2) for s in ("manufacturing", "services")], axis=2
    )


def test_value_added_follows_the_planted_dynamics(exact: ModelWorld) -> None:
    found = sector_value_added(exact)
    years = np.arange(len(exact.years))
    for c, row in enumerate(exact.truth["symbiosis"].rows):
        x1, x2 = row[8:]

        def change(_: float, x: np.ndarray, p: tuple[float, ...] = row[2:]) -> list[float]:
            r1, r2, k1, k2, d12, d21, *_ = p
            u1, u2 = x[0] / k1, x[1] / k2
            return [r1 * x[0] * (1 - u1 + d12 * u2), r2 * x[1] * (1 - u2 + d21 * u1)]

        solved = solve_ivp(change, (0, years[-1]), [x1, x2], t_eval=years, rtol=1e-11, atol=1e-3,
                           max_step=0.2)  # fmt: skip
        assert_allclose(found[:, c], solved.y.T, rtol=1e-8)


def test_signs_of_symbiosis_are_those_of_the_kind(world: ModelWorld) -> None:
    kinds = {}
    for row in world.truth["symbiosis"].rows:
        kinds[row[1]] = (int(np.sign(row[6])), int(np.sign(row[7])))
    assert kinds["mutualism"] == (1, 1) and kinds["competition"] == (-1, -1)
    assert kinds["parasitism (manufacturing gains)"] == (1, -1) and kinds["neutralism"] == (0, 0)
    none = model_world(seed=1, symbiosis=0.0).truth["symbiosis"]
    assert {row[6:8] for row in none.rows} == {(0.0, 0.0)}


def test_noise_of_value_added_has_the_stated_size(world: ModelWorld, exact: ModelWorld) -> None:
    gap = np.log(sector_value_added(world) / sector_value_added(exact))
    assert gap.std() == pytest.approx(world.parameters.output_sd, rel=0.1)


# -- sizes, parameters, text --


@pytest.mark.parametrize("count", [8, 12, 29, 30, 31, 45, 50, 56, 163])
def test_any_number_of_industries_has_sectors_and_groups(count: int) -> None:
    world = model_world(countries=3, industries=count, years=1)
    table = world.table(2000)
    assert len(table) == 3 * count and len(set(world.industries)) == count
    known = {30: "model30", 56: "isic4_wiod56"}.get(count)
    assert table.info.classification == known
    for grouping in ("manufacturing", "services", "sectors"):
        assert table.weights(grouping)[1].any()
    if count >= 30:
        names, weights = table.weights("kiet")
        assert names == classify.grouping("kiet").groups and weights.any(axis=1).all()


def test_subdivided_industries_keep_what_their_parent_is() -> None:
    table = model_world(countries=2, industries=61, years=1).table(2000)
    position = table.axis.codes.index("A01.2")
    names, weights = table.weights("sectors")
    assert (
        weights[names.index("agriculture"), position] == 1.0 and weights[:, position].sum() == 1.0
    )
    assert table.axis.titles[position] == "Agriculture, part 2"


@pytest.mark.parametrize(
    "arguments",
    [
        {"countries": 1}, {"countries": 301}, {"industries": 7}, {"years": 0}, {"seed": -1},
        {"years": 2.5}, {"seed": float("nan")}, {"years": float("inf")}, {"noise": -0.1},
        {"trend": float("nan")}, {"colour": 1.0}, {"start": 0},
    ],
    ids=str,
)  # fmt: skip
def test_bad_arguments_name_what_is_wrong(arguments: dict[str, float]) -> None:
    with pytest.raises(UsageError) as caught:
        model_world(**arguments)
    assert next(iter(arguments)) in caught.value.place and len(str(caught.value)) < 300


def test_unknown_years_and_truths_are_refused(world: ModelWorld) -> None:
    with pytest.raises(UsageError, match="2000 to 2015"):
        world.table(1999)
    with pytest.raises(UsageError, match="symbiosis"):
        world.truth["modes"]


def test_too_large_worlds_are_refused() -> None:
    with pytest.raises(ResourceError, match="GiB"):
        model_world(countries=300, industries=500).bundle()
    with pytest.raises(ResourceError, match="GiB"):
        model_world(countries=81, industries=50, years=100).bundle()


def test_a_world_without_balance_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance, "_MOST_ROUNDS", 3)
    with pytest.raises(NumericalError, match="seed"):
        model_world(countries=2, years=1).table(2000)


def test_text_asks_for_a_world() -> None:
    (bundle,) = parse_spec("model:seed=3, countries=4,years=5,start=1990,trend=0.5")
    same = model_world(3, countries=4, years=5, start=1990, trend=0.5).bundle()
    assert [t.fingerprint for t in bundle] == [t.fingerprint for t in same]
    (default,) = parse_spec("model")
    assert len(default) == 16 and len(default.axis) == 360


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("modell", "modell"), ("model:", "model:"), ("model:countries", "countries"),
        ("model:countries=x", "countries"), ("model:seed=1,seed=2", "seed"), ("model:,", "model"),
        ("model:colour=1", "colour"), ("model:countries=4.5", "countries"),
        ("model:years=", "years"),
        ("model:noise=nan", "noise"), ("model:seed=1e400", "seed"),
    ],
)  # fmt: skip
def test_bad_text_is_refused(text: str, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_spec(text)
    assert named in str(caught.value) and len(str(caught.value)) < 300


def test_every_parameter_has_unit_range_and_meaning() -> None:
    records = ModelParameters.records()
    assert set(records) == {f.name for f in fields(ModelParameters)}
    for record in records.values():
        assert record["low"] <= record["default"] <= record["high"]
        assert record["unit"] and record["doc"]


def test_truth_tables_are_frames_of_finite_values(world: ModelWorld) -> None:
    for name in world.truth.names:
        table, frame = world.truth[name], world.truth.to_frame(name)
        assert list(frame.columns) == list(table.columns) and len(frame) == len(table) > 0
        assert table.doc and np.isfinite(frame.select_dtypes("number").to_numpy()).all()
