"""Providers written in Python: every kind of method of every stage."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from typing import Any

import pytest
from conftest import EchoLlm, answered, run, spoken, until, words

import voice_agent
from voice_agent import Agent, Audio, ReplyEnd, Transcript
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
from voice_agent.testing import FakeLlm, FakeStt


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


def test_one_provider_serves_many_loops() -> None:
    agent = Agent(llm=EchoLlm(), vad=False)

    async def conversation() -> str:
        async with agent.session() as session:
            session.text("again")
            return words(await until(session, ReplyEnd))

    assert [run(conversation()) for _ in range(3)] == ["You said again."] * 3


def test_fakes_take_the_place_of_services() -> None:
    assert words(run(answered(FakeLlm("{} yourself", first_token_ms=1)))) == "hello yourself"
