"""Threads for what may block: a call of its own each, so that none waits for another, and none keeps the process alive."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """A thread that does one thing after the other for an event loop."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._work: queue.SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = queue.SimpleQueue()
        context = contextvars.copy_context()
        # A daemon: a callback that never returns does not keep the process from ending.
        threading.Thread(target=context.run, args=(self._run,), name=name, daemon=True).start()

    async def do(self, function: Callable[..., T], *arguments: Any) -> T:
        """What ``function`` returns. Cancelled, it lets the thread go on and forgets it."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._work.put((lambda: function(*arguments), future))
        return await future

    def end(self) -> None:
        """Ends the thread after what it is doing."""
        self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            function, future = work
            value, error = None, None
            try:
                value = function()
            except BaseException as raised:  # Whatever it is, it belongs to whoever waits.
                error = raised
            try:
                self._loop.call_soon_threadsafe(_settle, future, value, error)
            except RuntimeError:
                return  # The loop is closed.
            # Until the next work comes, nothing is kept alive.
            del work, function, future, value, error


def _settle(future: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(value)
    elif isinstance(error, StopIteration):
        # A future takes none.
        future.set_exception(RuntimeError("a callback raised StopIteration"))
    else:
        future.set_exception(error)
