"""Tools: functions that the model may call."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any, Generic, Literal, ParamSpec, TypeVar, overload

from . import _bridge, _native
from ._schemas import documented, fields_of, object_of, schema_of

__all__ = ["Tool", "tool"]

P = ParamSpec("P")
R = TypeVar("R")

Effect = Literal["none", "pure", "irreversible"]


class Tool(Generic[P, R]):
    """A function with what the model is told of it. Calling it calls the function."""

    def __init__(
        self, function: Callable[P, R], name: str | None, description: str | None, effect: Effect, deadline_ms: int
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name: str = name or function.__name__
        """Its name: 1 … 64 letters, digits, ``_`` and ``-``."""
        summary, self._arguments = documented(function)
        self.description: str = description or summary
        """What it does and when to use it, told to the model."""
        self.effect = effect
        self.deadline_ms = deadline_ms
        self._hints = _hints(function)
        self.parameters: dict[str, Any] = self._schema()
        """JSON Schema of its arguments."""
        if not self.description:
            raise TypeError(f"the tool {self.name} needs a docstring: the model is told it")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<voice_agent.tool {self.name}>"

    def _schema(self) -> dict[str, Any]:
        properties, required = {}, []
        for name, parameter in inspect.signature(self.function).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise TypeError(f"the tool {self.name} takes its arguments by name, and {parameter} has none")
            schema = schema_of(self._hints.get(name, Any))
            if name in self._arguments:
                schema["description"] = self._arguments[name]
            if parameter.default is parameter.empty:
                required.append(name)
            properties[name] = schema
        return object_of(properties, required)

    def foreign(self) -> _native.Foreign:
        """The tool for the core."""
        description = {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
            "effect": self.effect,
            "deadline_ms": self.deadline_ms,
        }
        return _bridge.tool(description, self.runner)

    @property
    def runner(self) -> Callable[[dict[str, Any]], Any]:
        """Runs it with the arguments that a model gave, checked."""
        return self._run_async if _bridge.is_async(self.function) else self._run

    async def _run_async(self, arguments: dict[str, Any]) -> Any:
        return await self._run(arguments)

    def _run(self, arguments: dict[str, Any]) -> Any:
        hints = {name: self._hints.get(name, Any) for name in self.parameters["properties"]}
        fitting = fields_of(hints, self.parameters.get("required", []), arguments, "")
        return self.function(**fitting)  # type: ignore[call-arg]


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(f"the types of {function.__name__} are not known where it is defined: {error}") from error


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...
@overload
def tool(
    *, name: str | None = None, description: str | None = None, effect: Effect = "none", deadline_ms: int = 10_000
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    effect: Effect = "none",
    deadline_ms: int = 10_000,
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Makes a tool of a typed function; its docstring tells the model what it does, ``Args:`` what its arguments mean.

    A coroutine function runs on the event loop, a plain one on a thread, where it may block. What it returns is told to the
    model: text as it is, a :class:`~voice_agent.ToolOutput` with its sources, anything else as JSON. An exception is told
    as well and ends nothing: its message should say what the model could do better.

    Args:
        name: Its name, if not the function's.
        description: What the model is told, if not the docstring.
        effect: ``none`` only looks, and a call whose answer is no longer wanted is dropped; ``pure`` may also be called
            for an answer that is prepared before the user has finished; ``irreversible`` is not stopped by an interruption.
        deadline_ms: How long a call may take.
    """

    def make(function: Callable[P, R]) -> Tool[P, R]:
        return Tool(function, name, description, effect, deadline_ms)

    return make(function) if function else make
