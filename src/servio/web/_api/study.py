"""What the study is."""

from __future__ import annotations

from servio.web._answers import Answer, OpenStudy, Query

__all__ = ["routes"]


def described(study: OpenStudy, query: Query) -> Answer:
    """Title, sources and what can be asked."""
    file = study.store.study
    return Answer(
        {
            "title": file.title,
            "description": file.description,
            "synthetic": study.store.synthetic,
            "version": study.version,
        }
    )


routes = [("/api/study", described)]
