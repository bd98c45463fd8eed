"""All checks on the study of the book of claims, put on the model world without its panel."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from servio import explain, study

EXAMPLE = Path(__file__).parents[2] / "examples" / "claims.toml"
MODEL = 'path = "model:countries=5,industries=30,years=8"'
NEED_MODELS = {"K18-2", "K18-3", "K18-4", "K13-5", "LOG-7"}
NEED_COUNTRIES = {"K18-1", "K13-2", "K13-3", "LOG-1", "LOG-2"}
"""Claims about Korea or China, whom the model world does not have."""
NEED_SUPPLY = {"TR-1d"}
"""Claims about what industries sell besides their own product."""


def small_study() -> str:
    """Text of the example on the model world; the panel needs accounts and stays out."""
    text = EXAMPLE.read_text(encoding="utf-8").partition("# -- the panel")[0]
    head, tables, rest = text.partition("[[tables]]")
    measures = rest[rest.index("# The panel and the models") :]
    measures = measures.replace('source = "wiod2016"', 'source = "model"')
    return f"{head}{tables}\n{MODEL}\n\n{measures}"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, explain.ClaimRecord]:
    folder = tmp_path_factory.mktemp("claims")
    store = study.run(study.parse(small_study(), "claims.toml", folder), folder / "out", workers=1)
    return {record.claim.id: record for record in explain.evaluate(store)}


def test_every_claim_has_a_verdict_or_says_what_it_needs(
    records: dict[str, explain.ClaimRecord],
) -> None:
    silent = {name for name, one in records.items() if one.verdict == "not testable"}
    no_check = {name for name in silent if not records[name].missing}
    assert no_check == {"K18-5", "INT-10", "TR-3", "TR-6",
                        *(f"LOG-{n}" for n in (3, 4, 5, 6))}  # fmt: skip
    assert silent - no_check <= NEED_MODELS | NEED_COUNTRIES | NEED_SUPPLY
    assert all(record.text.strip() for record in records.values())
    assert all(record.synthetic for record in records.values())


def test_every_record_is_plain_data_with_numbers(
    records: dict[str, explain.ClaimRecord],
) -> None:
    for record in records.values():
        json.dumps(record.record(), allow_nan=False)
        for finding in record.findings:
            assert math.isfinite(finding.estimate)
            assert finding.definition and finding.statistic and finding.unit and finding.years
            assert (finding.lower is None) == (finding.upper is None) == (not finding.interval)
            if finding.lower is not None and finding.upper is not None:
                assert finding.lower <= finding.upper
