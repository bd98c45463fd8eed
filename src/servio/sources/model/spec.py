"""Model worlds asked for in text: ``model:seed=3,countries=4,years=5``."""

from __future__ import annotations

from servio.errors import UsageError
from servio.sources.model.world import ModelWorld, model_world
from servio.table import Bundle

__all__ = ["parse_spec", "world_of"]

_NAME = "model"


def parse_spec(text: str) -> list[Bundle]:
    """The tables of the model world that a text asks for.

    Parameters
    ----------
    text : str
        ``model``, or ``model:`` and arguments of `model_world` as ``name=value``, with commas.

    Returns
    -------
    list of Bundle
        One bundle of all years.

    Raises
    ------
    UsageError
        Not of this form, an unknown name, a name twice, or a value that can't be used.

    Examples
    --------
    >>> [len(bundle) for bundle in parse_spec("model:seed=3,countries=4,years=5")]
    [5]
    """
    return [world_of(text).bundle()]


def world_of(text: str) -> ModelWorld:
    """The model world that a text asks for; see `parse_spec`."""
    name, colon, rest = text.strip().partition(":")
    if name != _NAME or (colon and not rest.strip()):
        raise _refuse(text, "name=value pairs after 'model:'")
    values: dict[str, float] = {}
    for part in rest.split(",") if colon else ():
        key, equals, number = (p.strip() for p in part.partition("="))
        if not equals or not key or key in values:
            raise _refuse(text, "each name once, as name=value", part)
        values[key] = _number(text, key, number)
    return model_world(**values)  # type: ignore[arg-type]


def _number(text: str, key: str, number: str) -> float:
    try:
        return int(number) if number.lstrip("+-").isdecimal() else float(number)
    except ValueError:
        raise _refuse(text, f"a number for {key}", number) from None


def _refuse(text: str, expected: str, found: str | None = None) -> UsageError:
    return UsageError(
        f"model world {text!r}",
        found=repr(text if found is None else found),
        expected=expected,
        remedy="Write for example model:seed=3,countries=4,years=5.",
    )
