"""Correct digits on the linear sets of NIST's Statistical Reference Datasets (public domain).

Data and certified values: National Institute of Standards and Technology, StRD, linear
regression, https://www.itl.nist.gov/div898/strd/lls/lls.shtml. A number of correct digits is
the log relative error −log10(|b − c| / |c|), at most the 15 digits that are certified.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from servio.explain import Estimate, estimate

NORRIS = """0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3
998.5 996.3 449.1 448.6 778.9 777.0 559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9
339.3 338.0 448.9 447.5 10.8 11.6 557.7 556.0 228.3 228.1 998.0 995.8 888.8 887.6 119.6 120.2
0.3 0.3 0.6 0.3 557.6 556.8 339.3 339.1 888.0 887.2 998.5 999.0 778.9 779.0 10.2 11.1
117.6 118.3 228.9 229.2 668.4 669.1 449.2 448.9 0.2 0.5"""
PONTIUS = """.11019 .21956 .32949 .43899 .54803 .65694 .76562 .87487 .98292 1.09146 1.20001 1.30822
1.41599 1.52399 1.63194 1.73947 1.84646 1.95392 2.06128 2.16844 .11052 .22018 .32939 .43886
.54798 .65739 .76596 .87474 .98300 1.09150 1.20004 1.30818 1.41613 1.52408 1.63159 1.73965
1.84696 1.95445 2.06177 2.16829"""
FILIP = """0.8116 -6.860120914 0.9072 -4.324130045 0.9052 -4.358625055 0.9039 -4.358426747
0.8053 -6.955852379 0.8377 -6.661145254 0.8667 -6.355462942 0.8809 -6.118102026
0.7975 -7.115148017 0.8162 -6.815308569 0.8515 -6.519993057 0.8766 -6.204119983
0.8885 -5.853871964 0.8859 -6.109523091 0.8959 -5.79832982 0.8913 -5.482672118
0.8959 -5.171791386 0.8971 -4.851705903 0.9021 -4.517126416 0.909 -4.143573228
0.9139 -3.709075441 0.9199 -3.499489089 0.8692 -6.300769497 0.8872 -5.953504836
0.89 -5.642065153 0.891 -5.031376979 0.8977 -4.680685696 0.9035 -4.329846955
0.9078 -3.928486195 0.7675 -8.56735134 0.7705 -8.363211311 0.7713 -8.107682739
0.7736 -7.823908741 0.7775 -7.522878745 0.7841 -7.218819279 0.7971 -6.920818754
0.8329 -6.628932138 0.8641 -6.323946875 0.8804 -5.991399828 0.7668 -8.781464495
0.7633 -8.663140179 0.7678 -8.473531488 0.7697 -8.247337057 0.77 -7.971428747
0.7749 -7.676129393 0.7796 -7.352812702 0.7897 -7.072065318 0.8131 -6.774174009
0.8498 -6.478861916 0.8741 -6.159517513 0.8061 -6.835647144 0.846 -6.53165267
0.8751 -6.224098421 0.8856 -5.910094889 0.8919 -5.598599459 0.8934 -5.290645224
0.894 -4.974284616 0.8957 -4.64454848 0.9047 -4.290560426 0.9129 -3.885055584
0.9209 -3.408378962 0.9219 -3.13200249 0.7739 -8.726767166 0.7681 -8.66695597
0.7665 -8.511026475 0.7703 -8.165388579 0.7702 -7.886056648 0.7761 -7.588043762
0.7809 -7.283412422 0.7961 -6.995678626 0.8253 -6.691862621 0.8602 -6.392544977
0.8809 -6.067374056 0.8301 -6.684029655 0.8664 -6.378719832 0.8834 -6.065855188
0.8898 -5.752272167 0.8964 -5.132414673 0.8963 -4.811352704 0.9074 -4.098269308
0.9119 -3.66174277 0.9228 -3.2644011"""
LONGLEY = """60323 83.0 234289 2356 1590 107608 1947 61122 88.5 259426 2325 1456 108632 1948
60171 88.2 258054 3682 1616 109773 1949 61187 89.5 284599 3351 1650 110929 1950
63221 96.2 328975 2099 3099 112075 1951 63639 98.1 346999 1932 3594 113270 1952
64989 99.0 365385 1870 3547 115094 1953 63761 100.0 363112 3578 3350 116219 1954
66019 101.2 397469 2904 3048 117388 1955 67857 104.6 419180 2822 2857 118734 1956
68169 108.4 442769 2936 2798 120445 1957 66513 110.8 444546 4681 2637 121950 1958
68655 112.6 482704 3813 2552 123366 1959 69564 114.2 502601 3931 2514 125368 1960
69331 115.7 518173 4806 2572 127852 1961 70551 116.9 554894 4007 2827 130081 1962"""
WAMPLER3 = """760 -2042 2111 -1684 3888 1858 11379 17560 39287 64382 113159 175108 273291 400186
581243 811568 1121004 1506550 2002767 2611612 3369180"""
WAMPLER_ERRORS = np.array(
    [2152.32624678170, 2363.55173469681, 779.343524331583, 101.475507550350,
     5.64566512170752, 0.112324854679312]
)  # fmt: skip
QUINTIC = "y ~ x + x^2 + x^3 + x^4 + x^5"


def pairs(text: str, columns: tuple[str, ...] = ("y", "x")) -> pd.DataFrame:
    numbers = np.array(text.split(), dtype=float).reshape(-1, len(columns))
    return pd.DataFrame(numbers, columns=list(columns))


def wampler(times: float) -> pd.DataFrame:
    """Wampler 3 is the quintic with coefficients 1 and errors; 4 and 5 have them 100 and 10⁴ times.

    Wampler 1 is the quintic itself.
    """
    x = np.arange(21.0)
    quintic = sum(x**power for power in range(6))
    errors = np.array(WAMPLER3.split(), dtype=float) - quintic
    return pd.DataFrame({"x": x, "y": quintic + times * errors})


def digits(found: np.ndarray, certified: list[float] | np.ndarray) -> float:
    wanted = np.asarray(certified, dtype=float)
    with np.errstate(divide="ignore"):
        return float(min(15.0, -np.log10(np.abs(found - wanted) / np.abs(wanted)).max()))


def fitted(formula: str, frame: pd.DataFrame) -> Estimate:
    return estimate(formula, frame, vcov="iid")


def test_norris() -> None:
    found = fitted("y ~ x", pairs(NORRIS))
    assert digits(found.coefficients, [-0.262323073774029, 1.00211681802045]) >= 12
    assert digits(found.std_errors, [0.232818234301152, 0.429796848199937e-03]) >= 12
    assert found.statistics["sigma"] == pytest.approx(0.884796396144373, rel=1e-12)
    assert found.statistics["r2"] == pytest.approx(0.999993745883712, rel=1e-13)


def test_pontius() -> None:
    load = np.tile(np.arange(1, 21) * 150_000.0, 2)
    frame = pd.DataFrame({"y": np.array(PONTIUS.split(), dtype=float), "x": load})
    found = fitted("y ~ x + x^2", frame)
    certified = [0.673565789473684e-03, 0.732059160401003e-06, -0.316081871345029e-14]
    errors = [0.107938612033077e-03, 0.157817399981659e-09, 0.486652849992036e-16]
    assert digits(found.coefficients, certified) >= 11
    assert digits(found.std_errors, errors) >= 11


def test_no_intercept() -> None:
    first = fitted(
        "y ~ x - 1", pd.DataFrame({"y": np.arange(130.0, 141), "x": np.arange(60.0, 71)})
    )
    assert digits(first.coefficients, [2.07438016528926]) >= 14
    assert digits(first.std_errors, [0.165289256198347e-01]) >= 13
    assert first.statistics["r2"] == pytest.approx(0.999365492298663, rel=1e-13)
    second = fitted("y ~ x - 1", pd.DataFrame({"y": [3.0, 4.0, 4.0], "x": [4.0, 5.0, 6.0]}))
    assert digits(second.coefficients, [0.727272727272727]) >= 14
    assert digits(second.std_errors, [0.420827318078432e-01]) >= 14


def test_longley() -> None:
    names = ("y", "x1", "x2", "x3", "x4", "x5", "x6")
    found = fitted("y ~ x1 + x2 + x3 + x4 + x5 + x6", pairs(LONGLEY, names))
    certified = [
        -3482258.63459582, 15.0618722713733, -0.358191792925910e-01, -2.02022980381683,
        -1.03322686717359, -0.511041056535807e-01, 1829.15146461355,
    ]  # fmt: skip
    errors = [
        890420.383607373, 84.9149257747669, 0.334910077722432e-01, 0.488399681651699,
        0.214274163161675, 0.226073200069370, 455.478499142212,
    ]  # fmt: skip
    assert digits(found.coefficients, certified) >= 13.5
    assert digits(found.std_errors, errors) >= 10.5
    # The condition number of Belsley, Kuh and Welsch (1980): columns of unit length, intercept in.
    assert found.statistics["condition"] == pytest.approx(43275, rel=1e-4)
    assert any("ill-conditioned" in note for note in found.notes)


def test_filip_as_far_as_its_rounded_powers_allow() -> None:
    """Eleven powers of x: rounding x^10 to a double already costs about nine digits."""
    terms = " + ".join(["x", *(f"x^{power}" for power in range(2, 11))])
    found = fitted(f"y ~ {terms}", pairs(FILIP))
    certified = [
        -1467.48961422980, -2772.17959193342, -2316.37108160893, -1127.97394098372,
        -354.478233703349, -75.1242017393757, -10.8753180355343, -1.06221498588947,
        -0.670191154593408e-01, -0.246781078275479e-02, -0.402962525080404e-04,
    ]  # fmt: skip
    assert digits(found.coefficients, certified) >= 6.5
    assert found.statistics["condition"] > 1e9


@pytest.mark.parametrize("times", [0, 1, 100, 10_000], ids=["1", "3", "4", "5"])
def test_wampler(times: float) -> None:
    found = fitted(QUINTIC, wampler(times))
    assert digits(found.coefficients, np.ones(6)) >= {0: 13, 1: 13, 100: 12, 10_000: 10}[times]
    if times:
        assert digits(found.std_errors, times * WAMPLER_ERRORS) >= 10


def test_wampler2() -> None:
    x = np.arange(21.0)
    y = np.array([float(sum(10 ** (5 - p) * int(v) ** p for p in range(6))) / 1e5 for v in x])
    found = fitted(QUINTIC, pd.DataFrame({"x": x, "y": y}))
    assert digits(found.coefficients, [10.0**-power for power in range(6)]) >= 12


def test_a_perfect_fit_says_so_and_shows_no_evidence() -> None:
    found = fitted(QUINTIC, wampler(0))
    assert np.all(found.std_errors == 0)
    assert np.isnan(found.t_values).all() and np.isnan(found.p_values).all()
    assert any("perfect fit" in note for note in found.notes)
    assert "inf" not in found.summary()
