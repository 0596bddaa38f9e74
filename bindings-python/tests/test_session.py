"""A session, from its opening to its end."""

from __future__ import annotations

import array
import asyncio
import gc
import weakref

import pytest
from conftest import EchoLlm, run, spoken, tone, until

import voice_agent
from voice_agent import Agent, Audio, Bye, Clear, Ready, Reply, ReplyEnd, State, Transcript
from voice_agent.testing import FakeLlm, FakeStt, FakeTts


def test_a_typed_turn_is_answered_and_remembered(echo: Agent) -> None:
    async def conversation() -> None:
        async with echo.session(id="a") as session:
            session.text("hello")
            events = await until(session, ReplyEnd)
            assert events[0] == Ready("a", "", 16_000, 16_000, voice_agent.Providers("none", "echo", "none"))
            assert Transcript(1, "hello", True) in events
            assert "".join(event.text for event in events if isinstance(event, Reply)) == "You said hello."
            assert [(said.role, said.text) for said in session.history] == [
                ("user", "hello"),
                ("agent", "You said hello."),
            ]
            assert session.turn == 1
            assert session.id == "a"

    run(conversation())


def test_events_fit_into_match(echo: Agent) -> None:
    async def conversation() -> list[object]:
        seen: list[object] = []
        async with echo.session() as session:
            session.text("hi")
            async for event in session:
                match event:
                    case Transcript(turn, text, True):
                        seen.append((turn, text))
                    case State("thinking" as state):
                        seen.append(state)
                    case ReplyEnd(interrupted=False):
                        return seen
        raise AssertionError("no reply")

    assert run(conversation()) == [(1, "hi"), "thinking"]


def test_a_spoken_turn_is_heard_and_answered_in_speech() -> None:
    async def conversation() -> None:
        agent = Agent(stt=FakeStt(["Good morning."], latency_ms=5), llm=EchoLlm(), tts=FakeTts(per_character_ms=5), vad="energy")
        async with agent.session() as session:
            feeding = asyncio.create_task(session.feed(spoken()))
            events = await until(session, ReplyEnd)
            await feeding
            assert Transcript(1, "Good morning.", True) in events
            audio = next(event for event in events if isinstance(event, Audio))
            assert isinstance(audio, Audio) and audio.turn == 1
            assert len(audio.samples) * 2 == len(audio.pcm) > 0
            assert session.metrics in events
            assert session.metrics is not None and session.metrics.total_ms is not None
            assert sum(part.ms for part in session.metrics.path) == pytest.approx(session.metrics.total_ms)

    run(conversation())


@pytest.mark.parametrize("form", ["bytes", "bytearray", "memoryview", "array", "int16", "float32", "column", "pieces"])
def test_feed_takes_audio_in_every_form(form: str) -> None:
    numpy = pytest.importorskip("numpy")
    pcm = spoken()
    samples = numpy.frombuffer(pcm, numpy.int16)

    async def pieces():  # type: ignore[no-untyped-def]
        for start in range(0, len(pcm), 640):
            yield pcm[start : start + 640]

    forms = {
        "bytes": pcm,
        "bytearray": bytearray(pcm),
        "memoryview": memoryview(pcm),
        "array": array.array("h", pcm),
        "int16": samples,
        "float32": samples.astype(numpy.float32) / 32_768,
        "column": samples.reshape(-1, 1),
        "pieces": pieces(),
    }

    async def conversation() -> None:
        agent = Agent(stt=FakeStt(["yes"], latency_ms=1), llm=FakeLlm("ok"), vad="energy")
        async with agent.session() as session:
            feeding = asyncio.create_task(session.feed(forms[form]))
            await until(session, lambda event: event == Transcript(1, "yes", True))
            await feeding

    run(conversation())


@pytest.mark.parametrize(
    ("audio", "error", "told"),
    [
        (b"123", voice_agent.InvalidInputError, "3 bytes is not whole 16-bit samples"),
        ("words", TypeError, "not str"),
        (17, TypeError, "not int"),
        (array.array("d", [0.5]), voice_agent.InvalidInputError, "not of the format 'd'"),
        (memoryview(bytes(16)).cast("B", (2, 8)), voice_agent.InvalidInputError, "audio is mono"),
    ],
)
def test_what_is_no_audio_is_refused_and_the_session_lives_on(
    echo: Agent, audio: object, error: type[Exception], told: str
) -> None:
    async def conversation() -> None:
        async with echo.session() as session:
            with pytest.raises(error, match=told):
                await session.feed(audio)  # type: ignore[arg-type]
            session.text("still there?")
            await until(session, ReplyEnd)

    run(conversation())


def test_feeding_waits_for_real_time() -> None:
    async def conversation() -> None:
        async with Agent(vad="energy", llm=EchoLlm()).session() as session:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.feed(bytes(32_000 * 60)), 0.3)
            # What waited was dropped, and the session takes words as before.
            session.text("hello")
            await until(session, ReplyEnd)

    run(conversation())


def test_the_context_changes_while_the_session_is_open() -> None:
    seen = []

    class Noting:
        async def generate(self, request: voice_agent.providers.LlmRequest):  # type: ignore[no-untyped-def]
            seen.append((request.instructions, request.context))
            yield "ok"

    async def conversation() -> None:
        async with Agent(llm=Noting(), instructions="a", context="b", vad=False).session() as session:
            for change in ({}, {"context": "c"}, {"instructions": None}):
                session.set_context(**change)
                session.text("go on")
                await until(session, ReplyEnd)

    run(conversation())
    assert seen == [("a", "b"), ("a", "c"), (None, "c")]


def test_an_interruption_clears_the_audio_and_cuts_the_history() -> None:
    async def conversation() -> None:
        model = FakeLlm("one two three four five six seven eight nine ten. " * 20)
        agent = Agent(llm=model, tts=FakeTts(per_character_ms=10), vad=False)
        async with agent.session() as session:
            session.text("count")
            await until(session, Audio)
            session.played(1, 3_200)
            session.interrupt()
            events = await until(session, ReplyEnd)
            end = events[-1]
            assert isinstance(end, ReplyEnd) and end.interrupted
            cleared = events.index(Clear(1))
            assert not any(isinstance(event, Audio) for event in events[cleared:])
            assert session.history[-1].text == end.heard
            assert len(end.heard) < 60

    run(conversation())


def test_say_and_announce_are_spoken(echo: Agent) -> None:
    async def conversation() -> list[str]:
        async with echo.session() as session:
            session.say("First.")
            session.announce("Second.")
            events = await until(session, lambda event: isinstance(event, ReplyEnd) and event.heard == "Second.")
            return [event.text for event in events if isinstance(event, Reply)]

    assert run(conversation()) == ["First.", "Second."]


def test_after_close_the_rest_is_given_and_then_the_iteration_ends(echo: Agent) -> None:
    async def conversation() -> None:
        async with echo.session() as session:
            pass
        assert session.is_closed
        assert [event async for event in session][-1] == Bye("end")
        assert [event async for event in session] == []

    run(conversation())


def test_closing_twice_and_at_once_does_nothing(echo: Agent) -> None:
    async def conversation() -> None:
        session = echo.session().open()
        await asyncio.gather(session.close(), session.close(), session.close())
        await session.close()
        never_opened = echo.session()
        await never_opened.close()

    run(conversation())


def test_a_closed_session_says_so(echo: Agent) -> None:
    async def conversation() -> None:
        async with echo.session() as session:
            pass
        for attempt in (
            lambda: session.text("anyone?"),
            lambda: session.say("anyone?"),
            lambda: session.interrupt(),
            lambda: session.set_context(context="late"),
        ):
            with pytest.raises(voice_agent.UnavailableError, match="session: the session is over"):
                attempt()
        with pytest.raises(voice_agent.UnavailableError, match="over"):
            await session.feed(tone(20).tobytes())

    run(conversation())


def test_wrong_types_are_refused_where_they_are_given(echo: Agent) -> None:
    async def conversation() -> None:
        async with echo.session() as session:
            with pytest.raises(TypeError):
                session.text(3)  # type: ignore[arg-type]
            with pytest.raises(OverflowError):
                session.played(-1, 5)
            with pytest.raises(TypeError):
                session.set_context(context=["a"])  # type: ignore[arg-type]
            with pytest.raises(TypeError):
                await session.receive(None)  # type: ignore[arg-type]
            session.text("still there?")
            await until(session, ReplyEnd)

    run(conversation())


def test_the_build_says_what_it_can_do() -> None:
    report = voice_agent.report()
    assert report["version"] == voice_agent.__version__
    assert report["features"]["silero"] and "local" in report["providers"]["llm"]


def test_a_session_that_was_not_opened_says_so(echo: Agent) -> None:
    with pytest.raises(voice_agent.UnavailableError, match="not open"):
        echo.session().text("anyone?")


def test_a_session_needs_a_running_loop(echo: Agent) -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        echo.session().open()


def test_an_event_is_not_lost_to_a_reader_that_was_cancelled(echo: Agent) -> None:
    async def conversation() -> None:
        async with echo.session() as session:
            await until(session, Ready)
            seen = []
            for turn in range(200):
                reader = asyncio.create_task(anext(session))
                await asyncio.sleep(0)
                if turn % 20 == 0:
                    session.text(f"{turn}")
                await asyncio.sleep(0.0005 * (turn % 3))
                reader.cancel()
                try:
                    seen.append(await reader)
                except asyncio.CancelledError:
                    pass
            session.text("the end")
            seen += await until(session, lambda event: isinstance(event, ReplyEnd) and "the end" in event.heard)
            finals = [event.text for event in seen if isinstance(event, Transcript)]
            assert finals == [*(str(turn) for turn in range(0, 200, 20)), "the end"]

    run(conversation())


def test_a_session_that_nobody_holds_ends(echo: Agent) -> None:
    ended = asyncio.Event

    class Waiting:
        def __init__(self) -> None:
            self.cancelled = ended()

        async def generate(self, request: object):  # type: ignore[no-untyped-def]
            try:
                yield ""
                await asyncio.sleep(60)
            finally:
                self.cancelled.set()

    async def conversation() -> None:
        model = Waiting()
        session = Agent(llm=model, vad=False).session().open()
        session.text("hello")
        await until(session, lambda event: event == State("thinking"))
        await asyncio.sleep(0.05)
        gone = weakref.ref(session)
        del session
        gc.collect()
        assert gone() is None
        await asyncio.wait_for(model.cancelled.wait(), 1)

    run(conversation())


def test_sessions_do_not_mix(echo: Agent) -> None:
    async def one(name: str) -> list[str]:
        async with echo.session(id=name) as session:
            session.text(name)
            events = await until(session, ReplyEnd)
            return [event.text for event in events if isinstance(event, Reply)]

    async def all_of_them() -> list[list[str]]:
        return await asyncio.gather(*(one(f"n{number}") for number in range(50)))

    assert run(all_of_them()) == [[f"You said n{number}."] for number in range(50)]


def test_several_providers_take_each_others_place() -> None:
    class Broken:
        name = "broken"

        async def generate(self, request: object):  # type: ignore[no-untyped-def]
            raise voice_agent.UnavailableError("out of order")
            yield

    async def conversation() -> None:
        agent = Agent(llm=[Broken(), EchoLlm()], vad=False)
        async with agent.session() as session:
            session.text("hello")
            events = await until(session, ReplyEnd)
            assert Reply(1, "You said hello.") in events
            [error] = [event for event in events if isinstance(event, voice_agent.ErrorEvent)]
            assert (error.stage, error.kind, error.provider) == ("llm", "unavailable", "broken")

    run(conversation())


def test_a_web_socket_gets_the_messages_of_the_contract(echo: Agent) -> None:
    async def conversation() -> None:
        session = echo.session().accept('{"type":"start","output_rate":8000}')
        messages = session.messages()
        assert '"output_rate":8000' in str(await anext(messages))
        assert await session.receive("nonsense")
        assert '"bad_json"' in str(await anext(messages))
        assert await session.receive('{"type":"text","text":"hello"}')
        async for message in messages:
            if '"reply"' in str(message):
                break
        await session.receive('{"type":"end"}')
        rest = [message async for message in messages]
        assert '"bye"' in str(rest[-1])
        assert not await session.receive('{"type":"text","text":"late"}')
        with pytest.raises(voice_agent.ProtocolError, match="1009"):
            await session.receive("x" * 70_000)

    run(conversation())
