"""Published examples: single figures with source here, the whole examples from ../shared.

Tolerances are half a unit of the last printed digit, unless the check's file says more.
"""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from servio import algebra


@pytest.fixture
def check(shared):
    def read(name):
        return json.loads(next((shared / "checks").glob(f"{name}_*.json")).read_text("utf-8"))

    return read


def chile(shared, name):
    with open(shared / "checks" / "data" / f"chile2013_{name}_matrix.csv", newline="") as file:
        header, *rows = csv.reader(file)
    cells = np.array([[float(cell) for cell in row[1:]] for row in rows])
    return {column: cells[:, i] for i, column in enumerate(header[1:])}, cells


def model(Z, x):
    return algebra.Leontief(algebra.input_coefficients(Z, x), algebra.live_industries(x))


# Miller and Blair (2009), Input-Output Analysis, 2nd ed., tables 2.3 and 2.4
BOOK = model([[150, 500], [200, 100]], [1000, 2000])


def test_textbook_output_for_new_demand():
    assert_allclose(BOOK.solve([600, 1500]), [1247.5, 1841.6], atol=0.05)


def test_textbook_inverse():
    assert_allclose(BOOK.inverse, [[1.2541, 0.3300], [0.2640, 1.1221]], atol=5e-5)


def test_kitzes_consumption_based_footprint():
    # Kitzes (2013), Resources 2, 489-503: two sectors, emissions 8 and 4
    intensity = algebra.value_coefficients([[8, 4]], [16, 12])
    leontief = model([[8, 5], [4, 2]], [16, 12])
    assert_allclose(algebra.value_multiplier(leontief, intensity)[0] * [3, 6], [4.8, 7.2])


def test_german_agriculture_buys_from_itself():
    # Eurostat (2008), Manual of Supply, Use and Input-Output Tables, tables 15.4 to 15.10
    assert_allclose(algebra.input_coefficients([[1131.0]], [43910.0]), [[0.0258]], atol=5e-5)


def test_01_miller_blair(check):
    case = check("01")
    given, want = case["inputs"], case["expected"]
    leontief = model(given["Z"], given["x"])
    assert_allclose(leontief.A, want["A"], atol=case["tolerance"]["A"])
    assert_allclose(leontief.inverse, want["L"], atol=case["tolerance"]["L"])
    output = leontief.solve(given["f_new"])
    assert_allclose(output, want["x_new"], atol=case["tolerance"]["x_new"])
    labour = output * given["labour_coeff"]
    assert_allclose(labour, want["labour_new"], atol=case["tolerance"]["labour_new"])


def test_02_germany_1995(check):
    case = check("02")
    given, want, within = case["inputs"], case["expected"], case["tolerance"]
    leontief = model(given["Z"], given["x"])
    A, ghosh = leontief.A, algebra.ghosh_inverse(leontief.inverse, given["x"])
    assert_allclose(A.diagonal()[:3], list(want["A_cells"].values()), atol=within)
    assert_allclose(leontief.inverse.diagonal()[:3], want["L_diag_first3"], atol=within)
    backward = algebra.output_multiplier(leontief)
    assert_allclose(backward, want["backward_linkages_colsum_L"], atol=within)
    assert_allclose(ghosh[:, 0], want["ghosh_inverse_col_agriculture"], atol=within)
    forward = want["forward_linkages_rowsum_ghosh"]
    assert_allclose(algebra.forward_ghosh(ghosh), forward, atol=within)
    assert_allclose(algebra.ghosh_row_sums(leontief, given["x"]), forward, atol=within)
    gva = algebra.value_coefficients([given["gva"]], given["x"])[0]
    assert_allclose(gva, want["gva_coeff"], atol=within)


def test_03_netherlands_2000(check):
    case = check("03")
    given, want, within = case["inputs"], case["expected"], case["tolerance"]
    direct = algebra.value_coefficients([given["compensation"]], given["x"])[0]
    effect = algebra.value_multiplier(model(given["Z"], given["x"]), direct)
    assert_allclose(effect, want["income_effects"], atol=within)
    ratio = algebra.multiplier_ratio(effect, direct)
    assert_allclose(ratio, want["income_multipliers_type1"], atol=within)


def test_05_chile_2013(check, shared):
    case = check("05")
    want, within = case["expected"], case["tolerance"]["default"]
    demand, _ = chile(shared, "wage_demand")
    jobs, _ = chile(shared, "employment")
    _, Z = chile(shared, "transaction")
    x = demand["final_total_demand"]
    leontief = model(Z, x)
    A, L = leontief.A, leontief.inverse
    made = case["inputs"]["sectors"].index("manufacturing_industry")
    business = case["inputs"]["sectors"].index("business_services")
    assert_allclose(A[:, made], list(want["A_column_manufacturing"].values()), atol=within)
    assert_allclose(A[business], list(want["A_row_business_services"].values()), atol=within)
    assert_allclose(L[:, made], list(want["L_column_manufacturing"].values()), atol=within)
    assert_allclose(algebra.direct_backward(A), want["direct_backward_colsum_A"], atol=within)
    assert_allclose(algebra.direct_forward(A), want["direct_forward_rowsum_A"], atol=within)
    power, sensitivity = algebra.power_of_dispersion(L), algebra.sensitivity_of_dispersion(L)
    assert_allclose(power, want["power_of_dispersion"], atol=within)
    assert_allclose(sensitivity, want["sensitivity_of_dispersion"], atol=within)
    rounded = case["tolerance"]["multipliers"]
    assert_allclose(algebra.output_multiplier(leontief), want["output_multiplier"], atol=rounded)
    wages = algebra.value_coefficients(demand["wage"][None], x)[0]
    assert_allclose(
        algebra.value_multiplier(leontief, wages), want["income_multiplier"], atol=within
    )
    employed = algebra.value_multiplier(leontief, jobs["employment_coefficient"])
    assert_allclose(employed, want["employment_multiplier"], atol=case["tolerance"]["employment"])


def test_06_two_region_table(check, shared):
    within = check("06")["tolerance"]
    text = (shared / "checks" / "data" / "pymrio_small_mrio.json").read_text("utf-8")
    frames = {name: np.array(frame["data"]) for name, frame in json.loads(text).items()}
    x = frames["Z"].sum(axis=1) + frames["Y"].sum(axis=1)
    leontief = model(frames["Z"], x)
    assert_allclose(leontief.A, frames["A"], atol=within)
    assert_allclose(leontief.inverse, frames["L"], atol=within)
    assert_allclose(algebra.allocation_coefficients(frames["Z"], x), frames["B"], atol=within)
    assert_allclose(algebra.ghosh_inverse(leontief.inverse, x), frames["G"], atol=within)
    intensity = algebra.value_coefficients(frames["F"], x)
    assert_allclose(intensity, frames["S"], atol=within)
    assert_allclose(algebra.value_multiplier(leontief, intensity), frames["M"], atol=within)


def test_15_ras(check):
    case = check("15")
    given, want = case["inputs"], case["expected"]["tool_run"]
    start = np.array(given["A0"]) * given["x1"]
    result = algebra.ras(start, given["u"], given["v"])
    assert_allclose(result.matrix / given["x1"], want["A_ras"], atol=case["tolerance"])


def test_32_kitzes(check):
    case = check("32")
    given, want, within = case["inputs"], case["expected"], case["tolerance"]
    leontief = model(given["Z"], given["x"])
    intensity = algebra.value_coefficients([given["q"]], given["x"])[0]
    demand = np.diag(np.array(given["y"], dtype=float))
    flows = intensity[:, None] * leontief.solve(demand)
    assert_allclose(flows.sum(axis=1), want["production_based"], atol=within)
    assert_allclose(flows.sum(axis=0), want["consumption_based"], atol=within)
    layers = intensity[:, None] * algebra.production_layers(leontief.A, demand, 11)
    eleven = want["eleven_layers"]
    assert_allclose(layers.sum(axis=1), eleven["production_based"], atol=5e-7)
    assert_allclose(layers.sum(axis=0), eleven["consumption_based"], atol=5e-7)
