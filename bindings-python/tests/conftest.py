"""What the tests share. No plugin: each test runs its own event loop, as a program does."""

from __future__ import annotations

import array
import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

import voice_agent

T = TypeVar("T")

#: No test waits longer than this for anything; one that would has hung.
PATIENCE = 10.0


def run(work: Coroutine[Any, Any, T], patience: float = PATIENCE) -> T:
    """Runs it on a loop of its own."""
    return asyncio.run(asyncio.wait_for(work, patience))


def tone(ms: int, level: float = 0.5, rate: int = 16_000) -> array.array[int]:
    """A tone of 200 Hz as 16-bit samples; silence at level 0."""
    samples = range(rate * ms // 1000)
    return array.array("h", (int(level * 32_767 * math.sin(2 * math.pi * 200 * at / rate)) for at in samples))


def spoken(ms: int = 800) -> bytes:
    """Something loud, then silence long enough to end a turn."""
    return (tone(ms) + tone(1_500, 0.0)).tobytes()


async def until(
    session: voice_agent.Session, wanted: type[voice_agent.Event] | Callable[[voice_agent.Event], bool]
) -> list[voice_agent.Event]:
    """All events up to the first that is wanted."""
    seen = []
    async for event in session:
        seen.append(event)
        if isinstance(event, wanted) if isinstance(wanted, type) else wanted(event):
            return seen
    raise AssertionError(f"the session ended before: {seen}")


class EchoLlm:
    """Says what the user said."""

    name = "echo"

    async def generate(self, request: voice_agent.providers.LlmRequest):  # type: ignore[no-untyped-def]
        yield f"You said {request.messages[-1].text}."


@pytest.fixture
def echo() -> voice_agent.Agent:
    """An agent without a voice."""
    return voice_agent.Agent(llm=EchoLlm(), vad=False)


async def answered(llm: Any, *, wanted: Any = voice_agent.ReplyEnd, **parts: Any) -> list[voice_agent.Event]:
    """The events of one typed turn."""
    async with voice_agent.Agent(llm=llm, vad=False, **parts).session() as session:
        session.text("hello")
        return await until(session, wanted)


def words(events: list[voice_agent.Event]) -> str:
    """What the agent said."""
    return "".join(event.text for event in events if isinstance(event, voice_agent.Reply))
