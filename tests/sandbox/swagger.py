"""TM Forum's Swagger 2.0 definitions as JSON Schema; stricter than they are: an attribute they do not list fails."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: Any) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri", raises=ValueError)
def _is_uri(value: Any) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme)


class Contract:
    """Validators for the definitions of one official file."""

    def __init__(self, file: Path) -> None:
        definitions = json.loads(file.read_text(encoding="utf-8"))["definitions"]
        self._schema = {"$defs": {name: _strict(definition) for name, definition in definitions.items()}}

    def problems(self, definition: str, instance: Any) -> list[str]:
        """What an answer has that the definition forbids, or lacks that it demands; each with its place."""
        schema = {**self._schema, "$ref": f"#/$defs/{definition}"}
        errors = Draft202012Validator(schema, format_checker=FORMATS).iter_errors(instance)
        return [f"{error.json_path}: {error.message[:200]}" for error in errors]


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    converted = {key: _strict(value) for key, value in node.items() if key not in {"discriminator", "example"}}
    if isinstance(node.get("$ref"), str):
        converted["$ref"] = node["$ref"].replace("#/definitions/", "#/$defs/")
    if isinstance(node.get("properties"), dict):
        converted.setdefault("additionalProperties", False)
    return converted
