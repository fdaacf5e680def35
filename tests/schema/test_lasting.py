"""Types whose objects last carry what plans make of them: each must be shown by models that can, and never change."""

import msgspec
import pytest
from graphql import GraphQLObjectType

from engine import is_lasting
from schema.root import build_schema

LASTING = [
    kind
    for kind in build_schema()._schema.type_map.values()
    if isinstance(kind, GraphQLObjectType) and is_lasting(kind)
]


def test_which_they_are() -> None:
    assert {kind.name for kind in LASTING} == {"ProductOffering", "OfferingPrice"}


@pytest.mark.parametrize("kind", LASTING, ids=str)
def test_their_models_are_frozen_and_carry(kind: GraphQLObjectType) -> None:
    models = kind.is_type_of.models  # type: ignore[union-attr]
    assert models
    for model in models:
        assert issubclass(model, msgspec.Struct)
        assert model.__struct_config__.frozen
        assert model.__dictoffset__
