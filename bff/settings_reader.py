"""From the environment to the settings, once, at the start.

A wrong value stops the start with the variable's name and an example, and so does a `BFF_` variable that no setting
has: a misspelt name would otherwise be a setting that silently does nothing.
"""

import dataclasses
import difflib
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from bff.setting_checks import Check
from bff.settings import Settings, UpstreamSettings

if TYPE_CHECKING:
    from bff.edge.persisted import Persisted

PREFIX = "BFF_"
_TMF = ("tmf620", "tmf629", "tmf632", "tmf637", "tmf639", "tmf663", "tmf666", "tmf681", "tmf685", "tmf687")
_UPSTREAMS = (*_TMF, "porting")


class SettingsError(Exception):
    """The environment does not make a working configuration; the text names each variable at fault."""


@dataclass(frozen=True)
class Variable:
    """One environment variable: its name, the type of its value, and how it is documented."""

    name: str
    kind: Any
    default: Any
    doc: str
    example: str
    check: Check | None
    secret: bool
    section: str


@functools.cache
def variables() -> tuple[Variable, ...]:
    """All variables there are, in the order of the settings."""
    return tuple(_variables(Settings, PREFIX))


def _variables(model: Any, prefix: str) -> Iterator[Variable]:
    for each in dataclasses.fields(model):
        name, kind = prefix + each.name.upper(), _kinds(model)[each.name]
        if dataclasses.is_dataclass(kind):
            yield from _variables(kind, name + "_")
        else:
            notes = each.metadata
            section = (model.__doc__ or "").strip()
            yield Variable(name, kind, each.default, **notes, section=section)


_kinds = functools.cache(get_type_hints)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings that an environment gives.

    Raises:
        SettingsError: any variable is wrong, unknown or missing; all of them are named.
    """
    known = {variable.name: variable for variable in variables()}
    problems = [_unknown(name, known) for name in sorted(environment) if name.startswith(PREFIX) and name not in known]
    values: dict[str, Any] = {}
    for name, variable in known.items():
        if name in environment:
            try:
                values[name] = _parse(variable, environment[name])
            except ValueError as error:
                shown = name if variable.secret else f"{name}={environment[name]!r}"
                problems.append(f"{shown}: {error}{_example(variable)}")
    if problems:
        raise SettingsError("\n".join(problems))
    return _build(Settings, PREFIX, values)  # type: ignore[no-any-return]


def require_upstreams(settings: Settings) -> None:
    """Check what only a serving gateway needs.

    Raises:
        SettingsError: an upstream has no URL, or lacks what its authentication needs.
    """
    needed = {} if settings.catalog.source == "dump" else {"BFF_TMF620_URL": settings.tmf620.url}
    for name in _UPSTREAMS:
        upstream: UpstreamSettings = getattr(settings, name)
        if upstream.auth == "api_key":
            needed[f"BFF_{name.upper()}_API_KEY"] = upstream.api_key
        if upstream.auth == "oauth2":
            needed[f"BFF_{name.upper()}_TOKEN_URL"] = upstream.token_url
            needed[f"BFF_{name.upper()}_CLIENT_ID"] = upstream.client_id
    if settings.tmf663.url or settings.tmf639.url or settings.tmf629.url or settings.cognito.pool:
        needed["BFF_KEYS"] = ",".join(settings.keys)
    if settings.tmf629.url:
        needed |= _for_customers(settings)
    if settings.tmf639.url and settings.numbers.backend == "tmf685":
        needed["BFF_TMF685_URL"] = settings.tmf685.url
        if settings.numbers.assigned_by == "gateway":  # whose an assigned resource is, only the mark tells
            needed["BFF_NUMBERS_MARKS"] = "true" if settings.numbers.marks else ""
    if settings.cognito.pool:
        needed["BFF_COGNITO_CLIENT_ID"] = settings.cognito.client_id
        needed["BFF_REDIS_URL"] = settings.redis_url  # tries are counted there or not at all
    known = {variable.name: variable for variable in variables()}
    missing = [f"{name} is not set{_example(known[name])}" for name, value in needed.items() if not value]
    if missing:
        raise SettingsError("\n".join(missing))


def _for_customers(settings: Settings) -> dict[str, str]:
    needed = {
        "BFF_TMF632_URL": settings.tmf632.url,
        "BFF_TMF666_URL": settings.tmf666.url,
        "BFF_CUSTOMERS_DUPLICATE_KEY": settings.customers.duplicate_key,
    }
    # codes to lines and tries of them are counted in Redis or not at all
    return needed | ({"BFF_REDIS_URL": settings.redis_url} if settings.tmf681.url else {})


def persisted_documents(settings: Settings) -> "Persisted":
    """The documents that clients may name.

    Raises:
        SettingsError: the trusted list cannot be used, or there is none where only its documents are executed.
    """
    if settings.documents.only_trusted and not settings.documents.trusted:
        raise SettingsError("BFF_DOCUMENTS_TRUSTED is not set, and BFF_DOCUMENTS_ONLY_TRUSTED allows nothing else")
    from bff.edge.persisted import Persisted  # noqa: PLC0415  (the command line reads settings and has no edge)

    try:
        return Persisted.of(settings.documents)
    except ValueError as error:
        raise SettingsError(f"BFF_DOCUMENTS_TRUSTED: {error}") from None


def dotenv() -> str:
    """`.env.example`: every variable with its meaning and its default."""
    lines = ["# Every setting of the gateway, each with its default. Written by `bff settings --write`."]
    section = ""
    for variable in variables():
        if variable.section != section:
            section = variable.section
            lines += ["", f"# ---- {section}"]
        lines.append(f"# {variable.doc}" + (f" For example {variable.example}" if variable.example else ""))
        lines.append(f"{variable.name}={_text(variable.default)}")
    return "\n".join(lines) + "\n"


def _build(model: Any, prefix: str, values: Mapping[str, Any]) -> Any:
    given = {}
    for each in dataclasses.fields(model):
        name, kind = prefix + each.name.upper(), _kinds(model)[each.name]
        if dataclasses.is_dataclass(kind):
            given[each.name] = _build(kind, name + "_", values)
        elif name in values:
            given[each.name] = values[name]
    return model(**given)


def _parse(variable: Variable, text: str) -> Any:
    value = _convert(variable.kind, text.strip())
    problem = variable.check(value) if variable.check else None
    if problem:
        raise ValueError(problem)
    return value


def _convert(kind: Any, text: str) -> Any:
    if get_origin(kind) is tuple and get_args(kind)[0] is str:
        return tuple(part for part in (each.strip() for each in text.split(",")) if part)
    if kind is bool:
        if text.lower() not in _BOOLEANS:
            raise ValueError("must be true or false")
        return _BOOLEANS[text.lower()]
    if kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            raise ValueError("must be a whole number" if kind is int else "must be a number") from None
    return text


_BOOLEANS = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}


def _unknown(name: str, known: Mapping[str, Variable]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"{name} is not a setting" + (f"; is {near[0]} meant?" if near else "")


def _example(variable: Variable) -> str:
    example = variable.example or _text(variable.default)
    return f" (for example {variable.name}={example})" if example else ""


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
