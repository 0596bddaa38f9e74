"""JSON Schema of Python types, and arguments that fit it."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import types
import typing
from collections.abc import Callable
from typing import Any, Literal, Union

from .errors import InvalidInputError

_PLAIN: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
_LISTS = (list, tuple, set, frozenset, typing.Sequence, typing.Iterable)


def schema_of(annotation: Any) -> dict[str, Any]:
    """The JSON Schema of a type; what it does not know of is any value."""
    if annotation in (Any, inspect.Parameter.empty):
        return {}
    if annotation in _PLAIN:
        return {"type": _PLAIN[annotation]}
    if hasattr(annotation, "model_json_schema"):  # pydantic
        return dict(annotation.model_json_schema())
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        description = next((note for note in arguments[1:] if isinstance(note, str)), None)
        return schema_of(arguments[0]) | ({"description": description} if description else {})
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return _any_of([schema_of(one) for one in arguments])
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return {"enum": [member.value for member in annotation]}
    if dataclasses.is_dataclass(annotation):
        fields = dataclasses.fields(annotation)
        hints = typing.get_type_hints(annotation, include_extras=True)
        needed = [one.name for one in fields if one.default is one.default_factory is dataclasses.MISSING]
        return object_of({one.name: schema_of(hints[one.name]) for one in fields}, needed)
    if typing.is_typeddict(annotation):
        hints = typing.get_type_hints(annotation, include_extras=True)
        needed = [name for name in hints if name in annotation.__required_keys__]
        return object_of({name: schema_of(hint) for name, hint in hints.items()}, needed)
    if (origin or annotation) in _LISTS or getattr(origin, "__module__", "") == "collections.abc" and arguments:
        if origin in (dict, typing.Mapping) or len(arguments) == 2 and origin is not tuple:
            return {"type": "object", "additionalProperties": schema_of(arguments[1])}
        return {"type": "array", "items": schema_of(arguments[0])} if arguments else {"type": "array"}
    if (origin or annotation) is dict:
        return {"type": "object"} | ({"additionalProperties": schema_of(arguments[1])} if arguments else {})
    raise TypeError(f"no JSON Schema is known of the type {annotation!r}")


def object_of(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """The schema of an object with these fields and no others."""
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": required} if required else {})


def _any_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    plain = [schema["type"] for schema in schemas if set(schema) == {"type"}]
    return {"type": plain} if len(plain) == len(schemas) else {"anyOf": schemas}


def value_of(annotation: Any, value: Any, place: str) -> Any:
    """The value as its type wants it.

    Raises:
        InvalidInputError: naming the field that does not fit; the model is told and may try again.
    """
    if annotation in (Any, inspect.Parameter.empty):
        return value
    if annotation in _PLAIN:
        return _plain(annotation, value, place)
    if hasattr(annotation, "model_validate"):  # pydantic
        try:
            return annotation.model_validate(value)
        except ValueError as error:
            raise InvalidInputError(f"`{place}`: {error}", stage="tool") from error
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return value_of(arguments[0], value, place)
    if origin is Literal:
        return value if value in arguments else _refuse(place, f"one of {list(arguments)}", value)
    if origin in (Union, types.UnionType):
        return _one_of(arguments, value, place)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        wanted = [member.value for member in annotation]
        return annotation(value) if value in wanted else _refuse(place, f"one of {wanted}", value)
    if dataclasses.is_dataclass(annotation) or typing.is_typeddict(annotation):
        return _object(annotation, value, place)
    if origin is dict or annotation is dict:
        if not isinstance(value, dict):
            return _refuse(place, "an object", value)
        kind = arguments[1] if arguments else Any
        return {name: value_of(kind, one, f"{place}.{name}") for name, one in value.items()}
    if not isinstance(value, list):
        return _refuse(place, "an array", value)
    kind = arguments[0] if arguments else Any
    made = [value_of(kind, one, f"{place}[{index}]") for index, one in enumerate(value)]
    return (origin or annotation)(made) if (origin or annotation) in (tuple, set, frozenset) else made


def _plain(kind: type, value: Any, place: str) -> Any:
    # JSON tells whole numbers from others no better than models do.
    if kind is float and type(value) is int:
        return float(value)
    if kind is int and type(value) is float and value.is_integer():
        return int(value)
    return value if type(value) is kind else _refuse(place, f"of the type {_PLAIN[kind]}", value)


def _one_of(kinds: tuple[Any, ...], value: Any, place: str) -> Any:
    problems = []
    for kind in kinds:
        try:
            return value_of(kind, value, place)
        except InvalidInputError as error:
            problems.append(error.message)
    raise InvalidInputError("; or ".join(dict.fromkeys(problems)), stage="tool")


def _object(kind: Any, value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        return _refuse(place, "an object", value)
    hints = typing.get_type_hints(kind, include_extras=True)
    made = fields_of(hints, schema_of(kind).get("required", []), value, place)
    return kind(**made)


def fields_of(hints: dict[str, Any], required: list[str], given: dict[str, Any], place: str) -> dict[str, Any]:
    """The given fields, each as its type wants it."""
    dot = f"{place}." if place else ""
    for name in required:
        if name not in given:
            raise InvalidInputError(f"`{dot}{name}` is missing", stage="tool")
    for name in given:
        if name not in hints:
            raise InvalidInputError(f"`{dot}{name}` is unknown; there are {', '.join(hints) or 'none'}", stage="tool")
    return {name: value_of(hints[name], value, f"{dot}{name}") for name, value in given.items()}


def _refuse(place: str, wanted: str, value: Any) -> Any:
    raise InvalidInputError(f"`{place}` is to be {wanted}, not {value!r:.80}", stage="tool")


_ARGUMENT = re.compile(r"^\s+\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)$")
_FIELD = re.compile(r"^\s*:param\s+(?:[^:]*\s)?(\w+):\s*(.*)$")


def documented(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """What a docstring says of a function, and of its arguments (``Args:`` or ``:param name:``)."""
    summary: list[str] = []
    arguments: dict[str, str] = {}
    section, newest = "", ""
    for line in (inspect.getdoc(function) or "").splitlines():
        if re.fullmatch(r"(Args|Arguments|Parameters|Returns|Raises|Yields|Examples?|Notes?):", line.strip()):
            section, newest = line.strip(), ""
            continue
        found = _FIELD.match(line) or (_ARGUMENT.match(line) if section[:1] in ("A", "P") else None)
        if found:
            newest = found[1]
            arguments[newest] = found[2].strip()
        elif newest and line.strip() and line[:1].isspace():
            arguments[newest] += " " + line.strip()
        elif not section and not line.lstrip().startswith(":"):
            summary.append(line.strip())
    return re.sub(r"\s*\n\s*\n\s*", "\n\n", "\n".join(summary).strip()), arguments
