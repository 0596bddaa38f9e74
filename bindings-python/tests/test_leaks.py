"""Sessions leave nothing behind. `benches/python_border.py` does the same with 10,000."""

from __future__ import annotations

import asyncio
import gc
import os
import weakref
from pathlib import Path
from typing import Any

import pytest
from conftest import EchoLlm, run, until

from voice_agent import Agent, ReplyEnd
from voice_agent.testing import FakeTts

SESSIONS = int(os.environ.get("SESSIONS", "300"))


def resident() -> int:
    """Memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def talk(agent: Agent) -> None:
    async with agent.session() as session:
        session.text("hello")
        await until(session, ReplyEnd)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
def test_memory_stays_where_it_is() -> None:
    async def conversation() -> int:
        agent = Agent(llm=EchoLlm(), tts=FakeTts(per_character_ms=1), vad=False)

        async def some(count: int) -> None:
            for _ in range(count // 10):
                await asyncio.gather(*(talk(agent) for _ in range(10)))
            gc.collect()

        await some(SESSIONS)
        before = resident()
        await some(SESSIONS)
        return resident() - before

    grown = run(conversation(), patience=600)
    # A session takes some 100 KB while it is open; one in a hundred that stayed would show.
    assert grown < SESSIONS * 4_096 + (1 << 20), f"{grown / SESSIONS:.0f} bytes a session"


def test_nothing_of_the_users_is_kept() -> None:
    kept: list[weakref.ref[Any]] = []

    class Gone(Exception):
        """One that can be watched."""

    class Llm:
        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            kept.append(weakref.ref(asyncio.current_task()))
            error = Gone("gone")
            kept.append(weakref.ref(error))
            raise error
            yield

    async def conversation() -> None:
        llm = Llm()
        kept.append(weakref.ref(llm))
        agent = Agent(llm=llm, vad=False)
        kept.append(weakref.ref(agent))
        for _ in range(3):
            async with agent.session() as session:
                kept.append(weakref.ref(session))
                session.text("hello")
                await until(session, ReplyEnd)

    run(conversation())
    gc.collect()

    async def anything() -> None:
        """What a native thread let go of is released at the next chance."""
        await talk(Agent(llm=EchoLlm(), vad=False))

    run(anything())
    gc.collect()
    assert len(kept) == 11
    assert [reference() for reference in kept if reference() is not None] == []
