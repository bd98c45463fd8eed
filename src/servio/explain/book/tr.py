"""Checks of the claims TR: six trends of integration."""

from __future__ import annotations

from servio.explain.book._book import Answer, Evidence, Finding, check

MARKET_2012 = 975.0
"""World market of service outsourcing in 2012 as document 000 gives it, billion USD."""
EXPECTED_2020 = (1650.0, 1800.0)
GROWTH = (0.30, 0.40)
SPAN = 2020 - 2012


@check("TR-2", alone=True)
def outsourcing_market(evidence: Evidence) -> Answer:
    """Whether 975 bn in 2012, 30-40 % growth a year and 1.65-1.8 trn in 2020 fit together."""
    implied = [(end / MARKET_2012) ** (1 / SPAN) - 1 for end in EXPECTED_2020]
    reached = [MARKET_2012 * (1 + rate) ** SPAN for rate in GROWTH]
    growth = Finding(
        "world", "2012-2020", "the document's own figures", "growth that 2012 and 2020 imply",
        sum(implied) / 2, implied[0], implied[1], "share a year", "contradicted",
        interval="range of the document's figures", main=True,
    )  # fmt: skip
    market = Finding(
        "world", "2020", "the document's own figures", "market that 30 to 40 % a year would give",
        sum(reached) / 2, reached[0], reached[1], "billion USD", "contradicted",
        interval="range of the document's figures", main=True,
    )  # fmt: skip
    text = (
        f"975 bn USD growing 30 to 40 % a year from 2012 would be {reached[0] / 1000:.2f} to "
        f"{reached[1] / 1000:.2f} trn in 2020; 1.65 to 1.8 trn mean {implied[0]:.1%} to "
        f"{implied[1]:.1%} a year. The figures contradict each other."
    )
    return text, (growth, market)
