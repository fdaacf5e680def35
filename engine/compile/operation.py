"""Executing the operations of a document: compiled where that pays and can be done, by graphql-core otherwise.

Whoever keeps the documents says whether one is worth compiling: what is seen once, such as the random documents of one
client, costs what it always cost and keeps no plan. A plan holds for one combination of the values that `@skip` and
`@include` depend on; of those a document has few plans, since there are twice as many for each variable.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from inspect import isawaitable
from typing import Any, cast

import msgspec
import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    FragmentDefinitionNode,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    create_source_event_stream,
    execute,
    get_operation_ast,
)
from graphql.execution.values import VariableValues

from engine.compile.exact import Exact
from engine.compile.load import load
from engine.compile.plan import NotCompiledError, Tree, tree_of
from engine.compile.run import Run
from engine.compile.source import Complete, completion_of
from engine.compile.values import NotAtHandError
from engine.compile.variables import Variables, variables_of
from engine.public import private_field

log = structlog.get_logger(__name__)

MOST_PLANS = 8
"""Plans that one operation may have, one for each combination of its `@skip` and `@include`."""


@dataclass
class Counted:
    """How operations were executed: compiled, or interpreted and why. `exact`: compiled, but something failed."""

    compiled: int = 0
    exact: int = 0
    plans: int = 0
    interpreted: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Plan:
    """An operation as a function. It keeps nothing of a request."""

    tree: Tree
    complete: Complete
    source: str

    async def answer(self, run: Run) -> ExecutionResult:
        """Load, then complete. `data` is made of structs, or of dicts where something failed."""
        await load(run)
        if not run.dirty:
            try:
                return ExecutionResult(self.complete(run), None)
            except NotAtHandError:
                raise
            except Exception:  # noqa: BLE001  (whatever it was, the exact completion tells it as it should be told)
                run.dirty = True
        exact = Exact(run)
        data = await exact.data()
        return ExecutionResult(data, exact.errors or None)


def plan_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: VariableValues,
    *,
    at_hand: bool = False,
) -> Plan:
    """Compile an operation. `at_hand`: relying on what objects have of themselves.

    Raises:
        NotCompiledError: it takes graphql-core's way.
    """
    tree = tree_of(schema, document, operation, variables, at_hand=at_hand)
    return Plan(tree, *completion_of(tree))


class Prepared:
    """One operation of a valid document, with its plans."""

    def __init__(self, operations: "Operations", document: DocumentNode, name: str | None) -> None:
        self.document, self.name = document, name
        self.plans: dict[tuple[Any, ...], Plan] = {}
        self._operations = operations
        self._operation = get_operation_ast(document, name)
        defined = (self._operation.variable_definitions if self._operation else None) or ()
        self._deciding = sorted({each.variable.name.value for each in defined} & {*_deciding(document)})
        # let down, a plan is carried out again, which only a query may be
        self._at_hand = self._operation is not None and self._operation.operation is OperationType.QUERY
        self._not = "off" if not operations.enabled else "" if self._operation else "no operation"

    @cached_property
    def kind(self) -> str | None:
        """`query`, `mutation` or `subscription`; None where the document has no such operation."""
        return None if self._operation is None else self._operation.operation.value

    @cached_property
    def private(self) -> str | None:
        """The field that keeps the operation from being public, such as `Query.cart`; None for a public one."""
        if self._operation is None:
            return "no operation"
        return private_field(self._operations.schema, self.document, self._operation)

    def variables_text(self, given: dict[str, Any]) -> bytes | None:
        """The values that variables have, the same text for whatever means the same; None where they do not fit, or
        are of a kind that cannot be told as text.
        """
        if self._operation is None:
            return None
        values = self._variables(given)
        if isinstance(values, list):
            return None
        try:
            return _TEXT.encode(values.coerced)
        except (TypeError, ValueError, RecursionError):
            return None

    @property
    def fields(self) -> int:
        """Fields of all its plans together, which their memory grows with."""
        return sum(plan.tree.size for plan in self.plans.values())

    async def execute(
        self,
        context: Any,
        variables: dict[str, Any] | None = None,
        root: Any = None,
        *,
        worth_it: bool = True,
        seconds: float | None = None,
    ) -> ExecutionResult:
        """The result, as graphql-core's `execute` gives it. `data` can be made of structs instead of dicts.

        `worth_it`: whether the document will come again, so that compiling it pays. `seconds`: after that many a
        compiled operation waits no longer for any resolver; those still awaited fail, each on its own.
        """
        operations = self._operations
        try:
            found = self._plan(variables or {}, worth_it=worth_it)
        except NotCompiledError as why:
            operations.counted.interpreted[why.reason] += 1
            log.debug("operation.interpreted", operation=self.name, reason=why.reason)
            return await self._interpret(context, variables, root)
        if isinstance(found, ExecutionResult):
            return found
        plan, values = found
        operations.counted.compiled += 1
        run = Run(plan.tree, root, context, values, seconds)
        try:
            return await plan.answer(run)
        except NotAtHandError:
            self._at_hand = False
            self.plans.clear()
        finally:
            operations.counted.exact += run.dirty
            run.close()
        return await self.execute(context, variables, root, worth_it=worth_it, seconds=seconds)

    async def subscribe(
        self, context: Any, variables: dict[str, Any] | None = None
    ) -> "AsyncGenerator[Any, None] | ExecutionResult":
        """The events of a subscription, each the `root` of one `execute`; errors where there can be none.

        That is graphql-core's `subscribe` in its two halves, so that each event has a context of its own.
        """
        executor = Executor.build(
            self._operations.schema,
            self.document,
            context_value=context,
            raw_variable_values=variables,
            operation_name=self.name,
            max_coercion_errors=1,
        )
        if not isinstance(executor, Executor):
            return ExecutionResult(None, executor)
        found = create_source_event_stream(executor)
        events: Any = await found if isawaitable(found) else found
        return cast("AsyncGenerator[Any, None] | ExecutionResult", events)

    def _plan(self, given: dict[str, Any], *, worth_it: bool) -> tuple[Plan, VariableValues] | ExecutionResult:
        if self._not:
            raise NotCompiledError(self._not)
        if not worth_it:
            raise NotCompiledError("seldom")
        operation = self._operation
        assert operation is not None  # noqa: S101  (else `_not` would say so)
        values = self._variables(given)
        if isinstance(values, list):
            return ExecutionResult(None, values)
        key = tuple(values.coerced.get(name) for name in self._deciding)
        if any(not isinstance(each, bool) for each in key):
            raise NotCompiledError("null in @skip or @include")
        plan = self.plans.get(key)
        if plan is None:
            plan = self._compile(operation, key, values)
        return plan, values

    @cached_property
    def _variables(self) -> Variables:
        return variables_of(self._operations.schema, (self._operation and self._operation.variable_definitions) or ())

    def _compile(self, operation: OperationDefinitionNode, key: tuple[Any, ...], values: VariableValues) -> Plan:
        if len(self.plans) >= MOST_PLANS:
            raise NotCompiledError("too many combinations")
        deciding = VariableValues(
            {name: source for name, source in values.sources.items() if name in self._deciding},
            {name: value for name, value in values.coerced.items() if name in self._deciding},
        )
        try:
            plan = plan_of(self._operations.schema, self.document, operation, deciding, at_hand=self._at_hand)
        except NotCompiledError as why:
            self._not = why.reason
            raise
        except Exception as error:
            self._not = "fault of the compiler"
            log.exception("operation.not_compiled", operation=self.name)
            raise NotCompiledError(self._not) from error
        self._operations.counted.plans += 1
        log.debug("operation.compiled", operation=self.name, fields=plan.tree.size)
        self.plans[key] = plan
        return plan

    async def _interpret(self, context: Any, variables: dict[str, Any] | None, root: Any) -> ExecutionResult:
        result = execute(
            self._operations.schema,
            self.document,
            root_value=root,
            context_value=context,
            variable_values=variables,
            operation_name=self.name,
            max_coercion_errors=1,
        )
        return await result if isawaitable(result) else result


@dataclass
class Operations:
    """What all operations of a schema share. `enabled`: whether any is compiled."""

    schema: GraphQLSchema
    enabled: bool = True
    counted: Counted = field(default_factory=Counted)

    def prepare(self, document: DocumentNode, name: str | None) -> Prepared:
        """An operation of a valid document, to be executed as often as it is asked for."""
        return Prepared(self, document, name)


_TEXT = msgspec.json.Encoder(order="deterministic")


def _deciding(document: DocumentNode) -> Iterator[str]:
    """The variables that `@skip` and `@include` read anywhere in a document."""
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            yield from _deciding_in(definition.selection_set)


def _deciding_in(selected: SelectionSetNode) -> Iterator[str]:
    for node in selected.selections:
        for directive in node.directives or ():
            if directive.name.value in ("skip", "include"):
                values: list[Node] = [argument.value for argument in directive.arguments or ()]
                yield from (value.name.value for value in values if isinstance(value, VariableNode))
        below = getattr(node, "selection_set", None)
        if below is not None:
            yield from _deciding_in(below)
