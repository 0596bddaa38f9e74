"""Short programs, run by the tests in processes of their own: ``python programs.py NAME [uvloop]``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from typing import Any

import voice_agent
from voice_agent import Agent, ReplyEnd, State
from voice_agent.testing import FakeTts


class Echo:
    async def generate(self, request: Any):  # type: ignore[no-untyped-def]
        yield request.messages[-1].text


class Endless:
    async def generate(self, request: Any):  # type: ignore[no-untyped-def]
        yield "Well, "
        await asyncio.sleep(3_600)


class Blocked:
    def generate(self, request: Any):  # type: ignore[no-untyped-def]
        yield "Well, "
        time.sleep(3_600)


def agent(llm: Any = None, **parts: Any) -> Agent:
    return Agent(llm=llm or Echo(), vad=False, **parts)


async def answer() -> None:
    """Awaits an answer and ends."""
    async with agent().session() as session:
        session.text("hello")
        async for event in session:
            if isinstance(event, ReplyEnd):
                return


async def many() -> None:
    """Many at once."""
    await asyncio.gather(*(answer() for _ in range(10)))


async def left_open() -> None:
    """Ends in the middle of a reply, with the session open."""
    session = agent(Endless(), tts=FakeTts()).session().open()
    session.text("hello")
    async for event in session:
        if event == State("thinking"):
            await asyncio.sleep(0.01)
            globals()["kept"] = session
            return


async def abandoned() -> None:
    """Ends while it awaits."""
    session = agent().session().open()
    globals()["kept"] = [session, asyncio.ensure_future(anext(session)), asyncio.ensure_future(session.closed())]
    await asyncio.sleep(0.001)


async def cancelled() -> None:
    """Cancels what it awaits."""
    async with agent().session() as session:
        try:
            await asyncio.wait_for(session.feed(bytes(32_000 * 60)), 0.01)
        except (TimeoutError, asyncio.TimeoutError):
            pass


async def blocked_thread() -> None:
    """Ends while a callback blocks a thread."""
    session = agent(Blocked()).session().open()
    session.text("hello")
    await asyncio.sleep(0.05)
    session.interrupt()
    await session.close()


async def exits() -> None:
    """Raises SystemExit inside a callback's loop."""
    async with agent().session() as session:
        session.text("hello")
        sys.exit(0)


PROGRAMS = [answer, many, left_open, abandoned, cancelled, blocked_thread, exits]


def loop_closed_early() -> None:
    """Closes the loop under an open session; then the session says so, and the process ends."""
    loop = asyncio.new_event_loop()
    session = None

    async def begin() -> Any:
        session = agent(Endless(), tts=FakeTts()).session().open()
        session.text("hello")
        await asyncio.sleep(0.02)
        return session

    session = loop.run_until_complete(begin())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.close()
    session.interrupt()
    time.sleep(0.05)

    async def elsewhere() -> None:
        try:
            await asyncio.wait_for(session.close(), 2)
        except (RuntimeError, TimeoutError, asyncio.TimeoutError) as error:
            print("told:", type(error).__name__, error)

    asyncio.run(elsewhere())


def interrupted() -> None:
    """Is sent SIGINT, as by Ctrl-C, while it talks."""
    # A process that a shell began in the background ignores it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()

    async def talk() -> None:
        async with agent(Endless(), tts=FakeTts()).session() as session:
            session.text("hello")
            async for _ in session:
                pass

    try:
        asyncio.run(talk())
    except KeyboardInterrupt:
        print("told: KeyboardInterrupt")


def interrupt_in_a_callback() -> None:
    """A callback raises KeyboardInterrupt."""

    class Llm:
        async def generate(self, request: Any):  # type: ignore[no-untyped-def]
            raise KeyboardInterrupt
            yield

    async def talk() -> None:
        async with agent(Llm()).session() as session:
            session.text("hello")
            async for _ in session:
                pass

    try:
        asyncio.run(talk())
    except KeyboardInterrupt:
        print("told: KeyboardInterrupt")


def forked() -> None:
    """Forks after the first use: the child is told, and does not hang."""
    asyncio.run(answer())
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(answer())
        except RuntimeError as error:
            os._exit(0 if "fork" in str(error) else 1)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    print("told:", os.waitstatus_to_exitcode(status))


def after_the_end() -> None:
    """Uses it from another atexit function, which runs after ours."""
    import atexit

    async def late() -> None:
        try:
            agent().session().open()
        except RuntimeError as error:
            print("told:", error)

    def run_late() -> None:
        asyncio.run(late())

    # Registered before the import of the native part would be run after it; so is one of an earlier module.
    atexit.unregister(voice_agent._native.shut_down)
    atexit.register(run_late)
    atexit.register(voice_agent._native.shut_down)


ALONE = [loop_closed_early, interrupted, interrupt_in_a_callback, forked, after_the_end]


def main() -> None:
    name, *rest = sys.argv[1:]
    program = next(program for program in [*PROGRAMS, *ALONE] if program.__name__ == name)
    if program in ALONE:
        program()
    elif "uvloop" in rest:
        import uvloop

        uvloop.run(program())  # type: ignore[operator]
    else:
        asyncio.run(program())  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
