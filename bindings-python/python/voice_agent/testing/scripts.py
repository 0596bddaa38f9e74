"""Conversations in simulated time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import _bridge, _native
from .._items import written
from ..providers import LlmProvider, TtsProvider
from ..tools import Tool


async def run_script(
    script: str | dict[str, Any],
    *,
    llm: LlmProvider | None = None,
    tts: TtsProvider | None = None,
    tools: Iterable[Tool[..., Any]] = (),
) -> list[str]:
    """Runs a scripted conversation with the real agent on a simulated clock, which takes ms instead of minutes and gives
    the same log every time.

    Args:
        script: What the client does, what the services say and how long they take; ``docs/testing.md`` describes it.
        llm: Serves in place of the scripted model, where the script lists ``llm`` under ``foreign``. The clock stands
            still while it works, so its latency is what the script says.
        tts: The same for ``tts``.
        tools: The same for ``tools``, by name; what the model is told of them stands in the script.

    Returns:
        The log, a line of JSON each: ``ms`` and an event, audio by turn, length and checksum.
    """
    if not isinstance(script, str):
        script = written(script)
    runners = [(tool.name, tool.runner) for tool in tools]
    log: list[str] = await _bridge.finished(
        _native.run_script(
            script,
            _bridge.mailbox(),
            llm=_bridge.llm(llm) if llm else None,
            tts=_bridge.tts(tts) if tts else None,
            tools=_bridge.tools(runners) if runners else None,
        )
    )
    return log
