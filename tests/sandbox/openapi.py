"""TM Forum's OpenAPI 3.0 schemas (v5) as JSON Schema; stricter than they are: an attribute they do not list fails.

Compositions are flattened, so that `additionalProperties` can close them, and discriminators are followed: `@type` must
be one of the mapping, and the object is then held against that schema. v5.0.0 forgets Boolean and Float in the mapping
of characteristic values.
"""

from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.sandbox.swagger import FORMATS

_FORGOTTEN = ("Boolean", "BooleanArray", "Float", "FloatArray")
_VALUE = "CharacteristicValueSpecification"


class OpenContract:
    """Validators for the schemas of one official v5 file."""

    def __init__(self, file: Path) -> None:
        with file.open(encoding="utf-8") as text:
            self.schemas = yaml.load(text, Loader=yaml.CSafeLoader)["components"]["schemas"]
        definitions = {f"{name}=": self._flat(name) for name in self.schemas}
        definitions |= {name: self._chosen(name) for name in self.schemas}
        self._definitions = {"$defs": definitions}

    def problems(self, schema: str, instance: Any) -> list[str]:
        """What an answer has that the schema forbids, or lacks that it demands; each with its place."""
        validator = Draft202012Validator({**self._definitions, "$ref": f"#/$defs/{schema}"}, format_checker=FORMATS)
        return sorted(f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(instance))

    def names(self, schema: str) -> dict[str, Any]:
        """Every attribute of a schema, inherited ones too."""
        node = self.schemas[schema]
        found: dict[str, Any] = {}
        for part in node.get("allOf", ()):
            found |= self.names(part["$ref"].rsplit("/", 1)[1]) if "$ref" in part else part.get("properties", {})
        return found | node.get("properties", {})

    def _flat(self, name: str) -> dict[str, Any]:
        if "enum" in self.schemas[name]:
            return {"enum": self.schemas[name]["enum"]}
        if self.schemas[name].get("type", "object") != "object":
            return {"type": self.schemas[name]["type"]}
        properties = {key: _linked(value) for key, value in self.names(name).items()}
        closed = {"additionalProperties": False} if properties else {}
        return {"type": "object", "properties": properties, "required": self._required(name), **closed}

    def _required(self, schema: str) -> list[str]:
        node = self.schemas[schema]
        found = list(node.get("required", ()))
        for part in node.get("allOf", ()):
            found += self._required(part["$ref"].rsplit("/", 1)[1]) if "$ref" in part else part.get("required", ())
        return sorted(set(found))

    def _chosen(self, name: str) -> dict[str, Any]:
        """The schema that `@type` chooses; the flat one where nothing is to be chosen."""
        mapping = dict(self.schemas[name].get("discriminator", {}).get("mapping", {}))
        if name.removesuffix("_FVO") == _VALUE:
            mapping |= {f"{prefix}{_VALUE}": f"/{prefix}{name}" for prefix in _FORGOTTEN}
        if not mapping:
            return {"$ref": f"#/$defs/{name}="}
        choices = [
            {"if": {"properties": {"@type": {"const": kind}}}, "then": {"$ref": f"#/$defs/{to.rsplit('/', 1)[1]}="}}
            for kind, to in mapping.items()
        ]
        typed = {"type": "object", "required": ["@type"], "properties": {"@type": {"enum": list(mapping)}}}
        return {"allOf": [typed, {"if": typed, "then": {"allOf": choices}}]}


def _linked(node: Any) -> Any:
    if isinstance(node, list):
        return [_linked(item) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        return {"$ref": f"#/$defs/{node['$ref'].rsplit('/', 1)[1]}"}
    return {key: _linked(value) for key, value in node.items() if key not in {"discriminator", "example"}}
