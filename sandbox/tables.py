"""What an API is: a name, a base path and a table of resources; everything else in the sandbox reads these tables.

Newcomers look for a handler per resource; there is none. A new API is one more `Api` value and, if it should not
start empty, one more seed. `kind` ("TMF620.productOffering") names a resource everywhere: in references, in the store
and in the call counts. It carries no version, so two versions of an API can serve the same documents.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.datastructures import QueryParams

from sandbox.shapes import Shape

if TYPE_CHECKING:
    from sandbox.desk import Desk
    from sandbox.generated import Rule

Document = dict[str, Any]
"""One stored resource, without href; translations sit in `_i18n` beside the texts they translate."""

Seeded = tuple[str, Document]
"""A kind and a document of that kind."""

TYPED = 5
"""The major version from which on TM Forum's files want `@type` everywhere, know JSON Patch and spell timeOccurred."""

ALL_METHODS = frozenset({"GET", "POST", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """States an attribute may take, and from which to which it may move; no `transitions` allows every move.

    `usual` are the moves that operators who restrict them allow; they count under the habit `transitions-enforced`.
    `read` tells the state where one attribute does not, `told_by` names the stored attributes that tell it. Where moves
    are restricted, a state of `once` cannot be given again, to a reserved number for example; `status` is the answer.
    """

    attribute: str
    states: frozenset[str]
    transitions: Mapping[str, frozenset[str]] | None = None
    usual: Mapping[str, frozenset[str]] | None = None
    read: Callable[[Document], Any] | None = None
    told_by: frozenset[str] = frozenset()
    once: frozenset[str] = frozenset()
    status: int = 409

    def state(self, document: Document) -> Any:
        return self.read(document) if self.read else document.get(self.attribute)

    def refuses(self, before: str, after: str, *, named: bool) -> bool:
        """Whether there is no way from one state to the other; `named` when the write says the state."""
        if self.transitions is None:
            return False
        if before == after:
            return named and after in self.once
        return after not in self.transitions.get(before, ())


@dataclass(frozen=True, slots=True)
class Resource:
    """One collection and its items.

    `references` maps dotted paths of references to the kind they point at: the server writes their href. A name with
    a star (`cartItem*.productOffering`) is followed into itself, at any depth.
    `indexed` names dotted paths whose equality filters must not scan; only attributes that no language changes.
    `stamped` is set to the time of each write, `created` to that of the first. `items` is the array whose elements, the
    ones nested in the same array too, get an id from the server where the client gives none. `kept_as` is its name in
    the store where another version of the API calls it differently (`catalog`, which v5 names `productCatalog`).
    `attributes` are those its definition lists, `arrays` the ones among them that hold arrays; only habits need them.
    `shape` is how its documents differ from the stored ones, where those are another version's.
    `only` is the `@type` or `@baseType` that its documents have, where several resources of an API share theirs; the
    first of them is the one that hrefs and events name. `effect` takes a document as a write leaves it, beside the one
    before, does what else the write does, and answers what is to be stored; `due` does what time does, before every
    call. `computed` answers the collection from the query alone.
    """

    path: str
    type: str
    required: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    indexed: tuple[str, ...] = ()
    stamped: str | None = None
    created: str | None = None
    items: str | None = None
    lifecycle: Lifecycle | None = None
    methods: frozenset[str] = ALL_METHODS
    kept_as: str | None = None
    attributes: frozenset[str] = frozenset()
    arrays: tuple[str, ...] = ()
    shape: Shape | None = None
    only: str | None = None
    effect: "Callable[[Desk, Document | None, Document], Document] | None" = None
    due: "Callable[[Desk], None] | None" = None
    computed: "Callable[[Desk, QueryParams], Document] | None" = None


@dataclass(frozen=True, slots=True)
class Api:
    """One TM Forum API in one version, e.g. TMF620 v4 at `/tmf-api/productCatalogManagement/v4`.

    `rule` makes documents that need no seed, so many of each sort. `elsewhere` are the addresses of what references
    point at and no API here serves.
    """

    name: str
    base_path: str
    version: str
    resources: tuple[Resource, ...]
    seed: Callable[[int | None], Iterable[Seeded]] | None = None
    rule: "Callable[[int], Rule] | None" = None
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def kind(self, resource: Resource) -> str:
        return f"{self.name}.{resource.kept_as or resource.path}"
