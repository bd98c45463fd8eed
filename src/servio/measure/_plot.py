"""Quick charts of a measure; reports have their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from servio.errors import UsageError

if TYPE_CHECKING:
    import altair

    from servio.measure._result import Measure

__all__ = ["bars"]

MOST_BARS = 40


def bars(result: Measure) -> altair.Chart:
    """Bars of the largest values, labelled with country and industry, coloured by group."""
    try:
        import altair
    except ImportError:
        raise UsageError(
            "plot",
            found="the package altair is not installed",
            expected="the report extra",
            remedy="pip install 'servio[report]'",
        ) from None
    frame = result.to_frame().dropna(subset=["value"])
    keys = [name for name in ("country", "industry") if frame[name].nunique() > 1] or ["industry"]
    frame["label"] = frame[keys].agg(" ".join, axis=1)
    largest = frame.groupby("label")["value"].sum().nlargest(MOST_BARS).index
    frame = frame[frame["label"].isin(largest)]
    encoding = {
        "x": altair.X("value:Q", title=f"{result.title} ({result.unit})"),
        "y": altair.Y("label:N", sort=list(largest), title=None),
        "tooltip": [c for c in frame.columns if c != "label"],
    }
    if "group" in frame:
        encoding["color"] = altair.Color("group:N")
    chart: altair.Chart = (
        altair.Chart(frame, title=result._headline()).mark_bar().encode(**encoding)
    )
    return chart
