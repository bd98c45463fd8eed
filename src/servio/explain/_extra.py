"""The extra `econ`, asked for where it is first needed."""

from __future__ import annotations

from importlib.util import find_spec

from servio.errors import UsageError

__all__ = ["has_econ", "need_econ"]

LIBRARIES = ("linearmodels", "pyfixest")


def has_econ() -> bool:
    """Whether the libraries of the extra `econ` are installed."""
    return not _missing()


def _missing() -> list[str]:
    return [name for name in LIBRARIES if find_spec(name) is None]


def need_econ(place: str) -> None:
    """Raise unless the libraries of the extra `econ` are installed.

    Parameters
    ----------
    place : str
        What needs them, for the message.

    Raises
    ------
    UsageError
        With the command that installs them.

    Examples
    --------
    >>> need_econ("estimate")
    """
    if missing := _missing():
        raise UsageError(
            place,
            found=f"no {' and no '.join(missing)}",
            expected="the extra econ",
            remedy="Run: pip install 'servio[econ]'",
        )
