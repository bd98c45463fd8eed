"""A study of the model world with a panel and estimates."""

from __future__ import annotations

__all__ = ["ESTIMATES", "MODELS", "PANEL"]

PANEL = """
study.title = "Models of a small world"
study.focus = ["M02"]
tables = [{path = "model:countries=4,industries=30,years=6"}]
[[measures]]
name = "service_input_share"
grouping = ["services", "kibs"]
by = "industry"
only = "manufacturing"
[[measures]]
name = "account"
of = ["value_added", "output"]
by = ["industry", "economy"]
only = "manufacturing"
[panel]
lags = true
columns = [
    { name = "va", measure = "account", of = "value_added", by = "industry" },
    { name = "economy", measure = "account", of = "output", by = "economy" },
    { name = "all", measure = "service_input_share", grouping = "services", by = "industry" },
    { name = "kibs", measure = "service_input_share", grouping = "kibs", by = "industry" },
]
[[panel.derived]]
name = "ln_va"
expression = "log(va)"
unit = "log"
[[panel.derived]]
name = "ln_x"
expression = "log(economy)"
[[panel.classes]]
name = "technology"
grouping = "technology"
merge = { high = ["high", "medium_high"], low = ["medium", "medium_low"] }
"""
MODELS = {
    "main, all": ("ln_x + all_lag + kibs_lag | country:industry + year", ""),
    "Main (all)": ("ln_x + all | country:industry + year", 'trap = "mechanical"'),
    "by type": ("ln_x + i(technology, all_lag) | country:industry + year", ""),
    "alone": ("ln_x + all_lag | country:industry + year", ""),
    "later": ("ln_x + kibs_lag | country:industry + year", 'where = "year >= 2003"'),
}
ESTIMATES = "".join(
    f'[[estimates]]\nname = "{name}"\nformula = "ln_va ~ {formula}"\n'
    f'vcov = {{ cluster = "country:industry" }}\n{more}\n'
    for name, (formula, more) in MODELS.items()
)
