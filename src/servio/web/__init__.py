"""The observatory: a finished study as web pages, and the same answers as JSON for programs."""

from servio.web._serve import application, serve

__all__ = ["application", "serve"]
