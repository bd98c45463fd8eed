"""Roles of final-demand columns and primary-input rows, by the names that are common for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["DEMAND_NAMES", "PRIMARY_NAMES", "demand_role", "is_final", "is_total", "names_total",
           "primary_role", "with_letters"]  # fmt: skip

DEMAND_NAMES = (
    ("respiration", r"resp|(.*\b)?(respirations?|respired|dissipations?|dissipated)(\b.*)?"),
    ("exports", r"expo?|ex|p\W?6\w?|(.*\b)?exports?(\b.*)?|.*수출.*"),
    ("imports", r"impo?|im|m|p\W?7\w?|(.*\b)?imports?(\b.*)?|.*수입.*"
                r"|(.*\b)?customs? dut(y|ies)|(.*\b)?imported goods"),
    ("npish", r"npish|nps|cons np|p3 s15|(.*\b)?non ?profit(\b.*)?"),
    ("household", r"hfce|pce|cons h|p3 s14|dpabr|cons abr"
                  r"|(?!.*\boutside households?)(.*\b)?households?(\b.*)?"
                  r"|(.*\b)?private( consumption)?|민간소비.*|가계.*"),
    ("government", r"ggfc|gge|cons g|p3 s13|(.*\b)?government(\b.*)?|public consumption"
                   r"|정부소비.*"),
    ("inventory", r"invnt|inven|inv|p52|p53|p5m|(.*\b)?inventor(y|ies)(\b.*)?"
                  r"|(.*\b)?stocks?(\b.*)?|재고.*"),
    ("investment", r"gfcf|p51g?|p5|(.*\b)?capital formation|(.*\b)?investments?"
                   r"|.*고정자본형성.*|투자"),
)  # fmt: skip
PRIMARY_NAMES = (
    ("value_added", r"otxs|(.*\b)?(tax(es)?|subsid(y|ies))\b.*\bproduction\b.*"
                    r"|d29( m)?( d39| x31| x39)?"),
    ("taxes", r"txsp|tls|taxsub|txs( \w+)*|d21\w*( \w+)*|(.*\b)?tax(es)?(\b.*)?"
              r"|(.*\b)?subsid(y|ies)(\b.*)?|(.*\b)?customs? dut(y|ies)|.*순생산물세.*"),
    ("imports", r"(.*\b)?imp(ort(s|ed)?|o)?(\b.*)?|m|p\W?7|.*수입.*"),
    ("margins", r"intttm|(.*\b)?margins?(\b.*)?"),
    ("adjustment", r"purr|purnr|exp adj|(.*\b)?(adjustments?|discrepanc(y|ies))(\b.*)?"),
    ("value_added", r"va|v|valu|gva|b1g|d1|labr|cfc|nops|gos|k1|b2n? ?b3n?|payments?"
                    r"|(.*\b)?value added(\b.*)?|(.*\b)?wages?(\b.*)?|(.*\b)?compensation(\b.*)?"
                    r"|(.*\b)?labou?r(\b.*)?|(.*\b)?operating surplus(\b.*)?|(.*\b)?profits?(\b.*)?"
                    r"|(.*\b)?fixed capital(\b.*)?|(.*\b)?mixed income(\b.*)?|depreciation"
                    r"|부가가치.*|피용자.*|영업잉여.*|고정자본소모.*"),
)  # fmt: skip
_TOTALS = re.compile(
    r"(grand |sub ?)?totals?|tot|sum|ttl|total (intermediate|uses?|supply|inputs?|output)"
    r"|(intermediate|gross) total|output|gross output|합계|총계|소계|계|총산출.*|총투입.*"
    r"|중간투입계|중간수요계|合計|合计|总计"
)
_TOTAL_WORDS = re.compile(r"\b(grand |sub ?)?(totals?|sum|output)\b")


def demand_role(label: str) -> str | None:
    """Role of a final-demand column by its name, or None for a name that isn't known."""
    return _role(label, DEMAND_NAMES)


def with_letters(labels: Sequence[str], roles: Sequence[str | None]) -> tuple[str | None, ...]:
    """Roles of all final-demand columns, with `e` and `r` as in flow networks.

    They are read as exports and respiration if no column is anything else.
    """
    letters = {"e": "exports", "r": "respiration"}
    read = tuple(
        role or letters.get(_words(label)) for label, role in zip(labels, roles, strict=True)
    )
    return read if set(read) == set(letters.values()) else tuple(roles)


def primary_role(label: str) -> str | None:
    """Role of a primary-input row by its name, or None for a name that isn't known."""
    return _role(label, PRIMARY_NAMES)


def is_final(label: str) -> bool:
    """The label means all final demand, such as ``FD``: no part of it, so of no role."""
    return re.fullmatch(r"fd|final( demand| uses?)?", _words(label)) is not None


def is_total(label: str) -> bool:
    """The label names a sum of others, such as ``TOTAL``."""
    return _TOTALS.fullmatch(_words(label)) is not None


def names_total(label: str) -> bool:
    """The label tells of a sum, as in ``final total demand``, and not of one role's own total.

    ``Exports total`` is exports: without the word it is a name with a role.
    """
    words = _words(label)
    rest = re.sub(r"\s+", " ", _TOTAL_WORDS.sub(" ", words)).strip()
    if rest == words:
        return is_total(label)
    return demand_role(rest) is None and primary_role(rest) is None


def _role(label: str, names: tuple[tuple[str, str], ...]) -> str | None:
    words = _words(label)
    return next((role for role, pattern in names if re.fullmatch(pattern, words)), None)


def _words(label: str) -> str:
    """Small letters and digits, words apart by one space."""
    return re.sub(r"[\W_]+", " ", label.casefold()).strip()
