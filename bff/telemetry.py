"""Logs: one JSON object a line, or readable ones for people. Upstream texts appear here and nowhere else."""

import logging
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from bff.settings import Settings

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_logging(settings: Settings) -> None:
    """Set up structlog for the whole process. Called once, by whoever starts one."""
    people = settings.log_format == "console"
    # Tracebacks without local variables: those hold what customers typed.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    renderer = plain if people else structlog.processors.JSONRenderer()
    tracebacks = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([] if people else [tracebacks]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.log_level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    _include_libraries(settings, plain if people else structlog.processors.JSONRenderer())


def _include_libraries(settings: Settings, renderer: structlog.typing.Processor) -> None:
    """What libraries say by the standard library's logging comes out in the same form: uvicorn's starts and stops."""
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[strip, renderer], foreign_pre_chain=before))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(_LEVELS[settings.log_level])
    # A line for each upstream call, with its whole URL; each statement with its values, shoppers' addresses among them;
    # each start's plugins; each call of Cognito, with its password.
    databases, callers = (
        ("alembic", "psycopg", "sqlalchemy"),
        ("boto3", "botocore", "urllib3", "s3transfer"),
    )
    for chatty in ("httpx", "httpcore", "aiocache", *databases, *callers):
        logging.getLogger(chatty).setLevel(logging.WARNING)
