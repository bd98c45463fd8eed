"""Trade in value added on bare arrays: blocks of countries, accounts, terms, participation.

Symbols: A input coefficients, B the global inverse (L of Miller and Blair), L the local inverse
of each country, E gross exports by destination, v value added per unit of output.
"""

from __future__ import annotations

from servio.algebra.trade._system import TradeSystem
from servio.algebra.trade.accounts import (
    borin_mancini,
    directly_absorbed,
    miroudot_ye,
    oecd_indicators,
    unsold_exports,
)
from servio.algebra.trade.origin import (
    contents,
    contributions,
    exports_by_absorption,
    origin_of_exports,
    value_added_absorbed,
    value_added_exported,
)
from servio.algebra.trade.participation import (
    backward_production,
    forward_production,
    output_participation,
    trade_participation,
    vertical_specialisation,
)
from servio.algebra.trade.terms import (
    KWW_TERMS,
    WWZ_TERMS,
    koopman_wang_wei,
    wang_wei_zhu,
)

__all__ = [
    "KWW_TERMS",
    "WWZ_TERMS",
    "TradeSystem",
    "backward_production",
    "borin_mancini",
    "contents",
    "contributions",
    "directly_absorbed",
    "exports_by_absorption",
    "forward_production",
    "koopman_wang_wei",
    "miroudot_ye",
    "oecd_indicators",
    "origin_of_exports",
    "output_participation",
    "trade_participation",
    "unsold_exports",
    "value_added_absorbed",
    "value_added_exported",
    "vertical_specialisation",
    "wang_wei_zhu",
]
