"""What can go wrong when value added is explained by shares of inputs, in words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TRAPS", "Trap"]


@dataclass(frozen=True)
class Trap:
    """A trap: name in study files, title, paragraph, and what would show it."""

    name: str
    title: str
    text: str
    remedy: str


TRAPS = (
    Trap(
        "mechanical",
        "Value added and input shares move together by construction.",
        "Value added is output less inputs. What raises the inputs of a year lowers its value "
        "added and changes the shares of the same inputs, whatever services do. Shares of the year "
        "before, shares of inputs rather than of output, and output held constant each cut one of "
        "these ties.",
        "Add an estimate with shares of the same year, per unit of output or with output held "
        'constant, and trap = "mechanical".',
    ),
    Trap(
        "interpolation",
        "Tables between published years are partly computed.",
        "Yearly tables rest on supply and use tables that statistical offices publish for some "
        "years only; coefficients between them are interpolated and balanced (Dietzenbacher, Los, "
        "Stehrer, Timmer and de Vries 2013, Economic Systems Research 25). Part of the change from "
        "year to year is therefore made by the method. Years further apart depend less on it.",
        'Add an estimate of years further apart and trap = "interpolation".',
    ),
    Trap(
        "nickell",
        "Fixed effects bias the coefficient of a lagged outcome.",
        "With the outcome of the year before among the terms, taking out the mean of each entity "
        "makes that term correlate with the error; the bias is of the order of one over the number "
        "of years and spreads to the others (Nickell 1981, Econometrica 49). Without the lag, what "
        "lasts from year to year is left in the error. The two enclose the answer at best. "
        "Coefficients b beside the lag are of the first year; what a lasting change comes to is "
        "b / (1 - rho), with rho the coefficient of the lag.",
        'Add an estimate with lag(outcome) and trap = "nickell".',
    ),
    Trap(
        "weights",
        "Without weights a small industry counts as much as a large one.",
        "Unweighted coefficients are of the average industry, weighted ones of the average unit of "
        "money; where they differ, slopes differ by size, and neither is the right one by itself "
        "(Solon, Haider and Wooldridge 2015, Journal of Human Resources 50).",
        'Add an estimate with weights and trap = "weights".',
    ),
    Trap(
        "deflation",
        "Volumes are only as good as the price indices.",
        "Volumes of value added come from double deflation in some countries and not in others; "
        "prices of services and of capital are measured badly. What is common to a country and "
        "year, such as its price level, exchange rate and deflator of capital, leaves with effects "
        "of country by year; prices of an industry's products all over the world leave with "
        "effects of industry by year.",
        'Add an estimate with effects of country:year and trap = "deflation".',
    ),
    Trap(
        "generated",
        "The explaining shares are estimates themselves.",
        "Shares of inputs come from balanced tables, and imported inputs are split among users by "
        "proportion. Errors in them pull coefficients towards zero, and intervals do not count "
        "them (Pagan 1984, International Economic Review 25). Shares of domestic services "
        "do without the split of imports.",
        'Add an estimate with origin = "domestic" and trap = "generated".',
    ),
    Trap(
        "dependence",
        "Errors that move together make intervals too narrow.",
        "Industries of a country share its shocks, all industries share those of a year, and "
        "shocks last. Clusters say which errors may move together (Cameron, Gelbach and Miller "
        "2011, Journal of Business and Economic Statistics 29; Driscoll and Kraay 1998, Review of "
        "Economics and Statistics 80); the coefficients stay, the intervals change.",
        'Add an estimate with other clusters and trap = "dependence".',
    ),
)
