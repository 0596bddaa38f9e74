"""Settings and providers that cannot work: named, when the agent is made or its session opened."""

from __future__ import annotations

import pytest
from conftest import EchoLlm, run

import voice_agent
from voice_agent import Agent


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"instrctions": "typo"}, "unknown field `instrctions`"),
        ({"endpointing_ms": "long"}, "`endpointing_ms`"),
        ({"conversation": {"llm_timeout": 5}}, "llm_timeout"),
        ({"llm": "nobody:x"}, 'provider`: "nobody" is no provider'),
        ({"llm": voice_agent.groq.Llm("m", key="k", modle="x")}, "modle"),
        ({"vad": "loud"}, "vad"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], told: str) -> None:
    with pytest.raises(voice_agent.InvalidConfigError, match=told):
        Agent(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"llm": object()}, "llm: a provider has a method generate, and object has none"),
        ({"stt": EchoLlm()}, "stt: a provider has a method transcribe"),
        ({"llm": EchoLlm}, r"llm: a provider is an object, not a class: EchoLlm\(\)"),
        ({"tools": [print]}, "made with @voice_agent.tool"),
        ({"vad": None}, "vad: a detector has a method speech_probability, and None has none"),
        ({"vad": EchoLlm}, "vad: a detector has a method speech_probability"),
        ({"turn_detector": "model.onnx"}, "turn_detector: a TurnDetector, not 'model.onnx'"),
    ],
)
def test_what_is_no_provider_is_refused(parts: dict[str, object], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        Agent(**parts)  # type: ignore[arg-type]


def test_a_missing_key_is_told_when_the_agent_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPGRAM_API_KEY", raising=False)
    with pytest.raises(voice_agent.Error) as raised:
        Agent(stt=voice_agent.deepgram.Stt())
    assert raised.value.kind in ("auth", "invalid_config") and "key" in str(raised.value)
    monkeypatch.setenv("DEEPGRAM_API_KEY", "of the environment")
    assert Agent(stt=voice_agent.deepgram.Stt("nova-3")).providers.stt == "deepgram"


def test_a_key_is_not_shown() -> None:
    assert "secret" not in repr(voice_agent.groq.Llm("m", key="secret"))


@pytest.mark.parametrize("option", [{"input_rate": 3}, {"sample_rate": 1_000_000}, {"id": ""}])
def test_a_wrong_option_of_a_session_is_named(echo: Agent, option: dict[str, object]) -> None:
    async def conversation() -> None:
        with pytest.raises(voice_agent.InvalidConfigError, match="input_rate|id"):
            echo.session(**option).open()  # type: ignore[arg-type]

    run(conversation())
