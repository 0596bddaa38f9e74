"""Providers of the core, as they are asked for: a name and its settings, which the core knows and checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import _native
from ._items import written

Part = str | _native.Foreign


class Specified:
    """A provider of the core. Its keyword arguments are its settings; one that is unknown or wrong is an
    :class:`~voice_agent.InvalidConfigError` that names it, when the agent is made."""

    provider = ""

    def __init__(self, **settings: Any) -> None:
        self.settings: dict[str, Any] = {name: value for name, value in settings.items() if value is not None}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={'…' if name == 'key' else repr(value)}" for name, value in self.settings.items())
        return f"voice_agent.{type(self).__module__.rpartition('.')[2]}.{type(self).__name__}({shown})"

    def specification(self) -> dict[str, Any]:
        """What the core is asked for."""
        return {"provider": self.provider, **self.settings}


def parts_of(stage: str, given: Any, foreign: Callable[[Any], _native.Foreign], method: str) -> list[Part]:
    """The providers of a stage: one, several of which one serves, or none."""
    if given is None:
        return []
    several = given if isinstance(given, (list, tuple)) else [given]
    return [part_of(stage, one, foreign, method) for one in several]


def part_of(stage: str, given: Any, foreign: Callable[[Any], _native.Foreign], method: str) -> Part:
    """One provider."""
    if isinstance(given, Specified):
        return written(given.specification())
    if isinstance(given, (str, dict)):
        return written(given)
    if isinstance(given, type):
        raise TypeError(f"{stage}: a provider is an object, not a class: {given.__name__}()")
    if not callable(getattr(given, method, None)):
        raise TypeError(f"{stage}: a provider has a method {method}, and {type(given).__name__} has none")
    return foreign(given)

