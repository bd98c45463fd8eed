"""Explain: estimators on tidy panels, tests, and the book of claims. Knows no tables."""

from servio.explain._estimate import Estimate, Joint
from servio.explain._panel import Column, Panel

__all__ = ["Column", "Estimate", "Joint", "Panel"]
