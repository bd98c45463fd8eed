"""A placing as text to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from servio.explain.business._place import Label, Placing, Spoke

__all__ = ["as_table"]


def as_table(placing: Placing) -> str:
    """A placing in lines: levels with what spoke for them, nearest cases, needs and risks.

    Parameters
    ----------
    placing : Placing

    Returns
    -------
    str

    Examples
    --------
    >>> from servio.explain import business
    >>> print(business.as_table(business.place(answers={"pays_for": "unit"})).splitlines()[4])
    pss          pay_per_unit       answers  pays_for = unit
    """
    lines = [
        f"{label.dimension:12} {label.level or 'undecided':18} {label.basis:8} {_why(label)}"
        for label in placing.labels
    ]
    lines += [f"{'orientation':12} {placing.orientation or 'undecided'}"]
    nearest = [
        f"{one.similarity:.2f} {one.firm}, {one.product} ({one.case}); {one.source}"
        for one in placing.nearest
    ]
    literature = [f"{name}: {title}" for name, title in placing.literature.items()]
    lines += _section("Nearest cases", nearest or ["none: no word, cue or answer speaks"])
    lines += _section("Required capabilities", placing.capabilities)
    lines += _section("Risks", placing.risks)
    lines += _section("Literature", literature)
    lines += _section("Notes", placing.notes)
    return "\n".join(lines) + "\n"


def _why(label: Label) -> str:
    """What spoke for a level, or why none is named."""
    told = ", ".join(_spoken(one) for one in label.evidence)
    if label.level is None:
        return f"{label.reason} ({told})" if told else label.reason
    return f"p = {label.probabilities[label.level]:.2f}: {told}" if label.probabilities else told


def _spoken(one: Spoke) -> str:
    return one.term if one.weight is None else f"{one.term} {one.weight:+.2f}"


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)
