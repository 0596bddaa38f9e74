"""Native half of `voice_agent`. Free-threaded Python is not supported."""

import asyncio
import os
import weakref
from collections.abc import Callable
from typing import Any, final

__all__ = [
    "Agent",
    "Call",
    "Denoiser",
    "Foreign",
    "Mailbox",
    "Pending",
    "Resampler",
    "Session",
    "SileroVad",
    "TurnDetector",
    "conformance",
    "report",
    "run_script",
    "shut_down",
    "to_floats",
    "to_integers",
]

@final
class Agent:
    """The parts of an agent. Several of a stage take each other's place when one fails."""

    def __new__(
        cls,
        config: str,
        *,
        ears: str,
        stt: list[str | Foreign],
        llm: list[str | Foreign],
        tts: list[str | Foreign],
        tools: list[str | Foreign],
        vad: Foreign | None,
        turn_detector: TurnDetector | None,
    ) -> Agent: ...
    def providers(self) -> str: ...

@final
class Foreign:
    """A provider written in Python, before it is bound to a loop."""

    def __new__(cls, description: str, serve: Callable[[Call], None]) -> Foreign: ...

@final
class Call:
    """One call to a provider written in Python."""

    @property
    def kind(self) -> str: ...
    @property
    def session(self) -> str: ...
    @property
    def turn(self) -> int: ...
    @property
    def request(self) -> str: ...
    @property
    def is_over(self) -> bool: ...
    def on_cancel(self, callback: Callable[[], object]) -> None: ...
    def next(self) -> Pending: ...
    def send(self, json: str, audio: bytes | None = None) -> bool | Pending: ...
    def finish(self, failure: tuple[str, str, float | None, BaseException] | None = None) -> None: ...

@final
class Mailbox:
    """The side of the loop, which owns it."""

    def __new__(cls, event_loop: weakref.ref[asyncio.AbstractEventLoop]) -> Mailbox: ...
    def fileno(self) -> int: ...
    def be_told_by(self, callback: Callable[[], None]) -> None: ...
    def empty(self) -> None: ...

@final
class Pending:
    """Work under way. Awaited through `future`; a waiter that is cancelled calls `cancel`."""

    @property
    def future(self) -> asyncio.Future[Any]: ...
    def cancel(self) -> None: ...

@final
class Session:
    """One session. What it gives is taken with `take`; where nothing is there yet, `ready` waits."""

    def __new__(cls, agent: Agent, options: str, mailbox: Mailbox) -> Session: ...
    @staticmethod
    def accept(agent: Agent, options: str, mailbox: Mailbox, first: str | bytes | None) -> Session: ...
    @property
    def id(self) -> str: ...
    @property
    def ended(self) -> bool: ...
    def take(self) -> tuple[int, bytes] | tuple[str, BaseException | None] | None: ...
    def take_message(self) -> str | bytes | None: ...
    def ready(self) -> Pending: ...
    def send_audio(self, pcm: bytes) -> Pending | None: ...
    def send_message(self, received: str | bytes) -> Pending | None: ...
    def text(self, text: str) -> None: ...
    def say(self, text: str) -> None: ...
    def announce(self, text: str) -> None: ...
    def interrupt(self) -> None: ...
    def played(self, turn: int, samples: int) -> None: ...
    def set_context(self, changes: dict[str, str | None]) -> None: ...
    def close(self) -> None: ...
    def closed(self) -> Pending: ...
    def history(self) -> str: ...
    def status(self) -> str: ...

@final
class SileroVad:
    """Voice activity detection by Silero: windows of 512 samples, 16 kHz, mono."""

    def __new__(cls) -> SileroVad: ...
    def window(self, samples: bytes) -> float: ...
    def push(self, samples: bytes) -> bytes: ...
    def reset(self) -> None: ...

@final
class Denoiser:
    """Noise suppression by RNNoise of a stream of 16-bit integers at any rate."""

    def __new__(cls, sample_rate: int) -> Denoiser: ...
    @property
    def delay_samples(self) -> int: ...
    def push(self, samples: bytes) -> bytes: ...
    def flush(self) -> bytes: ...
    def reset(self) -> None: ...

@final
class Resampler:
    """Sample rate conversion of a stream."""

    def __new__(cls, from_hz: int, to_hz: int) -> Resampler: ...
    @property
    def delay_samples(self) -> int: ...
    def push_integers(self, samples: bytes) -> bytes: ...
    def push_floats(self, samples: bytes) -> bytes: ...
    def flush(self) -> bytes: ...

@final
class TurnDetector:
    """Semantic turn detection by Smart Turn v3, one for all sessions of a process."""

    def __new__(cls, model: str | os.PathLike[str], library: str | os.PathLike[str] | None = None) -> TurnDetector: ...
    def end_of_turn(self, samples: bytes) -> float: ...

def report() -> tuple[str, str]:
    """Version, features and providers of this build, as JSON: two objects."""

def conformance(
    stage: str,
    provider: Foreign,
    mailbox: Mailbox,
    *,
    patience_ms: int,
    sample_rate: int = 16000,
) -> Pending:
    """Tries a provider written in Python with the suite of all providers and gives a report, as JSON. `stage` is `stt`, `llm` or
    `tts`."""

def run_script(
    script: str,
    mailbox: Mailbox,
    *,
    llm: Foreign | None,
    tts: Foreign | None,
    tools: Foreign | None,
) -> Pending:
    """Runs a scripted conversation and gives its log, a line each. Stages that the script leaves to its host are served by
    these, on the loop of `mailbox`, while the simulated clock stands still."""

def shut_down() -> None:
    """Ends all native work. Called by `atexit`, while the interpreter is whole."""

def to_floats(samples: bytes) -> bytes:
    """16-bit integers as 32-bit floats in −1 … 1."""

def to_integers(samples: bytes) -> bytes:
    """32-bit floats as 16-bit integers, rounded and saturated."""
