"""Documents that are named instead of sent: by `documentId`, or as Apollo's clients do by `persistedQuery`.

Both name a document by the SHA-256 of its text, so that a GET is short and the same for everybody, as a CDN wants it.
A trusted list comes with the settings. Whatever else is valid a client can register by sending text and hash together,
once; that list is bounded, and a client whose document has left it is told so and sends both again.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bff.settings import DocumentSettings
from dataloaders.lru import ByteLRU
from kernel.errors import BadRequestError, GatewayError

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BYTES_A_MEGABYTE = 1_000_000
_ENTRY_BYTES = 300


class UnknownDocumentError(GatewayError):
    """No document has that id here. Clients that register documents go by the message or the code, and send both."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class UntrustedDocumentError(GatewayError):
    """Only the documents of the trusted list are executed here."""

    code = "DOCUMENT_NOT_TRUSTED"

    def __init__(self) -> None:
        super().__init__("Only known documents are executed here.")


def document_hash(document_id: str | None, extensions: Mapping[str, Any] | None) -> str | None:
    """The SHA-256 by which a request names its document; None where it names none.

    Raises:
        BadRequestError: a name of another kind.
    """
    if document_id is not None:
        return _hash(document_id.removeprefix("sha256:"))
    named = (extensions or {}).get("persistedQuery")
    if named is None:
        return None
    given = named.get("sha256Hash") if isinstance(named, Mapping) else None
    if not isinstance(given, str) or named.get("version", 1) != 1:
        raise BadRequestError("`persistedQuery` has `version` 1 and a `sha256Hash`.")
    return _hash(given)


def _hash(text: str) -> str:
    found = text.lower()
    if not _HASH.fullmatch(found):
        raise BadRequestError("A document is named by its SHA-256 in hexadecimal digits.")
    return found


@dataclass
class Persisted:
    """The documents that can be named."""

    trusted: Mapping[str, str] = field(default_factory=dict)
    only_trusted: bool = False
    registered: ByteLRU[str] = field(default_factory=lambda: ByteLRU(4 * _BYTES_A_MEGABYTE))

    @classmethod
    def of(cls, settings: DocumentSettings) -> "Persisted":
        """As the settings say.

        Raises:
            ValueError: the trusted list cannot be read, or a hash in it is not its document's.
        """
        trusted = _read_list(Path(settings.trusted)) if settings.trusted else {}
        return cls(trusted, settings.only_trusted, ByteLRU(settings.register_mb * _BYTES_A_MEGABYTE))

    def text(self, named: str | None, given: str | None) -> str:
        """The document that a request means, by its hash, its text or both.

        Raises:
            UnknownDocumentError: named, and not known here.
            UntrustedDocumentError: not on the trusted list, where only those are executed.
            BadRequestError: text and hash do not belong together, or there is neither.
        """
        if given is None and named is None:
            raise BadRequestError("There is no `query`.")
        if given is None:
            found = self.trusted.get(named or "") or (None if self.only_trusted else self.registered.get(named or ""))
            if found is None:
                raise UnknownDocumentError
            return found
        if (named is not None or self.only_trusted) and (known := _sha256(given)) != (named or known):
            raise BadRequestError("The document has another SHA-256.")
        if self.only_trusted and _sha256(given) not in self.trusted:
            raise UntrustedDocumentError
        return given

    def register(self, named: str, text: str) -> None:
        """Remember a valid document by its hash."""
        if named not in self.trusted and not self.only_trusted:
            self.registered.put(named, text, _ENTRY_BYTES + 4 * len(text))


def _read_list(path: Path) -> dict[str, str]:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    found = {}
    for name, text in given.items() if isinstance(given, dict) else ():
        named = str(name).removeprefix("sha256:").lower()
        if not isinstance(text, str) or _sha256(text) != named:
            raise ValueError(f"{path}: {name} is not the SHA-256 of its document")
        found[named] = text
    if not found:
        raise ValueError(f"{path} has no documents; it is a JSON object of texts by their SHA-256")
    return found


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
