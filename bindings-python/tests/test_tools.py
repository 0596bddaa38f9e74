"""Functions as tools: what the model is told of them, and what it is told when it gets them wrong."""

from __future__ import annotations

import asyncio
import enum
import threading
import time
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Optional, TypedDict, Union

import pytest
from conftest import run, until

import voice_agent
from voice_agent import Agent, InvalidInputError, Message, ReplyEnd, Source, ToolEvent, ToolOutput
from voice_agent.providers import ToolCall
from voice_agent.tools import Tool


class Unit(enum.Enum):
    CELSIUS = "C"
    FAHRENHEIT = "F"


@dataclass
class Place:
    city: str
    country: str = "CH"


class Span(TypedDict, total=False):
    days: int


@voice_agent.tool
def everything(
    text: str,
    number: float,
    count: int = 1,
    flag: bool = False,
    unit: Unit = Unit.CELSIUS,
    size: Literal["small", "large"] = "small",
    place: Optional[Place] = None,
    span: Span = {},  # noqa: B006
    names: list[str] = [],  # noqa: B006
    prices: dict[str, float] = {},  # noqa: B006
    either: Union[int, str] = 0,
    noted: Annotated[str, "Said of it here."] = "",
    anything: Any = None,
) -> str:
    """Does everything.

    And says so at length.

    Args:
        text: What to do,
            in words.
        number (float): How often.

    Returns:
        Nothing of the kind.
    """
    return repr((text, number, unit, place, names, either))


def test_the_schema_says_what_the_types_and_the_docstring_say() -> None:
    assert everything.name == "everything"
    assert everything.description == "Does everything.\n\nAnd says so at length."
    assert everything.parameters["required"] == ["text", "number"]
    assert everything.parameters["additionalProperties"] is False
    assert everything.parameters["properties"] == {
        "text": {"type": "string", "description": "What to do, in words."},
        "number": {"type": "number", "description": "How often."},
        "count": {"type": "integer"},
        "flag": {"type": "boolean"},
        "unit": {"enum": ["C", "F"]},
        "size": {"enum": ["small", "large"]},
        "place": {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"city": {"type": "string"}, "country": {"type": "string"}},
                    "additionalProperties": False,
                    "required": ["city"],
                },
                {"type": "null"},
            ]
        },
        "span": {"type": "object", "properties": {"days": {"type": "integer"}}, "additionalProperties": False},
        "names": {"type": "array", "items": {"type": "string"}},
        "prices": {"type": "object", "additionalProperties": {"type": "number"}},
        "either": {"type": ["integer", "string"]},
        "noted": {"type": "string", "description": "Said of it here."},
        "anything": {},
    }


def test_arguments_arrive_as_their_types() -> None:
    given = {
        "text": "a",
        "number": 1,
        "unit": "F",
        "place": {"city": "Bern"},
        "names": ["x"],
        "either": "both",
        "count": 2.0,
    }
    assert everything.runner(given) == repr(("a", 1.0, Unit.FAHRENHEIT, Place("Bern"), ["x"], "both"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"number": 1}, "`text` is missing"),
        ({"text": 1, "number": 1}, "`text` is to be of the type string, not 1"),
        ({"text": "a", "number": "1"}, "`number` is to be of the type number, not '1'"),
        ({"text": "a", "number": True}, "`number` is to be of the type number"),
        ({"text": "a", "number": 1, "count": 1.5}, "`count` is to be of the type integer"),
        ({"text": "a", "number": 1, "unit": "K"}, r"`unit` is to be one of \['C', 'F'\]"),
        ({"text": "a", "number": 1, "size": "medium"}, "`size` is to be one of"),
        ({"text": "a", "number": 1, "place": {"country": "CH"}}, "`place.city` is missing"),
        ({"text": "a", "number": 1, "names": ["a", 2]}, r"`names\[1\]` is to be of the type string"),
        ({"text": "a", "number": 1, "prices": {"x": "y"}}, "`prices.x` is to be of the type number"),
        ({"text": "a", "number": 1, "either": []}, "`either` is to be of the type integer"),
        ({"text": "a", "number": 1, "more": 1}, "`more` is unknown"),
    ],
)
def test_arguments_that_do_not_fit_are_named(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInputError, match=told):
        everything.runner(given)


def test_a_tool_is_still_its_function() -> None:
    assert everything("a", 2.0).startswith("('a', 2.0")
    assert everything.__name__ == "everything" and "Does everything" in (everything.__doc__ or "")


def test_fields_of_sphinx_are_read_too() -> None:
    @voice_agent.tool
    def f(a: int) -> None:
        """Does it.

        :param a: How much.
        :returns: nothing
        """

    assert f.parameters["properties"]["a"]["description"] == "How much."
    assert f.description == "Does it."


def test_what_cannot_be_a_tool_is_refused_where_it_is_defined() -> None:
    with pytest.raises(TypeError, match="needs a docstring"):

        @voice_agent.tool
        def silent() -> None: ...

    with pytest.raises(TypeError, match="takes its arguments by name"):

        @voice_agent.tool
        def loose(*args: int) -> None:
            """Takes anything."""

    with pytest.raises(TypeError, match="no JSON Schema is known of the type"):

        @voice_agent.tool
        def odd(a: complex) -> None:
            """Takes a complex number."""


async def called(tool: Tool[..., Any], arguments: Any, **settings: Any) -> tuple[list[voice_agent.Event], list[Message]]:
    """What is told of one call, and the history after it."""

    class Calling:
        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            if request.messages[-1].role == "user":
                yield ToolCall("1", tool.name, arguments)
            else:
                yield "Done."

    async with Agent(llm=Calling(), tools=[tool], vad=False, **settings).session() as session:
        session.text("go")
        events = await until(session, ReplyEnd)
        return events, session.history


def result(history: list[Message]) -> str | None:
    return next(said for said in history if said.role == "tools").calls[0].result


def test_a_coroutine_runs_on_the_loop_and_a_function_on_a_thread() -> None:
    where = []

    @voice_agent.tool
    async def on_the_loop() -> None:
        """Runs."""
        await asyncio.sleep(0)
        where.append(threading.current_thread() is threading.main_thread())

    @voice_agent.tool
    def on_a_thread() -> None:
        """Runs."""
        where.append(threading.current_thread() is threading.main_thread())

    run(called(on_the_loop, {}))
    run(called(on_a_thread, {}))
    assert where == [True, False]


@pytest.mark.parametrize(
    ("value", "read"),
    [("as it is", "as it is"), ({"a": [1, None]}, '{"a": [1, null]}'), (3, "3"), (None, "null")],
)
def test_what_a_tool_returns_is_what_the_model_reads(value: Any, read: str) -> None:
    @voice_agent.tool
    def give() -> Any:
        """Gives."""
        return value

    _, history = run(called(give, {}))
    assert result(history) == read


def test_sources_are_shown_to_the_client() -> None:
    @voice_agent.tool
    def search(query: str) -> ToolOutput:
        """Searches."""
        return ToolOutput(f"Found {query}.", [Source("A page", "https://a.example")])

    events, history = run(called(search, '{"query":"it"}'))
    told = [event for event in events if isinstance(event, ToolEvent)]
    assert [(event.name, event.status) for event in told] == [("search", "started"), ("search", "done")]
    assert told[-1].sources == [Source("A page", "https://a.example")]
    assert result(history) == "Found it."


def test_an_exception_is_told_to_the_model_and_to_the_program() -> None:
    error = LookupError("no such city; ask for a bigger one")

    @voice_agent.tool
    def weather(city: str) -> str:
        """Tells the weather."""
        raise error

    events, history = run(called(weather, {"city": "Nowhere"}))
    [failed] = [event for event in events if isinstance(event, ToolEvent) and event.status == "failed"]
    assert failed.cause is error
    assert "no such city" in (result(history) or "")


def test_wrong_arguments_are_told_to_the_model() -> None:
    @voice_agent.tool
    def weather(city: str) -> str:
        """Tells the weather."""
        return "rain"

    _, history = run(called(weather, {"town": "Bern"}))
    assert "`city` is missing" in (result(history) or "")


def test_a_tool_that_takes_too_long_is_given_up() -> None:
    cancelled = []

    @voice_agent.tool(deadline_ms=50)
    async def slow() -> str:
        """Takes its time."""
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.append(True)
        return "never"

    begun = time.perf_counter()
    _, history = run(called(slow, {}))
    assert time.perf_counter() - begun < 5
    assert cancelled and "never" not in (result(history) or "")


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(voice_agent.InvalidConfigError, match="another one of that name"):
        Agent(tools=[everything, everything])


@pytest.mark.parametrize(("settings", "told"), [({"name": "a b"}, "a name is 1 to 64"), ({"effect": "some"}, "`effect`")])
def test_a_wrong_setting_of_a_tool_is_told_when_the_agent_is_made(settings: Any, told: str) -> None:
    with pytest.raises(voice_agent.InvalidConfigError, match=told):
        Agent(tools=[voice_agent.tool(description="Looks.", **settings)(lambda: "")])


def test_a_description_can_be_given_with_the_decorator() -> None:
    @voice_agent.tool(name="book-table", description="Books a table.", effect="irreversible", deadline_ms=500)
    def book(people: int) -> None: ...

    assert (book.name, book.description, book.effect, book.deadline_ms) == (
        "book-table",
        "Books a table.",
        "irreversible",
        500,
    )
