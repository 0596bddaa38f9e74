"""Providers written in Python: every kind of method, every kind of failure."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from typing import Any

import pytest
from conftest import EchoLlm, run, spoken, until

import voice_agent
from voice_agent import Agent, Audio, ErrorEvent, Reply, ReplyEnd, State, Transcript
from voice_agent.providers import (
    Final,
    Finalize,
    Flush,
    Partial,
    Sentence,
    SentenceEnd,
    Spoken,
    SttAudio,
    ToolCall,
    TurnEstimate,
    Word,
    Words,
)
from voice_agent.testing import FakeLlm, FakeStt, FakeTts


async def answered(llm: Any, *, wanted: Any = ReplyEnd, **parts: Any) -> list[voice_agent.Event]:
    """The events of one typed turn."""
    async with Agent(llm=llm, vad=False, **parts).session() as session:
        session.text("hello")
        return await until(session, wanted)


def words(events: list[voice_agent.Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Reply))


class Pieces:
    async def generate(self, request: Any):  # type: ignore[no-untyped-def]
        yield "One, "
        await asyncio.sleep(0)
        yield "two."


class Whole:
    async def generate(self, request: Any) -> str:
        return "One, two."


class OnAThread:
    def generate(self, request: Any):  # type: ignore[no-untyped-def]
        assert threading.current_thread() is not threading.main_thread()
        yield "One, "
        time.sleep(0.01)
        yield "two."


class WholeOnAThread:
    def generate(self, request: Any) -> str:
        assert threading.current_thread() is not threading.main_thread()
        return "One, two."


class Listed:
    def generate(self, request: Any):  # type: ignore[no-untyped-def]
        return iter(["One, ", "two."])


class Wrapped:
    @functools.wraps(Pieces.generate)
    def generate(self, request: Any):  # type: ignore[no-untyped-def]
        return Pieces().generate(request)


@pytest.mark.parametrize("llm", [Pieces(), Whole(), OnAThread(), WholeOnAThread(), Listed(), Wrapped()])
def test_a_language_model_is_any_kind_of_method(llm: Any) -> None:
    assert words(run(answered(llm))) == "One, two."


def test_a_model_is_told_the_conversation_and_its_tools() -> None:
    requests = []

    @voice_agent.tool
    def weather(city: str) -> str:
        """Tells the weather."""
        return f"Rain in {city}."

    class Calling:
        async def generate(self, request: voice_agent.providers.LlmRequest):  # type: ignore[no-untyped-def]
            requests.append(request)
            if request.messages[-1].role == "user":
                yield ToolCall("1", "weather", {"city": "Bern"})
            else:
                yield request.messages[-1].calls[0].result or ""

    assert words(run(answered(Calling(), tools=[weather]))) == "Rain in Bern."
    first, second = requests
    assert (first.turn, first.purpose, first.messages[0].text) == (1, "reply", "hello")
    assert first.session == second.session and len(first.session) == 32
    assert first.tools[0].parameters["properties"] == {"city": {"type": "string"}}
    assert second.messages[-1].calls == [ToolCall("1", "weather", '{"city":"Bern"}', "Rain in Bern.")]


def test_a_recogniser_hears_the_turn_and_is_asked_for_its_words() -> None:
    heard: list[Any] = []

    class Ears:
        name = "ears"

        async def transcribe(self, audio: Any):  # type: ignore[no-untyped-def]
            async for item in audio:
                heard.append(item)
                match item:
                    case SttAudio(pcm=pcm) if len(heard) == 1:
                        assert len(item.samples) * 2 == len(pcm)
                        yield Partial("good")
                        yield TurnEstimate(0.9)
                    case Finalize():
                        yield Final("Good morning.")

    async def conversation() -> None:
        agent = Agent(stt=Ears(), llm=EchoLlm(), vad="energy")
        async with agent.session() as session:
            await session.feed(spoken())
            events = await until(session, ReplyEnd)
            assert Transcript(1, "good", False) in events
            assert Transcript(1, "Good morning.", True) in events

    run(conversation())
    assert {type(item) for item in heard} == {SttAudio, Finalize}
    assert sum(len(item.pcm) for item in heard if isinstance(item, SttAudio)) > 16_000


def test_a_recogniser_may_block_on_its_thread_and_give_text_alone() -> None:
    class Ears:
        def transcribe(self, audio: Any):  # type: ignore[no-untyped-def]
            for item in audio:
                if isinstance(item, Finalize):
                    time.sleep(0.02)
                    yield "yes"

    async def conversation() -> None:
        async with Agent(stt=Ears(), llm=EchoLlm(), vad="energy").session() as session:
            await session.feed(spoken())
            assert Transcript(1, "yes", True) in await until(session, ReplyEnd)

    run(conversation())


def test_a_voice_gives_audio_alone_or_with_all_it_knows() -> None:
    class Plain:
        sample_rate = 16_000

        async def synthesize(self, text: Any):  # type: ignore[no-untyped-def]
            async for item in text:
                if isinstance(item, Sentence):
                    yield bytes(len(item.text) * 320)

    class Knowing:
        sample_rate = 16_000

        async def synthesize(self, text: Any):  # type: ignore[no-untyped-def]
            async for item in text:
                match item:
                    case Sentence(sentence, words):
                        yield Words([Word(word, 0, 10) for word in words.split()], sentence)
                        yield Spoken(bytes(len(words) * 320), sentence)
                        yield SentenceEnd(sentence)
                    case Flush():
                        pass

    for voice in (Plain(), Knowing()):
        events = run(answered(Pieces(), tts=voice))
        assert sum(len(event.pcm) for event in events if isinstance(event, Audio)) == len("One, two.") * 320
        assert events[-1] == ReplyEnd(1, False, "One, two.")


def test_a_voice_of_arrays_at_another_rate() -> None:
    numpy = pytest.importorskip("numpy")

    class Arrays:
        sample_rate = 48_000

        async def synthesize(self, text: Any):  # type: ignore[no-untyped-def]
            async for item in text:
                if isinstance(item, Sentence):
                    yield numpy.full(48_000, 0.25, numpy.float32)

    events = run(answered(Whole(), tts=Arrays()))
    samples = numpy.concatenate([event.samples for event in events if isinstance(event, Audio)])
    assert 16_000 <= len(samples) < 16_200
    assert abs(int(numpy.median(samples)) - 8_192) <= 2


@pytest.mark.parametrize("threaded", [False, True])
@pytest.mark.parametrize("form", ["object", "class"])
def test_a_detector_written_in_python(form: str, threaded: bool) -> None:
    class Loud:
        sample_rate = 16_000
        window_len = 512

        def level(self, window: Any) -> float:
            assert len(window) == 512
            return 0.99 if max(window) > 0.1 else 0.01

        if threaded:

            def speech_probability(self, window: Any) -> float:
                return self.level(window)
        else:

            async def speech_probability(self, window: Any) -> float:
                return self.level(window)

    async def conversation() -> None:
        vad: Any = Loud if form == "class" else Loud()
        async with Agent(vad=vad, stt=FakeStt(["yes"], latency_ms=1), llm=EchoLlm()).session() as session:

            async def microphone():  # type: ignore[no-untyped-def]
                pcm = spoken(600)
                for start in range(0, len(pcm), 640):
                    yield pcm[start : start + 640]
                    await asyncio.sleep(0.005)

            feeding = asyncio.create_task(session.feed(microphone()))
            assert Transcript(1, "yes", True) in await until(session, ReplyEnd)
            await feeding

    run(conversation())


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

    events = run(answered(Whole(), tts=Odd(), wanted=ErrorEvent))
    assert "3 bytes is not whole 16-bit samples" in events[-1].message  # type: ignore[union-attr]


@pytest.mark.parametrize("rate", ["fast", 0, 10**6, None])
def test_a_voice_needs_a_rate(rate: Any) -> None:
    class Voice:
        sample_rate = rate

        async def synthesize(self, text: Any):  # type: ignore[no-untyped-def]
            yield b""

    with pytest.raises(voice_agent.InvalidConfigError, match="sample_rate"):
        _ = Agent(tts=Voice()).providers


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
            self.refusals = 0
            self.free = asyncio.Event()

        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            while not self.free.is_set():
                try:
                    await self.free.wait()
                except asyncio.CancelledError:
                    self.refusals += 1
            yield "too late"

    async def conversation() -> None:
        model = Stubborn()
        async with Agent(llm=model, vad=False).session() as session:
            session.text("hello")
            await until(session, lambda event: event == State("thinking"))
            await asyncio.sleep(0.02)
            session.interrupt()
            events = await until(session, ReplyEnd)
            assert words(events) == ""
        assert model.refusals >= 1
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


def test_one_provider_serves_many_loops() -> None:
    agent = Agent(llm=EchoLlm(), vad=False)

    async def conversation() -> str:
        async with agent.session() as session:
            session.text("again")
            return words(await until(session, ReplyEnd))

    assert [run(conversation()) for _ in range(3)] == ["You said again."] * 3


def test_fakes_take_the_place_of_services() -> None:
    assert words(run(answered(FakeLlm("{} yourself", first_token_ms=1)))) == "hello yourself"
