"""Documents: parsed, measured and validated once, then remembered by their text, within a bound in bytes."""

from dataclasses import dataclass

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
from bff.settings import LimitSettings
from dataloaders.lru import ByteLRU
from kernel.errors import BadRequestError, GatewayError, LimitExceededError

# A parsed document takes 40 to 85 times the bytes of its text, and a few kilobytes however short it is: tracemalloc
# over the examples and the tests' queries; compact ones cost most.
_MEMORY_FACTOR = 85
_DOCUMENT_BYTES = 2_000


class DocumentError(GatewayError):
    """A document that GraphQL's validation refuses. Only the first fault is told; `errors` carries its locations."""

    code = "GRAPHQL_VALIDATION_FAILED"

    def __init__(self, error: GraphQLError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True)
class Documents:
    """All documents of one schema."""

    schema: GraphQLSchema
    limits: LimitSettings
    introspection: bool
    memory: ByteLRU[DocumentNode]

    @classmethod
    def of(cls, schema: GraphQLSchema, limits: LimitSettings, *, introspection: bool) -> "Documents":
        return cls(schema, limits, introspection, ByteLRU(32_000_000))

    def get(self, text: str) -> DocumentNode:
        """The document of a text.

        Raises:
            BadRequestError: it is no GraphQL.
            LimitExceededError: it asks for too much.
            DocumentError, FragmentError: it does not fit the schema, or not together.
        """
        known = self.memory.get(text)
        if known is None:
            known = self._parse(text)
            check_limits(known, self.limits)
            self._validate(known)
            self.memory.put(text, known, _DOCUMENT_BYTES + len(text) * _MEMORY_FACTOR)
        return known

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
