"""Examples of the web need its extra; without it they are not collected."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("starlette") and find_spec("uvicorn") else ["servio/web/*"]
