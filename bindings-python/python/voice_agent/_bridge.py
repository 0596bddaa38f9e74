"""The event loop's half of the border: awaiting native work, and running providers written in Python."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any

from . import _native
from ._items import item_of, output_of, written
from ._threads import Worker
from .errors import Error, InvalidConfigError, TimedOutError, UnavailableError
from .providers import LlmRequest, OfferedTool, input_of, message_of, window_of

_OVER = object()
_tasks: set[asyncio.Task[None]] = set()
_mailboxes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _native.Mailbox] = weakref.WeakKeyDictionary()


def mailbox() -> _native.Mailbox:
    """Where native work leaves notes for the running loop."""
    loop = asyncio.get_running_loop()
    found = _mailboxes.get(loop)
    if found is None:
        found = _mailboxes[loop] = _native.Mailbox(weakref.ref(loop))
        try:
            loop.add_reader(found, found.empty)
        except NotImplementedError:  # Windows' own loop watches no sockets.
            found.be_told_by(functools.partial(_tell, weakref.ref(loop), weakref.ref(found)))
    return found


def _tell(loop: weakref.ref[asyncio.AbstractEventLoop], box: weakref.ref[_native.Mailbox]) -> None:
    (there, found) = (loop(), box())
    if there and found:
        there.call_soon_threadsafe(found.empty)


async def finished(pending: _native.Pending) -> Any:
    """What native work gives. Cancelled, it drops the work: dropping a Python future alone would not."""
    try:
        return await pending.future
    except asyncio.CancelledError:
        pending.cancel()
        raise


Items = Callable[[_native.Call, "Callee"], AsyncIterator[tuple[str, bytes | None]]]


def foreign(description: dict[str, Any], items: Items) -> _native.Foreign:
    """A provider for the core: ``items`` gives what a call gives, as it crosses the border."""

    def begin(call: _native.Call) -> None:
        task = asyncio.get_running_loop().create_task(_serve(call, items), name=f"voice_agent {call.kind}")
        # The loop itself keeps only weak references.
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
        call.on_cancel(task.cancel)

    return _native.Foreign(written(description), begin)


async def _serve(call: _native.Call, items: Items) -> None:
    """Runs one call to its end. Every way out tells the core."""
    callee = Callee(call)
    failure: BaseException | None = None
    try:
        given = items(call, callee)
        try:
            async for json_text, audio in given:
                taken = call.send(json_text, audio)
                if not isinstance(taken, bool):
                    taken = await finished(taken)
                if not taken:
                    break
        finally:
            await given.aclose()  # type: ignore[attr-defined]
    except asyncio.CancelledError:
        if not call.is_over:
            failure = UnavailableError("the event loop ended the call")
    except Exception as error:
        failure = error
    except BaseException as error:
        failure = error
        raise
    finally:
        callee.end()
        call.finish(_told(failure) if failure else None)


def _told(error: BaseException) -> tuple[str, str, float | None, BaseException]:
    """An exception as the core gets to know it, and itself."""
    if isinstance(error, Error):
        return error.kind, error.message, error.retry_after, error
    kind = TimedOutError.kind if isinstance(error, TimeoutError) else "internal"
    return kind, f"{type(error).__name__}: {error}", None, error


class Callee:
    """What a call needs of the user's object: methods of any kind, run where they belong."""

    def __init__(self, call: _native.Call) -> None:
        self._call = call
        self._worker: Worker | None = None

    def end(self) -> None:
        """Lets go of the thread, if there was need of one."""
        if self._worker:
            self._worker.end()

    @property
    def worker(self) -> Worker:
        """The call's thread."""
        if self._worker is None:
            self._worker = Worker(f"voice_agent {self._call.kind}")
        return self._worker

    async def result(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a function returns: a coroutine on the loop, anything else on the thread."""
        if is_async(function):
            given = function(*arguments)
        else:
            given = await self.worker.do(function, *arguments)
        return await given if inspect.isawaitable(given) else given

    async def items(self, function: Callable[..., Any], *arguments: Any) -> AsyncIterator[Any]:
        """What a generator of either kind yields; a plain value is the only item."""
        given = await self.result(function, *arguments)
        if hasattr(given, "__aiter__"):
            async for item in _closing(given):
                yield item
        elif isinstance(given, Iterator):
            async for item in self._threaded(given):
                yield item
        elif given is not None:
            yield given

    async def _threaded(self, iterator: Iterator[Any]) -> AsyncIterator[Any]:
        worker = self.worker
        try:
            while (item := await worker.do(next, iterator, _OVER)) is not _OVER:
                yield item
        finally:
            close = getattr(iterator, "close", None)
            if close:
                # After what it is doing now, on its own thread, and nobody waits for that.
                asyncio.ensure_future(worker.do(close)).add_done_callback(_ignore)


def _ignore(done: asyncio.Future[Any]) -> None:
    if not done.cancelled():
        done.exception()


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling it gives something to await, and does not block."""
    function = inspect.unwrap(function)
    while isinstance(function, functools.partial):
        function = function.func
    if not inspect.isroutine(function) and callable(function):
        function = type(function).__call__
    return inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function)


async def _closing(iterator: AsyncIterator[Any]) -> AsyncIterator[Any]:
    try:
        async for item in iterator:
            yield item
    finally:
        close: Callable[[], Awaitable[None]] | None = getattr(iterator, "aclose", None)
        if close:
            await close()


async def raw_inputs(call: _native.Call) -> AsyncIterator[tuple[dict[str, Any], bytes | None]]:
    """What goes into a call, until it ends."""
    while (item := await finished(call.next())) is not None:
        yield json.loads(item[0]), item[1]


class _Inputs:
    """The items that go into a call, for an ``async for``, or for a ``for`` on the call's thread."""

    def __init__(self, call: _native.Call) -> None:
        self.session = call.session
        self.turn = call.turn
        self._items = raw_inputs(call)
        self._loop = asyncio.get_running_loop()

    def __aiter__(self) -> _Inputs:
        return self

    async def __anext__(self) -> Any:
        return input_of(*await self._items.__anext__())

    def __iter__(self) -> _Inputs:
        return self

    def __next__(self) -> Any:
        item = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
        if item is _OVER:
            raise StopIteration
        return item

    async def _next(self) -> Any:
        return await anext(self, _OVER)


def llm(provider: Any) -> _native.Foreign:
    """A language model written in Python."""

    async def items(call: _native.Call, callee: Callee) -> AsyncIterator[tuple[str, bytes | None]]:
        asked = json.loads(call.request)
        request = LlmRequest(
            asked["instructions"],
            asked["context"],
            [message_of(message) for message in asked["messages"]],
            [OfferedTool(**tool) for tool in asked["tools"]],
            asked["purpose"],
            call.session,
            call.turn,
        )
        async for item in callee.items(provider.generate, request):
            yield item_of("llm", item)

    return foreign({"name": name_of(provider)}, items)


def stt(provider: Any) -> _native.Foreign:
    """A recogniser written in Python."""

    async def items(call: _native.Call, callee: Callee) -> AsyncIterator[tuple[str, bytes | None]]:
        async for item in callee.items(provider.transcribe, _Inputs(call)):
            yield item_of("stt", item)

    return foreign({"name": name_of(provider)}, items)


def tts(provider: Any) -> _native.Foreign:
    """A synthesiser written in Python."""

    async def items(call: _native.Call, callee: Callee) -> AsyncIterator[tuple[str, bytes | None]]:
        async for item in callee.items(provider.synthesize, _Inputs(call)):
            yield item_of("tts", item)

    return foreign({"name": name_of(provider), "sample_rate": _count(provider, "sample_rate", "tts")}, items)


def tool(description: dict[str, Any], function: Callable[[dict[str, Any]], Any]) -> _native.Foreign:
    """A tool written in Python."""

    async def items(call: _native.Call, callee: Callee) -> AsyncIterator[tuple[str, bytes | None]]:
        yield output_of(await callee.result(function, json.loads(call.request)["arguments"])), None

    return foreign(description, items)


def tools(several: Iterable[tuple[str, Callable[[dict[str, Any]], Any]]]) -> _native.Foreign:
    """Several tools as one host, for a script that describes them itself."""
    functions = dict(several)

    async def items(call: _native.Call, callee: Callee) -> AsyncIterator[tuple[str, bytes | None]]:
        request = json.loads(call.request)
        yield output_of(await callee.result(functions[request["name"]], request["arguments"])), None

    return foreign({"name": "tools"}, items)


def vad(provider: Any) -> _native.Foreign:
    """A detector written in Python, or what makes one for each session."""
    makes = isinstance(provider, type) or not hasattr(provider, "speech_probability")
    if not callable(provider if makes and not isinstance(provider, type) else getattr(provider, "speech_probability", None)):
        raise TypeError(f"vad: a detector has a method speech_probability, and {provider!r:.80} has none")

    async def items(call: _native.Call, callee: Callee) -> AsyncIterator[tuple[str, bytes | None]]:
        detector = await callee.result(provider) if makes else provider
        async for item, audio in raw_inputs(call):
            if item["type"] == "window":
                probability = await callee.result(detector.speech_probability, window_of(audio))
                yield written(float(probability)), None
            elif hasattr(detector, "reset"):
                await callee.result(detector.reset)

    facts = {field: _count(provider, field, "vad") for field in ("sample_rate", "window_len")}
    return foreign({"name": name_of(provider), **facts}, items)


def _count(provider: Any, field: str, stage: str) -> int:
    value = getattr(provider, field, None)
    if isinstance(value, int) and 0 < value < 2**31:
        return int(value)
    raise InvalidConfigError(f"`{field}` of a provider of one's own is a number above 0, not {value!r:.80}", stage=stage)


def name_of(provider: Any) -> str:
    """The provider's name in events."""
    name = getattr(provider, "name", None)
    if isinstance(name, str):
        return name
    return (provider if isinstance(provider, type) else type(provider)).__name__
