"""PATCH by media type: a merge-patch, which plain JSON means too, and from v5 on a JSON Patch."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import msgspec

from sandbox.bodies import JSON, json_object
from sandbox.errors import bad_request
from sandbox.json_patch import PatchError, json_patch
from sandbox.languages import forget
from sandbox.merge_patch import merge_patch
from sandbox.tables import TYPED, Api, Document

Patch = Callable[[Document, bytes, str], Any]


def _merged(document: Document, body: bytes, _: str) -> Any:
    patch, changed = json_object(body), deepcopy(document)
    forget(changed, patch)
    return merge_patch(changed, patch)


def _patched(document: Document, body: bytes, language: str) -> Any:
    try:
        return json_patch(document, msgspec.json.decode(body), language)
    except (PatchError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request(f"the body is no patch of this resource: {error}") from error


MERGES: Mapping[str, Patch] = {JSON: _merged, "application/merge-patch+json": _merged}
PATCHES: Mapping[str, Patch] = {**MERGES, "application/json-patch+json": _patched}


def names(body: bytes, attribute: str) -> bool:
    """Whether a patch that was taken writes an attribute of the resource itself, be it to the same value."""
    patch = msgspec.json.decode(body)
    if isinstance(patch, list):
        return any(step["path"] == f"/{attribute}" and step["op"] != "test" for step in patch)
    return attribute in patch


def patches(api: Api) -> Mapping[str, Patch]:
    """What an API takes, by media type; a patch raises a 400 Refusal and never changes the document it is given."""
    return PATCHES if api.major >= TYPED else MERGES
