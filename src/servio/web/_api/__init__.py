"""The interface of the web: one module a subject.

A module lists ``routes``, pairs of a path and a function ``(OpenStudy, Query) -> Reply``; a path
may begin with its method, ``POST /api/uploads``. Modules are found by themselves.
"""
