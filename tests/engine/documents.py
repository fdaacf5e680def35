"""Random documents for any schema: valid, or so nearly that validation says which are not.

`random` decides everything, so that hypothesis can shrink a document and a script can count through them.
"""

import json
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)

ODD_TEXTS = ["", "x", '§ \u2028 "quoted" \\ \n', "__import__('os').system('x')", "{0}%s", "7", "é" * 3, "0"]
ODD_ALIASES = ["__import__", "_", "None", "class", "self", "rows", "exec", "x_1", "S_4", "run", "a" * 60, "__class__"]


class Asked:
    """A document with the values of its variables."""

    def __init__(self, text: str, variables: dict[str, Any]) -> None:
        self.text, self.variables = text, variables

    def __repr__(self) -> str:
        return f"{self.text}\nvariables: {self.variables!r}"


def document(schema: GraphQLSchema, random: Random, *, depth: int = 4) -> Asked:
    """A document with one operation."""
    return _Writing(schema, random).whole(depth)


class _Writing:
    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        self._schema, self._random = schema, random
        self._declared: dict[str, tuple[str, str]] = {}
        self._variables: dict[str, Any] = {}
        self._fragments: list[str] = []
        self._spread: list[tuple[str, GraphQLNamedType]] = []
        self._aliases = 0
        self._left = 40

    def whole(self, depth: int) -> Asked:
        mutation = self._schema.mutation_type is not None and self._chance(0.15)
        root = self._schema.mutation_type if mutation else self._schema.query_type
        assert root is not None
        selected = self._selection(root, depth)
        declared = ", ".join(f"${name}: {kind}{default}" for name, (kind, default) in self._declared.items())
        head = ("mutation" if mutation else "query") + (f" Op({declared})" if declared else "")
        return Asked(f"{head} {selected}\n" + "\n".join(self._fragments), self._variables)

    # ------------------------------------------------------------ selections

    def _selection(self, kind: GraphQLNamedType, depth: int) -> str:
        parts = [self._part(kind, depth) for _ in range(self._random.randint(1, 4))]
        if self._chance(0.05):
            parts.append(parts[0])
        return "{ " + " ".join(parts) + " }"

    def _part(self, kind: GraphQLNamedType, depth: int) -> str:
        self._left -= 1
        drawn = self._random.random()
        if drawn < (0.3 if isinstance(kind, GraphQLUnionType) else 0.1):
            return "__typename" if self._chance(0.7) else f"{self._alias()}: __typename"
        if drawn < 0.35 or isinstance(kind, GraphQLUnionType):
            return self._fragment(kind, depth)
        return self._field(kind, depth)

    def _fragment(self, kind: GraphQLNamedType, depth: int) -> str:
        fitting = [name for name, on in self._spread if on is kind]
        if fitting and self._chance(0.3):
            return f"...{self._random.choice(fitting)}{self._directives()}"
        on = self._random.choice(self._conditions(kind))
        if self._chance(0.5) or self._left < 0:
            condition = f" on {on.name}" if on is not kind or self._chance(0.7) else ""
            return f"...{condition}{self._directives()} {self._selection(on, depth)}"
        name = f"F{len(self._fragments)}"
        self._fragments.append("")
        place = len(self._fragments) - 1
        self._fragments[place] = f"fragment {name} on {on.name} {self._selection(on, depth)}"
        self._spread.append((name, kind))
        return f"...{name}{self._directives()}"

    def _conditions(self, kind: GraphQLNamedType) -> list[Any]:
        """Types of which objects can be found where one of `kind` stands."""
        if isinstance(kind, GraphQLObjectType):
            around = [each for each in self._schema.type_map.values() if is_abstract_type(each)]
            return [kind, *(each for each in around if self._schema.is_sub_type(each, kind))]  # type: ignore[arg-type]
        possible = self._schema.get_possible_types(kind)  # type: ignore[arg-type]
        return [kind, *possible, *(interface for each in possible for interface in each.interfaces)]

    def _field(self, kind: Any, depth: int) -> str:
        names = list(kind.fields)
        if depth <= 1 or self._left < 0:
            names = [n for n in names if is_leaf_type(get_named_type(kind.fields[n].type))] or ["__typename"]
        name = self._random.choice(names)
        if name == "__typename":
            return name
        field: GraphQLField = kind.fields[name]
        arguments = self._arguments(field)
        alias = f"{self._alias()}: " if arguments or self._chance(0.2) else ""
        named = get_named_type(field.type)
        below = "" if is_leaf_type(named) else " " + self._selection(named, depth - 1)
        return f"{alias}{name}{arguments}{self._directives()}{below}"

    def _alias(self) -> str:
        self._aliases += 1
        return self._random.choice(ODD_ALIASES) if self._chance(0.1) else f"a{self._aliases}"

    def _directives(self) -> str:
        if not self._chance(0.1):
            return ""
        name = self._random.choice(["skip", "include"])
        if self._chance(0.5):
            return f" @{name}(if: {self._random.choice(['true', 'false'])})"
        return f" @{name}(if: ${self._variable('Boolean!', self._chance(0.5))})"

    # ------------------------------------------------------------ arguments

    def _arguments(self, field: GraphQLField) -> str:
        given = []
        for name, argument in field.args.items():
            if not is_required_argument(argument) and self._chance(0.5):
                continue
            value = self._value(argument.type, nested=False)
            if self._chance(0.5):
                given.append(f"{name}: ${self._variable(str(argument.type), value)}")
            elif value is not Undefined:
                given.append(f"{name}: {self._literal(value, argument.type)}")
        return f"({', '.join(given)})" if given else ""

    def _variable(self, kind: str, value: Any) -> str:
        name = f"v{len(self._declared)}"
        default = ""
        if not kind.endswith("!") and self._chance(0.2):
            default = " = null"
        self._declared[name] = (kind, default)
        if not (kind[-1] != "!" and self._chance(0.15)):
            self._variables[name] = value
        return name

    def _value(self, kind: Any, *, nested: bool) -> Any:  # noqa: PLR0911  (one for each kind of type)
        """A JSON value for an input type; now and then one that does not fit."""
        if not is_non_null_type(kind) and self._chance(0.1):
            return None
        kind = get_nullable_type(kind)
        if is_list_type(kind):
            if self._chance(0.1):
                return self._value(kind.of_type, nested=nested)
            return [self._value(kind.of_type, nested=nested) for _ in range(self._random.randint(0, 2))]
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(kind)
        if isinstance(kind, GraphQLEnumType):
            return self._random.choice([*kind.values, *([] if nested else list(kind.values))])
        if self._chance(0.02):
            return [2**40, "no", 1.5][self._random.randrange(3)]
        values = {
            "Int": [0, 1, 2, 3, -1, 2**31 - 1],
            "Float": [0, 1.5, -2.25],
            "Boolean": [True, False],
            "DateTime": ["2026-11-23T20:15:00+00:00"],
            "ID": ["1", "3", *ODD_TEXTS],
        }
        return self._random.choice(values.get(kind.name, ODD_TEXTS))

    def _object(self, kind: GraphQLInputObjectType) -> dict[str, Any]:
        if kind.is_one_of:
            name = self._random.choice(list(kind.fields))
            return {name: self._value(get_nullable_type(kind.fields[name].type), nested=True) or "1"}
        return {
            name: self._value(each.type, nested=True)
            for name, each in kind.fields.items()
            if is_required_argument(each) or self._chance(0.4)  # type: ignore[arg-type]
        }

    def _literal(self, value: Any, kind: Any) -> str:
        kind = get_nullable_type(kind)
        if value is None:
            return "null"
        if is_list_type(kind):
            items = value if isinstance(value, list) else [value]
            return "[" + ", ".join(self._literal(each, kind.of_type) for each in items) + "]"
        if isinstance(kind, GraphQLInputObjectType):
            fields = ", ".join(f"{name}: {self._literal(each, kind.fields[name].type)}" for name, each in value.items())
            return "{" + fields + "}"
        return str(value) if isinstance(kind, GraphQLEnumType) else json.dumps(value)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share
