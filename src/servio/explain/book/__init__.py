"""The book of claims of the source documents, and the checks that put them to the test."""

from servio.explain.book import tr as tr
from servio.explain.book._book import (
    Claim,
    ClaimRecord,
    Evidence,
    Finding,
    Verdict,
    claims,
    evaluate,
    frame,
)

__all__ = ["Claim", "ClaimRecord", "Evidence", "Finding", "Verdict", "claims", "evaluate", "frame"]
