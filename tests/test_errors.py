from __future__ import annotations

import ast
import pickle
from pathlib import Path

import pytest

from servio import errors

SOURCE = Path(errors.__file__).parent


def test_message_names_place_found_expected_and_remedy() -> None:
    error = errors.FormatError("a.csv row 3", found="7 cells", expected="8", remedy="Add a cell.")
    assert str(error) == "a.csv row 3: found 7 cells; expected 8. Add a cell."
    assert error.exit_code == 2


@pytest.mark.parametrize("length", [10, 200, 5000])
def test_message_fits_and_is_one_printable_line(length: int) -> None:
    text = "x\n\x1b[31m\x00" * length
    message = str(errors.InputError(text, found=text, expected=text, remedy=text))
    assert len(message) < 300
    assert message.isprintable()


def test_errors_travel_between_processes() -> None:
    error = errors.ValueFault("cell", found="nan", expected="a number", remedy="Correct it.")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is errors.ValueFault
    assert str(back) == str(error)


def test_exit_codes() -> None:
    kinds = (errors.UsageError, errors.NumericalError, errors.ResourceError, errors.ServioError)
    assert [kind.exit_code for kind in kinds] == [2, 3, 4, 5]


def test_every_raise_in_the_package_has_all_four_parts() -> None:
    kinds = {name for name in errors.__all__ if isinstance(getattr(errors, name), type)}
    bad = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in kinds:
                given = {keyword.arg for keyword in node.keywords}
                if not ({"found", "expected", "remedy"} <= given and len(node.args) == 1):
                    bad.append(f"{path.name}:{node.lineno}")
    assert bad == []
