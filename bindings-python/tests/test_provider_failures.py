"""Providers written in Python that fail, never end, or will not stop."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from conftest import answered, run, until, words

import voice_agent
from voice_agent import Agent, Audio, ErrorEvent, ReplyEnd, State, Transcript
from voice_agent.providers import ToolCall
from voice_agent.testing import FakeLlm, FakeTts


class Boom(Exception):
    pass


def failing(error: BaseException, *, after: str = "", threaded: bool = False) -> Any:
    class Failing:
        name = "failing"

        if threaded:

            def generate(self, request: Any):  # type: ignore[no-untyped-def]
                if after:
                    yield after
                raise error
        else:

            async def generate(self, request: Any):  # type: ignore[no-untyped-def]
                if after:
                    yield after
                raise error

    return Failing()


@pytest.mark.parametrize("threaded", [False, True])
@pytest.mark.parametrize("after", ["", "One, two. "])
def test_an_exception_is_told_with_its_place_and_comes_back_itself(after: str, threaded: bool) -> None:
    error = Boom("the disk is full")
    events = run(answered(failing(error, after=after, threaded=threaded)))
    [told] = [event for event in events if isinstance(event, ErrorEvent)]
    assert (told.stage, told.kind, told.fatal) == ("llm", "internal", False)
    assert told.message == "Boom: the disk is full"
    assert told.cause is error
    assert isinstance(events[-1], ReplyEnd)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (voice_agent.AuthError("no key"), "auth"),
        (voice_agent.RateLimitedError("slow down", retry_after=2.5), "rate_limited"),
        (voice_agent.UnavailableError("down"), "unavailable"),
        (TimeoutError("late"), "timeout"),
        (voice_agent.UnsupportedError("no"), "unsupported"),
        (StopAsyncIteration(), "internal"),
        (ZeroDivisionError("division by zero"), "internal"),
    ],
)
def test_the_class_of_an_exception_is_the_kind_of_the_error(error: Exception, kind: str) -> None:
    events = run(answered(failing(error)))
    [told] = [event for event in events if isinstance(event, ErrorEvent)]
    assert told.kind == kind


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (17, "TypeError: an item of a language model cannot be a int"),
        (ToolCall("1", "a", [1]), "`arguments`"),  # type: ignore[arg-type]
        ({"type": "text", "txt": "a"}, "unknown field `txt`"),
        ({"type": "speech"}, "unknown variant `speech`"),
    ],
)
def test_an_item_that_makes_no_sense_is_an_error_that_names_it(item: Any, told: str) -> None:
    class Odd:
        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            yield item

    events = run(answered(Odd()))
    [error] = [event for event in events if isinstance(event, ErrorEvent)]
    assert told in error.message


def test_a_voice_that_gives_half_a_sample_is_refused() -> None:
    class Odd:
        sample_rate = 16_000

        async def synthesize(self, text: Any):  # type: ignore[no-untyped-def]
            async for _ in text:
                yield b"123"

    events = run(answered(FakeLlm("One, two."), tts=Odd(), wanted=ErrorEvent))
    assert "3 bytes is not whole 16-bit samples" in events[-1].message  # type: ignore[union-attr]


@pytest.mark.parametrize("rate", ["fast", 0, 10**6, None])
def test_a_voice_needs_a_rate(rate: Any) -> None:
    class Voice:
        sample_rate = rate

        async def synthesize(self, text: Any):  # type: ignore[no-untyped-def]
            yield b""

    with pytest.raises(voice_agent.InvalidConfigError, match="sample_rate"):
        Agent(tts=Voice())


@pytest.mark.parametrize(("field", "wrong"), [("sample_rate", None), ("sample_rate", "16k"), ("window_len", 0), ("window_len", 2.5)])
def test_a_detector_says_its_rate_and_its_window(field: str, wrong: Any) -> None:
    class Detector:
        sample_rate = 16_000
        window_len = 512

        def speech_probability(self, window: Any) -> float:
            return 0.0

    setattr(Detector, field, wrong)
    for given in (Detector, Detector()):
        with pytest.raises(voice_agent.InvalidConfigError, match=f"`{field}`"):
            Agent(vad=given)


class Endless:
    """Never ends, and tells how it was ended."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.ended_at = 0.0

    async def generate(self, request: Any):  # type: ignore[no-untyped-def]
        try:
            yield "I think"
            self.begun.set()
            await asyncio.sleep(3_600)
        finally:
            self.ended_at = time.perf_counter()
            self.ended.set()


def test_an_interruption_ends_a_generator_within_10_ms() -> None:
    async def conversation() -> list[float]:
        took = []
        for _ in range(10):
            model = Endless()
            async with Agent(llm=model, vad=False).session() as session:
                session.text("hello")
                reading = asyncio.create_task(until(session, ReplyEnd))
                await model.begun.wait()
                begun = time.perf_counter()
                session.interrupt()
                await model.ended.wait()
                took.append((model.ended_at - begun) * 1_000)
                await reading
        return sorted(took)

    took = run(conversation())
    assert took[len(took) // 2] <= 10, took


def test_a_generator_that_never_ends_meets_the_deadline_of_every_model() -> None:
    async def conversation() -> None:
        model = Endless()
        events = await answered(model, conversation={"llm_timeout_ms": 100})
        [error] = [event for event in events if isinstance(event, ErrorEvent)]
        assert (error.stage, error.kind) == ("llm", "timeout")
        await asyncio.wait_for(model.ended.wait(), 1)

    run(conversation())


def test_a_generator_that_gives_without_end_is_stopped() -> None:
    given = 0

    class Chatter:
        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            nonlocal given
            while True:
                given += 1
                yield "and so on, "

    async def conversation() -> None:
        async with Agent(llm=Chatter(), tts=FakeTts(), vad=False).session() as session:
            session.text("talk")
            await until(session, Audio)
            session.interrupt()
            await until(session, ReplyEnd)
            before = given
            await asyncio.sleep(0.05)
            assert given == before

    run(conversation())


def test_a_generator_that_will_not_be_cancelled_keeps_nobody_waiting() -> None:
    class Stubborn:
        def __init__(self) -> None:
            self.refused = asyncio.Event()
            self.free = asyncio.Event()

        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            while not self.free.is_set():
                try:
                    await self.free.wait()
                except asyncio.CancelledError:
                    self.refused.set()
            yield "too late"

    async def conversation() -> None:
        model = Stubborn()
        try:
            async with Agent(llm=model, vad=False).session() as session:
                session.text("hello")
                await until(session, lambda event: event == State("thinking"))
                await asyncio.sleep(0.02)
                session.interrupt()
                events = await until(session, ReplyEnd)
                assert words(events) == ""
            await model.refused.wait()
        finally:
            model.free.set()

    run(conversation())


def test_a_blocked_thread_keeps_nobody_waiting() -> None:
    release = threading.Event()

    class Blocked:
        def generate(self, request: Any):  # type: ignore[no-untyped-def]
            yield "Well, "
            release.wait(30)

    async def conversation() -> None:
        async with Agent(llm=Blocked(), vad=False).session() as session:
            session.text("hello")
            await until(session, lambda event: event == State("thinking"))
            await asyncio.sleep(0.02)
            session.interrupt()
            await until(session, ReplyEnd)

    begun = time.perf_counter()
    run(conversation())
    assert time.perf_counter() - begun < 5
    release.set()


def test_cleaning_up_may_take_time_and_fail() -> None:
    cleaned = []

    class Careful:
        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            try:
                yield ""
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0.01)
                cleaned.append(True)
                raise Boom("while cleaning up")

    async def conversation() -> None:
        async with Agent(llm=Careful(), vad=False).session() as session:
            session.text("hello")
            await until(session, lambda event: event == State("thinking"))
            await asyncio.sleep(0.02)
            session.interrupt()
            await until(session, ReplyEnd)
            await asyncio.sleep(0.05)
            session.text("still there?")
            await until(session, lambda event: isinstance(event, Transcript) and "still" in event.text)

    run(conversation())
    assert cleaned
