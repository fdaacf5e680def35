"""Errors as a client sees them: a stable code, a message of ours, an id that finds the rest in the log.

Nothing that an upstream said, and nothing of an unexpected exception, goes further than the log.
"""

import uuid
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError, ValueNode, VariableDefinitionNode

from bff.edge.documents import DocumentError
from engine import LateError
from kernel.errors import GatewayError, StoreUnavailableError, UpstreamError, UpstreamTimeoutError

log = structlog.get_logger(__name__)

_UNEXPECTED = "Something went wrong here. The error id finds it in our log."


def answer_of(result: ExecutionResult) -> dict[str, Any]:
    """What came of an operation that was executed."""
    errors = {"errors": [execution_error(error) for error in result.errors]} if result.errors else {}
    return {**errors, "data": result.data}


def request_error(error: GatewayError) -> dict[str, Any]:
    """An error that kept the operation from being executed."""
    shown: dict[str, Any] = {"message": error.message, "extensions": {"code": error.code}}
    if isinstance(error, DocumentError) and error.error.locations:
        shown["locations"] = [location.formatted for location in error.error.locations]
    return shown


def execution_error(error: GraphQLError) -> dict[str, Any]:
    """An error of one field, or of the variables when it has no path."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, LateError):  # nobody but an upstream keeps us waiting so long
        cause = UpstreamTimeoutError("unknown", detail="the operation's time was over before the field had its value")
    if isinstance(cause, GatewayError):
        shown = _of_gateway(cause, error)
    elif ((cause is None or isinstance(cause, GraphQLError)) and _of_request(error)) or _of_variable(error):
        shown = {"message": error.message, "extensions": {"code": "BAD_REQUEST"}}
    else:
        shown = _unexpected(cause or error, error)
    if error.locations:
        shown["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    return shown


def _of_request(error: GraphQLError) -> bool:
    """Whether GraphQL itself refused something the client sent: it then points at a value, or at no field at all."""
    return error.path is None or any(isinstance(node, ValueNode) for node in error.nodes or ())


def _of_variable(error: GraphQLError) -> bool:
    """Whether a scalar of ours did not take a variable's value; behind it stands the scalar's own exception."""
    return error.path is None and any(isinstance(node, VariableDefinitionNode) for node in error.nodes or ())


def unexpected(error: BaseException) -> dict[str, Any]:
    """An exception that nothing was prepared for."""
    return _unexpected(error, None)


def _of_gateway(cause: GatewayError, error: GraphQLError) -> dict[str, Any]:
    extensions: dict[str, Any] = {"code": cause.code}
    if isinstance(cause, UpstreamError | StoreUnavailableError):
        extensions["errorId"] = error_id = uuid.uuid4().hex
        log.warning("field.failed", error_id=error_id, code=cause.code, path=error.path, detail=cause.detail)
    return {"message": cause.message, "extensions": extensions}


def _unexpected(cause: BaseException, error: GraphQLError | None) -> dict[str, Any]:
    error_id = uuid.uuid4().hex
    log.error("unexpected", error_id=error_id, path=error.path if error else None, exc_info=cause)
    return {"message": _UNEXPECTED, "extensions": {"code": "INTERNAL", "errorId": error_id}}
