"""Callbacks that block for 2 s: the core decides on time, and nothing is lost."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from conftest import run, spoken

import voice_agent
from voice_agent import Agent, Audio, Clear, ReplyEnd, Speech, ToolEvent, Transcript
from voice_agent.providers import ToolCall
from voice_agent.testing import FakeLlm, FakeStt, FakeTts

BLOCKED_S = 2.0


class Listener:
    """Notes when everything came, and plays the audio as it comes."""

    def __init__(self) -> None:
        self.events: list[tuple[float, voice_agent.Event]] = []

    async def listen(self, session: voice_agent.Session) -> None:
        async for event in session:
            self.events.append((time.perf_counter(), event))

    def at(self, kind: Any) -> float:
        return next(at for at, event in self.events if isinstance(event, kind))

    def late_frames(self, turn: int) -> tuple[int, int]:
        """Pieces of a turn that came after the moment at which they should sound, and all of them."""
        begun, played, late, all_of_them = 0.0, 0.0, 0, 0
        for at, event in self.events:
            if isinstance(event, Audio) and event.turn == turn:
                begun = begun or at
                late += at > begun + played + 0.020
                played += len(event.pcm) / 32_000
                all_of_them += 1
        return late, all_of_them


def test_a_tool_that_blocks_for_2_s_makes_no_audio_late() -> None:
    blocked = threading.Event()

    @voice_agent.tool
    def slow() -> str:
        """Blocks."""
        blocked.set()
        time.sleep(BLOCKED_S)
        return "done"

    class Calling:
        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            if request.messages[-1].role == "user":
                yield "While I look that up, let me tell you how long all of this takes, and why. " * 2
                yield ToolCall("1", "slow", {})
            else:
                yield "It is done."

    async def conversation() -> None:
        listener = Listener()
        async with Agent(llm=Calling(), tts=FakeTts(per_character_ms=30), tools=[slow], vad=False).session() as session:
            listening = asyncio.create_task(listener.listen(session))
            session.text("look it up")
            while not any(isinstance(event, ReplyEnd) for _, event in listener.events):
                await asyncio.sleep(0.01)
        await listening
        assert blocked.is_set()
        late, pieces = listener.late_frames(1)
        assert pieces >= 40 and late == 0, (late, pieces)
        assert [event.status for _, event in listener.events if isinstance(event, ToolEvent)] == ["started", "done"]
        end = next(event for _, event in listener.events if isinstance(event, ReplyEnd))
        assert end.heard.endswith("It is done.")

    run(conversation())


def test_a_barge_in_while_a_callback_blocks_is_not_missed() -> None:
    @voice_agent.tool
    def slow() -> str:
        """Blocks."""
        time.sleep(BLOCKED_S)
        return "done"

    class Calling:
        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            newest = request.messages[-1]
            if newest.role == "user" and "look" in newest.text:
                yield "One two three four five six seven eight nine ten. " * 5
                yield ToolCall("1", "slow", {})
            else:
                yield "All right."

    async def conversation() -> None:
        listener = Listener()
        agent = Agent(
            stt=FakeStt(["wait, stop"], latency_ms=10),
            llm=Calling(),
            tts=FakeTts(per_character_ms=30),
            tools=[slow],
            vad="energy",
        )
        async with agent.session() as session:
            listening = asyncio.create_task(listener.listen(session))
            session.text("look it up")
            while not any(isinstance(event, ToolEvent) for _, event in listener.events):
                await asyncio.sleep(0.005)
            spoke_at = time.perf_counter()
            await session.feed(spoken(900))
            while not any(isinstance(event, Transcript) and "stop" in event.text for _, event in listener.events):
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.1)
        await listening
        assert listener.at(Clear) - spoke_at < BLOCKED_S / 2
        assert any(isinstance(event, Speech) and event.started for _, event in listener.events)

    run(conversation())


def test_a_blocked_event_loop_holds_up_the_loop_alone() -> None:
    """The loop itself stands still for 2 s: what the core did meanwhile was on time by its own clock, and is all there."""

    async def conversation() -> None:
        agent = Agent(stt=FakeStt(["hello"], latency_ms=10), llm=FakeLlm("Yes."), tts=FakeTts(), vad="energy")
        listener = Listener()
        async with agent.session() as session:
            listening = asyncio.create_task(listener.listen(session))
            await session.feed(spoken(600))
            time.sleep(BLOCKED_S)
            while not any(isinstance(event, ReplyEnd) for _, event in listener.events):
                await asyncio.sleep(0.01)
            metrics = session.metrics
        await listening
        assert metrics is not None and metrics.total_ms is not None
        # Heard, thought and spoken while nothing of Python ran.
        assert metrics.total_ms < BLOCKED_S * 1_000
        assert [event.text for _, event in listener.events if isinstance(event, Transcript) and event.final] == ["hello"]
        samples = sum(len(event.pcm) for _, event in listener.events if isinstance(event, Audio)) // 2
        assert samples == len("Yes.") * 60 * 16

    run(conversation())
