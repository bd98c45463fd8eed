"""The model world: a seeded generator of balanced tables with planted truths; all SYNTHETIC."""

from __future__ import annotations

from servio.sources._registry import Source
from servio.sources.model.parameters import ModelParameters
from servio.sources.model.spec import parse_spec
from servio.sources.model.truth import Truth, TruthTable
from servio.sources.model.world import MODEL_VERSION, ModelWorld, model_world

__all__ = [
    "MODEL_VERSION",
    "SOURCE",
    "ModelParameters",
    "ModelWorld",
    "Truth",
    "TruthTable",
    "model_world",
    "parse_spec",
]

SOURCE = Source(
    name="model",
    title="Model world (SYNTHETIC)",
    publisher="servio",
    editions=(MODEL_VERSION,),
    years="any",
    licence="same as servio",
    address="",
    citation=f"servio model world, version {MODEL_VERSION}: generated data, of no real economy",
    how_to_get="made on request: model, or model:seed=3,countries=4,years=5",
    version=int(MODEL_VERSION),
)
