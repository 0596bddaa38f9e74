"""What a session tells, in order: the frames of the ``/ws`` contract with the same fields, one class each, and audio.

All of them work in ``match``: ``case Transcript(turn, text, final=True)``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, Union

from ._arrays import Samples, int16

__all__ = [
    "Audio",
    "Bye",
    "Clear",
    "ErrorEvent",
    "Event",
    "Metrics",
    "PathPart",
    "Pause",
    "Providers",
    "Ready",
    "Reply",
    "ReplyEnd",
    "Resume",
    "Source",
    "Speech",
    "State",
    "ToolEvent",
    "Transcript",
]


@dataclass(slots=True)
class Providers:
    """The names of the providers; ``None`` where a stage had no part in it."""

    stt: str | None
    llm: str | None
    tts: str | None


@dataclass(slots=True)
class Ready:
    """The session is open; always the first event."""

    session: str
    """The session's id."""
    resume: str
    """Empty: a session of this process has no connection to lose."""
    input_rate: int
    """Rate of the microphone audio, in Hz."""
    output_rate: int
    """Rate of the reply's audio, in Hz."""
    providers: Providers
    """Who serves it; ``none`` where a stage is missing."""


@dataclass(slots=True)
class State:
    """The agent's state changed."""

    state: Literal["listening", "thinking", "speaking"]


@dataclass(slots=True)
class Speech:
    """The user's speech began or ended."""

    started: bool
    at_ms: float
    """In ms of microphone audio received."""


@dataclass(slots=True)
class Transcript:
    """The user's words; exactly one final a spoken turn."""

    turn: int
    text: str
    """All of the turn's words so far."""
    final: bool
    """Whether they will not change any more."""


@dataclass(slots=True)
class Reply:
    """A piece of the agent's text; the pieces of a turn join verbatim. One precedes the first audio of its turn."""

    turn: int
    text: str


@dataclass(slots=True)
class Audio:
    """Audio of a reply: mono, 16-bit, little-endian, at the session's output rate."""

    turn: int
    pcm: bytes

    @property
    def samples(self) -> Samples:
        """The samples as ``int16``, shape ``(n,)``: an array where numpy is installed, else a ``memoryview``."""
        return int16(self.pcm)


@dataclass(slots=True)
class Pause:
    """Hold what is buffered; only in sessions opened with ``pause=True``."""

    turn: int


@dataclass(slots=True)
class Resume:
    """Go on with what is buffered."""

    turn: int


@dataclass(slots=True)
class Clear:
    """Drop all audio not yet played; no byte of this turn follows."""

    turn: int


@dataclass(slots=True)
class ReplyEnd:
    """The reply is over."""

    turn: int
    interrupted: bool
    """Whether it was cut short."""
    heard: str
    """What the user heard of it, as it stands in the history."""


@dataclass(slots=True)
class PathPart:
    """A part of a turn's critical path."""

    stage: Literal["vad", "endpointing", "stt", "llm", "sentence", "tts", "send"]
    ms: float
    """How long the user waited for it."""
    ahead_ms: float = 0.0
    """How long it had been at work before the turn's end, beside the path."""


@dataclass(slots=True)
class Metrics:
    """Where the time of a turn went; all times in ms, ``None`` where the turn had no such step."""

    turn: int
    vad_end_ms: float | None
    """Last speech sample → the VAD's decision."""
    stt_ms: float | None
    """End of speech → final transcript."""
    llm_ttft_ms: float | None
    """Request → first token."""
    tts_ms: float | None
    """First text → first byte of speech."""
    total_ms: float | None
    """End of speech → first audio byte."""
    speculative: bool
    """Whether work done before the turn's end was used."""
    path: list[PathPart]
    """The critical path, in order; its parts sum to ``total_ms``."""
    discarded: int = 0
    """Answers that were prepared before the turn's end and discarded."""
    providers: Providers | None = None
    """Who served the turn."""


@dataclass(slots=True)
class Source:
    """Where a tool found what it says."""

    title: str
    url: str


@dataclass(slots=True)
class ToolEvent:
    """A tool call began or ended (the frame ``tool``)."""

    turn: int
    id: str
    name: str
    status: Literal["started", "done", "failed"]
    sources: list[Source]
    cause: BaseException | None = field(default=None, compare=False)
    """The exception of a tool written in Python."""


@dataclass(slots=True)
class ErrorEvent:
    """Something went wrong (the frame ``error``); the session lives on unless it is ``fatal``."""

    code: str
    message: str
    fatal: bool
    stage: str | None = None
    """Where, when a provider or an engine failed."""
    kind: str | None = None
    """What can be done about it, as in :class:`~voice_agent.Error`."""
    provider: str | None = None
    """The provider that failed, when another one took its place in the same turn."""
    cause: BaseException | None = field(default=None, compare=False)
    """The exception of a provider written in Python."""


@dataclass(slots=True)
class Bye:
    """The session is over; nothing follows."""

    reason: Literal["end", "deleted", "drain", "idle", "limit"]


Event: TypeAlias = Union[
    Ready, State, Speech, Transcript, Reply, Audio, Pause, Resume, Clear, ReplyEnd, Metrics, ToolEvent, ErrorEvent, Bye
]
"""Any of them."""


def _ready(providers: dict[str, Any], **fields: Any) -> Ready:
    return Ready(providers=Providers(**providers), **fields)


def metrics_of(path: list[dict[str, Any]], providers: dict[str, Any] | None = None, **fields: Any) -> Metrics:
    """The latencies of a turn out of the fields of their frame."""
    parts = [PathPart(**part) for part in path]
    return Metrics(path=parts, providers=Providers(**providers) if providers else None, **fields)


def _tool(sources: list[dict[str, Any]], **fields: Any) -> ToolEvent:
    return ToolEvent(sources=[Source(**source) for source in sources], **fields)


_EVENTS: dict[str, Callable[..., Event]] = {
    "ready": _ready,
    "state": State,
    "speech": Speech,
    "transcript": Transcript,
    "reply": Reply,
    "pause": Pause,
    "resume": Resume,
    "clear": Clear,
    "reply_end": ReplyEnd,
    "metrics": metrics_of,
    "tool": _tool,
    "error": ErrorEvent,
    "bye": Bye,
}

_read = json.JSONDecoder().decode


def event_of(given: tuple[int, bytes] | tuple[str, BaseException | None]) -> Event:
    """The event that the native session gave."""
    first, second = given
    if isinstance(first, int):
        return Audio(first, second)  # type: ignore[arg-type]
    fields = _read(first)
    event = _EVENTS[fields.pop("type")](**fields)
    if second is not None and isinstance(event, (ErrorEvent, ToolEvent)):
        event.cause = second  # type: ignore[assignment]
    return event
