"""Documents: parsed, measured and validated once, then remembered by their text, within a bound in bytes.

One that is asked for again and again is kept for good, and its operations are compiled (`engine/compile`).
"""

from collections import Counter
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    Source,
    specified_rules,
    validate,
)
from graphql.language.parser import Parser
from graphql.validation.validate import ValidationAbortedError

from bff.edge.limits import check_limits
from bff.edge.popular import Popular
from bff.settings import LimitSettings
from engine import Operations, Prepared
from kernel.errors import BadRequestError, GatewayError, LimitExceededError

# A parsed document takes 40 to 85 times the bytes of its text, and a few kilobytes however short it is: tracemalloc
# over the examples and the tests' queries; compact ones cost most.
_MEMORY_FACTOR = 85
_DOCUMENT_BYTES = 2_000
_PLANNED_FIELD_BYTES = 4_000  # by tracemalloc 2,200 in the largest documents, 3,700 in the smallest
_NEW_BYTES = 12_000_000
_KEPT_BYTES = 32_000_000


class DocumentError(GatewayError):
    """A document that GraphQL's validation refuses. Only the first fault is told; `errors` carries its locations."""

    code = "GRAPHQL_VALIDATION_FAILED"

    def __init__(self, error: GraphQLError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass
class Known:
    """A valid document and its operations. `kept`: it is asked for often enough to be worth compiling."""

    document: DocumentNode
    operations: Operations
    kept: bool = False
    prepared: dict[str | None, Prepared] = field(default_factory=dict)
    fields_counted: int = 0

    @property
    def fields(self) -> int:
        """Fields of all its plans."""
        return sum(each.fields for each in self.prepared.values())

    def operation(self, name: str | None) -> Prepared | None:
        """The operation of that name, or the only one; None where there is no such."""
        found = self.prepared.get(name)
        if found is None:
            found = self.operations.prepare(self.document, name)
            if found.kind is None:
                return None
            self.prepared[name] = found
        return found


@dataclass(frozen=True)
class Documents:
    """All documents of one schema."""

    schema: GraphQLSchema
    limits: LimitSettings
    introspection: bool
    memory: Popular[Known]
    operations: Operations
    counted: Counter[str] = field(default_factory=Counter)
    """How texts were found: `kept`, `new` (remembered for now), `unknown`, of which some are `refused`."""

    @classmethod
    def of(
        cls,
        schema: GraphQLSchema,
        limits: LimitSettings,
        *,
        introspection: bool,
        compiled: bool = True,
        compiled_after: int = 2,
    ) -> "Documents":
        """`compiled`: whether any is compiled; `compiled_after`: the use of a document at which it is."""
        memory: Popular[Known] = Popular(_NEW_BYTES, _KEPT_BYTES, uses_to_keep=compiled_after)
        return cls(schema, limits, introspection, memory, Operations(schema, enabled=compiled))

    def get(self, text: str) -> Known:
        """The document of a text.

        Raises:
            BadRequestError: it is no GraphQL.
            LimitExceededError: it asks for too much.
            DocumentError, FragmentError: it does not fit the schema, or not together.
        """
        found = self.memory.get(text)
        if found is None:
            known = Known(self._read(text), self.operations)
            known.kept = self.memory.put(text, known, _size(text, known))
        else:
            known, known.kept = found
            self.counted["kept" if known.kept else "new"] += 1
            if known.fields != known.fields_counted:  # it was compiled when it was asked for before
                known.fields_counted = known.fields
                self.memory.grow(text, _size(text, known))
        return known

    def _read(self, text: str) -> DocumentNode:
        self.counted["unknown"] += 1
        try:
            document = self._parse(text)
            check_limits(document, self.limits)
            self._validate(document)
        except GatewayError:
            self.counted["refused"] += 1
            raise
        return document

    def _parse(self, text: str) -> DocumentNode:
        parser = Parser(Source(text), max_tokens=self.limits.tokens)
        try:
            return parser.parse_document()
        except GraphQLSyntaxError as error:
            if parser.token_count > self.limits.tokens:
                raise LimitExceededError(f"A document has at most {self.limits.tokens} tokens.") from None
            raise BadRequestError(error.message) from None
        except RecursionError:
            raise LimitExceededError("The document is nested too deeply.") from None

    def _validate(self, document: DocumentNode) -> None:
        rules = list(specified_rules)
        if not self.introspection:
            rules.append(NoSchemaIntrospectionCustomRule)
        faults = validate(self.schema, document, rules, max_errors=1, hide_suggestions=not self.introspection)
        if faults and isinstance(faults[0], ValidationAbortedError):  # it gave up before it found anything wrong
            raise LimitExceededError("The document is nested too deeply.")
        if faults:
            raise DocumentError(faults[0])


def _size(text: str, known: Known) -> int:
    return _DOCUMENT_BYTES + len(text) * _MEMORY_FACTOR + known.fields * _PLANNED_FIELD_BYTES
