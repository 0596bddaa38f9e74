"""The suite that every provider passes, for your own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from .. import _bridge, _native


@dataclass(slots=True)
class Report:
    """What came of it."""

    conforms: bool
    """Whether the provider keeps the contract."""
    items: int
    """Items of a call that nobody disturbed."""
    calls: int
    """Calls made: each was undisturbed, cancelled, cancelled while waiting, or dropped, at each item."""
    breach: str | None
    """What it did that it must not."""


async def conformance(provider: Any, *, stage: Literal["stt", "llm", "tts"], patience: float = 1.0) -> Report:
    """Tries a provider of your own as the core tries its own: cancelled and dropped at every item, nothing comes after, and no
    call is held. The real clock runs: a provider that waits a second makes this take many.

    Args:
        provider: It answers one message, two spoken turns, or speaks two sentences.
        stage: What it is.
        patience: How long it may take for one step, in seconds.
    """
    make = {"stt": _bridge.stt, "llm": _bridge.llm, "tts": _bridge.tts}[stage]
    rate = provider.sample_rate if stage == "tts" else 16_000
    pending = _native.conformance(
        stage, make(provider), _bridge.mailbox(), patience_ms=round(patience * 1_000), sample_rate=rate
    )
    return Report(**json.loads(await _bridge.finished(pending)))
