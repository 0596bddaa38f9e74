"""The conversations of all languages, byte for byte, and the suite of all providers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import run
from says import ScriptedLlm, stages

import voice_agent
from voice_agent.providers import Final, Finalize, Partial, Sentence
from voice_agent.testing import conformance, run_script

SCRIPTED = Path(__file__).parents[2] / "voice-core/tests/scripted"


def expected() -> dict[str, list[str]]:
    """The committed log of each conversation."""
    logs: dict[str, list[str]] = {}
    for line in (SCRIPTED / "conversations.log").read_text().splitlines():
        if line.startswith("# "):
            log = logs.setdefault(line[2:], [])
        else:
            log.append(line)
    return logs


SCRIPTS: list[dict[str, Any]] = json.loads((SCRIPTED / "conversations.json").read_text())


def test_every_conversation_gives_the_same_log_as_in_rust() -> None:
    logs = expected()

    async def all_of_them() -> int:
        written_here = 0
        for script in SCRIPTS:
            served = stages(script)
            written_here += {"llm", "tts", "tools"} <= set(script.get("foreign", []))
            assert await run_script(script, **served) == logs[script["name"]], script["name"]
        return written_here

    assert run(all_of_them(), patience=300) >= 50
    assert len(SCRIPTS) == len(logs) >= 200


def test_a_script_that_makes_no_sense_names_the_field() -> None:
    with pytest.raises(voice_agent.InvalidInputError, match="until_ms"):
        run(run_script({"name": "a", "acts": []}))


def test_a_blocking_stage_does_not_move_the_simulated_clock() -> None:
    script = next(script for script in SCRIPTS if "llm" in script.get("foreign", []))

    class Slow(ScriptedLlm):
        async def generate(self, request: Any) -> Any:
            await asyncio.sleep(0.05)
            async for item in super().generate(request):
                yield item

    served = stages(script) | {"llm": Slow(script["llm"]["says"])}
    assert run(run_script(script, **served), patience=60) == expected()[script["name"]]


class Llm:
    async def generate(self, request: Any) -> Any:
        for word in "one two three four".split():
            await asyncio.sleep(0.001)
            yield word


class ThreadedLlm:
    def generate(self, request: Any) -> Any:
        yield from "one two three four".split()


class Tts:
    sample_rate = 24_000

    async def synthesize(self, text: Any) -> Any:
        async for item in text:
            if isinstance(item, Sentence):
                for _ in range(3):
                    await asyncio.sleep(0.001)
                    yield bytes(4_800)


class Stt:
    async def transcribe(self, audio: Any) -> Any:
        async for item in audio:
            if isinstance(item, Finalize):
                yield Final("hello")
            else:
                yield Partial("hel")


class ThreadedStt:
    def transcribe(self, audio: Any) -> Any:
        for item in audio:
            if isinstance(item, Finalize):
                yield "hello"


@pytest.mark.parametrize(
    ("stage", "provider"), [("llm", Llm()), ("llm", ThreadedLlm()), ("tts", Tts()), ("stt", Stt()), ("stt", ThreadedStt())]
)
def test_a_provider_written_in_python_passes_the_suite(stage: Any, provider: Any) -> None:
    report = run(conformance(provider, stage=stage), patience=60)
    assert report.conforms, report
    assert report.items > 1 and report.calls > report.items


def test_a_recogniser_that_answers_twice_does_not_pass() -> None:
    class Eager:
        async def transcribe(self, audio: Any) -> Any:
            async for item in audio:
                if isinstance(item, Finalize):
                    yield Final("a", item.turn, item.attempt)
                    yield Final("b", item.turn, item.attempt)

    report = run(conformance(Eager(), stage="stt"), patience=60)
    assert not report.conforms and report.breach
