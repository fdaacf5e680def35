"""Which operations are public: the same for everyone who asks in the same way, so that an answer can serve many.

A type says which of its fields are: `public: ClassVar = names("id name")`, by their GraphQL names. What is not named is
private: a new field, a type that says nothing, introspection. What a newcomer would get wrong: the list of a type is
not inherited; who adds a type adds its list, or leaves it private.
"""

from collections.abc import Iterable, Iterator

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
)

from engine.declare import definition_of

PUBLIC = "public"


def names(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def public_fields(kind: GraphQLObjectType) -> frozenset[str]:
    """The fields of an object type that are declared to be the same for everyone."""
    origin = getattr(definition_of(kind), "origin", None)
    return frozenset() if origin is None else frozenset(vars(origin).get(PUBLIC, ()))


def private_field(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> str | None:
    """What keeps an operation of a valid document from being public, such as `Query.cart`; None for a public one.

    Every field counts, whether a `@skip` leaves it out or not.
    """
    root = schema.get_root_type(operation.operation)
    if operation.operation is not OperationType.QUERY or root is None:
        return operation.operation.value
    return next(_Walk(schema, document).private(operation.selection_set, frozenset({root})), None)


Kinds = frozenset[GraphQLObjectType]


class _Walk:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}

    def private(self, selected: SelectionSetNode, kinds: Kinds) -> Iterator[str]:
        """The private fields of a selection on objects that are of one of these types."""
        for node in selected.selections:
            if isinstance(node, FieldNode):
                yield from self._of_field(node, kinds)
            else:
                yield from self._of_fragment(node, kinds)

    def _of_field(self, node: FieldNode, kinds: Kinds) -> Iterator[str]:
        name = node.name.value
        if name == "__typename":
            return
        yield from (f"{kind.name}.{name}" for kind in kinds if name not in public_fields(kind))
        if node.selection_set is not None:
            fields = [kind.fields[name] for kind in kinds if name in kind.fields]
            yield from self.private(node.selection_set, self._objects(get_named_type(each.type) for each in fields))

    def _of_fragment(self, node: object, kinds: Kinds) -> Iterator[str]:
        if isinstance(node, FragmentSpreadNode):
            node = self._fragments[node.name.value]
        assert isinstance(node, InlineFragmentNode | FragmentDefinitionNode)  # noqa: S101  (there is no fourth kind)
        if node.type_condition is not None:
            kinds &= self._objects([self._schema.type_map[node.type_condition.name.value]])
        yield from self.private(node.selection_set, kinds)

    def _objects(self, named: Iterable[object]) -> Kinds:
        """The types that objects of these types can be of."""
        found: set[GraphQLObjectType] = set()
        for each in named:
            if isinstance(each, GraphQLObjectType):
                found.add(each)
            elif is_abstract_type(each):
                found.update(self._schema.get_possible_types(each))
        return frozenset(found)
