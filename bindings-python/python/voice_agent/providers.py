"""What a provider written in Python looks like, and what it is given and gives.

A provider is any object with the right method; these ``Protocol``s are for type checkers. A method is an async generator.
A plain generator or function works as well: it then runs on a thread of its own and may block. When nothing more is wanted
of a call, an async generator gets ``CancelledError`` where it waits, and its ``finally`` blocks run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, Union

from ._arrays import Pcm, Samples, float32, int16
from .events import Source

__all__ = [
    "Final",
    "Finalize",
    "Flush",
    "LlmProvider",
    "LlmRequest",
    "Message",
    "OfferedTool",
    "Partial",
    "Sentence",
    "SentenceEnd",
    "Spoken",
    "SttAudio",
    "SttProvider",
    "ToolCall",
    "ToolOutput",
    "TtsProvider",
    "TurnEstimate",
    "VadProvider",
    "Word",
    "Words",
]


@dataclass(slots=True)
class ToolCall:
    """A call of a tool: given by a language model, or, with its ``result``, part of the history."""

    id: str
    """Names the call, and later its result."""
    name: str
    arguments: str | dict[str, Any]
    """An object, or its JSON; in the history as the model wrote it."""
    result: str | None = None


@dataclass(slots=True)
class Message:
    """One thing said or done."""

    role: Literal["user", "agent", "tools", "summary"]
    """``agent``: its words, as far as they were heard. ``summary``: what older messages were summed up to."""
    text: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    """For ``tools``: the calls of one answer, each with its result."""


def message_of(said: dict[str, Any]) -> Message:
    """A message of the core's."""
    calls = [ToolCall(**call) for call in said.get("calls", [])]
    return Message(said["role"], said.get("text", ""), calls)


@dataclass(slots=True)
class OfferedTool:
    """A tool that the model may call."""

    name: str
    description: str
    parameters: dict[str, Any]
    """JSON Schema of its arguments, which are an object."""
    effect: Literal["none", "pure", "irreversible"]
    deadline_ms: int


@dataclass(slots=True)
class LlmRequest:
    """What a language model is asked."""

    instructions: str | None
    """How the agent is to behave."""
    context: str | None
    """What it is to know now; may change while the session is open."""
    messages: list[Message]
    """The conversation: the user's newest words last, or after them what tools gave in answer to them."""
    tools: list[OfferedTool]
    purpose: Literal["reply", "summary"]
    """``summary``: the answer is to stand for older turns; none at all means that they are dropped."""
    session: str
    """The session's id."""
    turn: int


@dataclass(slots=True)
class SttAudio:
    """A piece of the user's turn: mono, 16 kHz. Only speech is sent, the pauses inside a turn included."""

    turn: int
    at_ms: float
    """When its first sample was recorded, in ms of microphone audio."""
    pcm: bytes

    @property
    def samples(self) -> Samples:
        """``int16``, shape ``(n,)``."""
        return int16(self.pcm)


@dataclass(slots=True)
class Finalize:
    """The speaker has paused: answer with a :class:`Final` of the whole turn so far. Comes again, with a higher
    ``attempt``, when the turn goes on."""

    turn: int
    attempt: int


@dataclass(slots=True)
class Partial:
    """The turn's words so far, all of them; may change."""

    text: str
    turn: int | None = None
    """``None``: the newest turn that had audio."""


@dataclass(slots=True)
class Final:
    """The turn's words up to a :class:`Finalize`, all of them; exactly one for each."""

    text: str
    turn: int | None = None
    """``None``: answers the oldest request without an answer."""
    attempt: int | None = None
    unclear: bool = False
    """Something was said, but not understood well enough to give words."""


@dataclass(slots=True)
class TurnEstimate:
    """The recogniser's own idea of whether the turn is over, 0 … 1."""

    probability: float
    turn: int | None = None


@dataclass(slots=True)
class Sentence:
    """A sentence to speak, free of markup."""

    sentence: int
    """Its number in the reply, from 0."""
    text: str


@dataclass(slots=True)
class Flush:
    """No more text for now: speak what is held back."""


@dataclass(slots=True)
class Spoken:
    """Audio of a sentence: mono, at the provider's ``sample_rate``."""

    pcm: Pcm
    sentence: int | None = None
    """``None``: the last that was taken."""


@dataclass(slots=True)
class Word:
    """When a word sounds, in ms from the start of its sentence's audio."""

    word: str
    start_ms: float
    end_ms: float


@dataclass(slots=True)
class Words:
    """Timings of words of a sentence, in order: they decide what of it an interrupted listener heard."""

    words: list[Word]
    sentence: int | None = None


@dataclass(slots=True)
class SentenceEnd:
    """All audio of the sentence has been given. Follows by itself where it is left out."""

    sentence: int | None = None


@dataclass(slots=True)
class ToolOutput:
    """What a tool gives."""

    text: str
    """What the model gets to read."""
    sources: list[Source] = field(default_factory=list)
    """What it rests on, shown to the client and not to the model."""


LlmItem: TypeAlias = Union[str, ToolCall]
SttInput: TypeAlias = Union[SttAudio, Finalize]
SttItem: TypeAlias = Union[str, Partial, Final, TurnEstimate]
TtsInput: TypeAlias = Union[Sentence, Flush]
TtsItem: TypeAlias = Union[Pcm, Spoken, Words, SentenceEnd]


class LlmProvider(Protocol):
    """A language model. An attribute ``name`` names it in events."""

    def generate(self, request: LlmRequest, /) -> AsyncIterator[LlmItem] | Iterator[LlmItem]:
        """Answers one request with pieces of text, which join verbatim, and calls to tools. An empty piece says that the
        model works."""
        ...


class SttProvider(Protocol):
    """A recogniser; called once a session. A ``str`` among its items is a :class:`Final`."""

    def transcribe(self, audio: AsyncIterator[SttInput], /) -> AsyncIterator[SttItem] | Iterator[SttItem]:
        """Recognises the audio of one session until it ends."""
        ...


class TtsProvider(Protocol):
    """A synthesiser; called once a reply."""

    sample_rate: int
    """The rate of its audio, in Hz."""

    def synthesize(self, text: AsyncIterator[TtsInput], /) -> AsyncIterator[TtsItem] | Iterator[TtsItem]:
        """Speaks the sentences of one reply, in order."""
        ...


class VadProvider(Protocol):
    """Voice activity detection, called for each window. It has the length of a window for each answer, which counts from the
    next window on. One that takes longer is not waited for until it has caught up: its answers count later, and once it is 2 s
    behind it misses windows, which is an :class:`~voice_agent.ErrorEvent`. A ``reset`` without arguments is called between streams where there is one. One object serves all sessions
    that use it: give a class or a function that makes one where it has state."""

    sample_rate: int
    """In Hz."""
    window_len: int
    """Samples of a window."""

    def speech_probability(self, window: Samples, /) -> float:
        """The probability, 0 … 1, that the window, ``float32`` of shape ``(window_len,)``, holds speech."""
        ...


_INPUTS: dict[str, Any] = {"finalize": Finalize, "text": Sentence, "flush": Flush}


def input_of(item: dict[str, Any], audio: bytes | None) -> SttInput | TtsInput:
    """An item of the core's that goes into a call."""
    kind = item.pop("type")
    if kind == "audio":
        return SttAudio(item["turn"], item["at_ms"], audio or b"")
    return _INPUTS[kind](**item)  # type: ignore[no-any-return]


def window_of(audio: bytes | None) -> Samples:
    """A window of the core's, read-only."""
    return float32(audio or b"")
