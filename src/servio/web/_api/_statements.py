"""What an estimate says, in a sentence, in English and Korean."""

from __future__ import annotations

from collections.abc import Sequence

from servio.explain import Estimate
from servio.explain.tables import MINUS, digits
from servio.report.models import Models, ServiceTerm
from servio.web._api._coefficients import service_title, slopes

__all__ = ["statement"]

Words = dict[str, str]


def statement(models: Models, one: Estimate) -> Words:
    """What an estimate says, in a sentence."""
    terms = models.service_terms(one)
    mixed = models.interacted(one)
    outcome = models.formula(one).outcome.name
    if mixed:
        return _joined([_of_slopes(models, term) for term in mixed])
    if len(terms) == 1:
        return _of_one(models, terms[0], outcome)
    if terms:
        return _of_several(models, terms, outcome)
    count = len(one.terms)
    return {"en": f"{outcome}: {count} coefficients, none of a service group.",
            "ko": f"{outcome}: 계수 {count}개, 서비스 부문의 계수는 없음."}  # fmt: skip


def _of_one(models: Models, term: ServiceTerm, outcome: str) -> Words:
    effect, title = models.effect(term), service_title(term.service)
    unit = " %" if models.is_log(term.estimate) else ""
    low, high = _digits(effect.lower), _digits(effect.upper)
    value = _digits(effect.value)
    clear = {"en": "" if effect.clear else "; it can't be told from zero",
             "ko": "" if effect.clear else "; 0과 구별되지 않음"}  # fmt: skip
    return {
        "en": f"{title['en']}: one standard deviation more goes with a change of {value}{unit} in "
        f"{outcome} ({low} to {high}){clear['en']}.",
        "ko": f"{title['ko']}: 1 표준편차 증가 시 {outcome}의 변화 {value}{unit} "
        f"(95 % 신뢰구간 {low} ~ {high}){clear['ko']}.",
    }


def _of_several(models: Models, terms: Sequence[ServiceTerm], outcome: str) -> Words:
    unit = " %" if models.is_log(terms[0].estimate) else ""
    clear = [(t, e) for t in terms if (e := models.effect(t)).clear]
    found = [(service_title(t.service), f"{_digits(e.value)}{unit}") for t, e in clear]
    named = {
        lang: "; ".join(f"{title[lang]} {text}" for title, text in found) for lang in ("en", "ko")
    }
    of = {lang: f": {text}" if text else "" for lang, text in named.items()}
    return {
        "en": f"{outcome}, one standard deviation more: {len(clear)} of {len(terms)} intervals "
        f"leave out zero{of['en']}.",
        "ko": f"{outcome}, 1 표준편차 증가: 신뢰구간 {len(terms)}개 중 {len(clear)}개가 0을 "
        f"포함하지 않음{of['ko']}.",
    }


def _of_slopes(models: Models, term: ServiceTerm) -> Words:
    title, p = service_title(term.service), models.differs(term)
    cells = slopes(models, term)
    clear = sum(size.clear for _, size in cells)
    equal = f"p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}" if p == p else ""
    return {
        "en": f"{title['en']}: {clear} of {len(cells)} slopes have an interval that leaves out zero"
        + (f"; test that they are equal: {equal}" if equal else "") + ".",
        "ko": f"{title['ko']}: 기울기 {len(cells)}개 중 {clear}개의 신뢰구간이 0을 포함하지 않음"
        + (f"; 기울기 동일성 검정: {equal}" if equal else "") + ".",
    }  # fmt: skip


def _joined(parts: Sequence[Words]) -> Words:
    return {lang: " ".join(part[lang] for part in parts) for lang in ("en", "ko")}


def _digits(value: float) -> str:
    """Three digits, with a true minus sign."""
    return digits(value) if abs(value) >= 1000 else f"{value:.3g}".replace("-", MINUS)
