"""The book of claims of the source documents, and the checks that put them to the test."""

from servio.explain.book import cases as cases
from servio.explain.book import inter as inter
from servio.explain.book import kiet as kiet
from servio.explain.book import log as log
from servio.explain.book import modes as modes
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
