"""An agent: providers and settings shared by all its sessions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias, Union

from . import _bridge, _native
from ._items import written
from ._specs import Part, Specified, part_of, parts_of
from .events import Providers
from .providers import LlmProvider, SttProvider, TtsProvider, VadProvider
from .session import Session
from .stages import TurnDetector
from .tools import Tool

__all__ = ["Agent"]

Stt: TypeAlias = Union[Specified, SttProvider, str, None]
Llm: TypeAlias = Union[Specified, LlmProvider, str, None]
Tts: TypeAlias = Union[Specified, TtsProvider, str, None]


class Agent:
    """An agent. Every part is optional: without speech to text it takes typed turns, without text to speech it answers in
    text, without a detector of speech it does not listen.

    A provider is one of the modules ``deepgram groq cartesia openai local`` (``groq.Llm("openai/gpt-oss-120b")``), its name
    (``"groq:openai/gpt-oss-120b"``), or an object of your own (:mod:`voice_agent.providers`). A list is several of which the
    next takes over, inside the turn, when the first fails.
    """

    def __init__(
        self,
        *,
        instructions: str | None = None,
        context: str | None = None,
        stt: Stt | Sequence[Stt] = None,
        llm: Llm | Sequence[Llm] = None,
        tts: Tts | Sequence[Tts] = None,
        tools: Iterable[Tool[..., Any] | Specified] = (),
        vad: bool | Literal["silero", "energy"] | VadProvider | type[VadProvider] = True,
        denoise: bool = False,
        turn_detector: TurnDetector | None = None,
        greeting: str | None = None,
        language: str | None = None,
        endpointing_ms: int | None = None,
        **settings: Any,
    ) -> None:
        """Puts an agent together.

        Args:
            instructions: How it is to behave.
            context: What it is to know at the start.
            stt: Speech to text.
            llm: The language model.
            tts: Text to speech.
            tools: What the model may call: functions made with :func:`~voice_agent.tool`, ``tavily.Search()``.
            vad: ``True`` for Silero, ``"energy"`` for loudness alone, ``False`` for none, or a detector of your own.
            denoise: Whether the recogniser hears denoised audio.
            turn_detector: A model that tells the end of a turn; without it silence alone does.
            greeting: Spoken at the start, as turn 0.
            language: In which it is interrupted, for the words that stop it.
            endpointing_ms: Silence that ends a turn, in ms.
            settings: Any other setting of the core, by its name: ``conversation={"llm_timeout_ms": 5000}``.

        Raises:
            InvalidConfigError: naming the setting that is unknown or wrong.
            AuthError: a key is missing.
            EngineMissingError: a library is not installed.
        """
        named = {
            "instructions": instructions,
            "context": context,
            "greeting": greeting,
            "language": language,
            "endpointing_ms": endpointing_ms,
        }
        if turn_detector is not None and not isinstance(turn_detector, TurnDetector):
            raise TypeError(f"turn_detector: a TurnDetector, not {turn_detector!r:.80}")
        settings |= {name: value for name, value in named.items() if value is not None}
        self.native: _native.Agent = _native.Agent(
            written(settings),
            ears=written({"vad": _built_in(vad), "denoise": denoise}),
            stt=parts_of("stt", stt, _bridge.stt, "transcribe"),
            llm=parts_of("llm", llm, _bridge.llm, "generate"),
            tts=parts_of("tts", tts, _bridge.tts, "synthesize"),
            tools=[_tool(one) for one in tools],
            vad=None if isinstance(vad, (bool, str)) else _bridge.vad(vad),
            turn_detector=turn_detector.native if turn_detector else None,
        )

    @property
    def providers(self) -> Providers:
        """The names of the providers; ``None`` where a stage is missing."""
        return Providers(**json.loads(self.native.providers()))

    def session(
        self,
        *,
        sample_rate: int = 16_000,
        input_rate: int | None = None,
        output_rate: int | None = None,
        instructions: str | None = None,
        context: str | None = None,
        pause: bool = False,
        echo_cancellation: bool = False,
        id: str | None = None,
    ) -> Session:
        """A session, opened by ``async with`` or :meth:`Session.open`.

        Args:
            sample_rate: Rate of the audio in both directions, in Hz.
            input_rate: That of the microphone, if it is another.
            output_rate: That of the reply, if it is another.
            instructions: Instead of the agent's.
            context: Instead of the agent's.
            pause: Whether you obey :class:`~voice_agent.Pause` and :class:`~voice_agent.Resume`.
            echo_cancellation: Whether the session takes the agent's voice out of the microphone audio.
            id: Its name; random when absent.
        """
        options = {
            "input_rate": input_rate or sample_rate,
            "output_rate": output_rate or sample_rate,
            "instructions": instructions,
            "context": context,
            "pause": pause,
            "echo_cancellation": echo_cancellation,
            "id": id,
        }
        return Session(self.native, written({name: value for name, value in options.items() if value is not None}))


def _built_in(vad: Any) -> str:
    if isinstance(vad, str):
        return vad
    return "silero" if vad is True else "none"


def _tool(given: Any) -> Part:
    if isinstance(given, Tool):
        return given.foreign()
    if isinstance(given, (Specified, str, dict)):
        return part_of("tools", given, _bridge.llm, "")
    raise TypeError(f"a tool is a function made with @voice_agent.tool, not {given!r:.80}")
