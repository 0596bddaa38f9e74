"""Voice Agent: real-time voice AI agents on a native core.

::

    agent = voice_agent.Agent(instructions="Be brief.", stt=deepgram.Stt(), llm=groq.Llm(), tts=cartesia.Tts())
    async with agent.session() as session:
        ...

Free-threaded Python is not supported.
"""

from __future__ import annotations

import json as _json
from typing import Any as _Any

from . import _native, cartesia, deepgram, errors, events, groq, local, openai, providers, tavily, testing
from .agent import Agent
from .errors import (
    AuthError,
    EngineMissingError,
    Error,
    InternalError,
    InvalidConfigError,
    InvalidInputError,
    ProtocolError,
    RateLimitedError,
    TimedOutError,
    UnavailableError,
    UnsupportedError,
)
from .events import (
    Audio,
    Bye,
    Clear,
    ErrorEvent,
    Event,
    Metrics,
    PathPart,
    Pause,
    Providers,
    Ready,
    Reply,
    ReplyEnd,
    Resume,
    Source,
    Speech,
    State,
    ToolEvent,
    Transcript,
)
from .providers import Message, ToolCall, ToolOutput
from .session import Session
from .stages import Denoiser, Resampler, SileroVad, TurnDetector
from .tools import Tool, tool

__all__ = [
    "Agent",
    "Audio",
    "AuthError",
    "Bye",
    "Clear",
    "Denoiser",
    "EngineMissingError",
    "Error",
    "ErrorEvent",
    "Event",
    "InternalError",
    "InvalidConfigError",
    "InvalidInputError",
    "Message",
    "Metrics",
    "PathPart",
    "Pause",
    "ProtocolError",
    "Providers",
    "RateLimitedError",
    "Ready",
    "Reply",
    "ReplyEnd",
    "Resampler",
    "Resume",
    "Session",
    "SileroVad",
    "Source",
    "Speech",
    "State",
    "TimedOutError",
    "Tool",
    "ToolCall",
    "ToolEvent",
    "ToolOutput",
    "Transcript",
    "TurnDetector",
    "UnavailableError",
    "UnsupportedError",
    "cartesia",
    "deepgram",
    "errors",
    "events",
    "groq",
    "local",
    "openai",
    "providers",
    "report",
    "tavily",
    "testing",
    "tool",
]


def report() -> dict[str, _Any]:
    """What this build is and can do: ``{"version": …, "features": {…: bool}, "providers": {stage: [names]}}``."""
    built, providers = map(_json.loads, _native.report())
    return {**built, "providers": providers}


__version__: str = report()["version"]
