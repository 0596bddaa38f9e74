"""An open session: audio and words in, events and audio out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator
from types import TracebackType
from typing import Any, Literal, TypeAlias, Union

from . import _native
from ._arrays import Pcm, pcm_of
from ._bridge import finished, mailbox
from .errors import UnavailableError
from .events import Event, Metrics, event_of, metrics_of
from .providers import Message, message_of

__all__ = ["Session"]

UNCHANGED: Any = object()

Source: TypeAlias = Union[Pcm, AsyncIterable[Pcm]]


class Session:
    """A conversation. ``async with`` opens and closes it; ``async for`` gives its events until it is over.

    It belongs to the event loop on which it was opened. Reading too slowly never makes the agent wait: audio is held back
    (at most 600 ms beyond what was played), and when 2,048 events wait the session ends with the reason ``limit``.
    """

    def __init__(self, agent: _native.Agent, options: str) -> None:
        self._agent = agent
        self._options = options
        self._opened: _native.Session | None = None

    def open(self) -> Session:
        """Opens it on the running event loop; does nothing when it is open. :meth:`close` belongs to it."""
        if self._opened is None:
            self._opened = _native.Session(self._agent, self._options, mailbox())
        return self

    def accept(self, first: str | bytes | None = None) -> Session:
        """Opens it for a client on a WebSocket of the ``/ws`` contract, whose first message this is, or ``None`` when none
        came for 250 ms. What the client asks for counts more than the options."""
        self._opened = _native.Session.accept(self._agent, self._options, mailbox(), first)
        return self

    async def __aenter__(self) -> Session:
        return self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def _native(self) -> _native.Session:
        if self._opened is None:
            raise UnavailableError("the session is not open: use `async with`, or call open()", stage="session")
        return self._opened

    @property
    def id(self) -> str:
        """Its name."""
        return self._native.id

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        native = self._native
        while (given := native.take()) is None:
            if native.ended:
                raise StopAsyncIteration
            await finished(native.ready())
        return event_of(given)

    async def messages(self) -> AsyncIterator[str | bytes]:
        """Instead of its events: the same as messages for a WebSocket, in the ``/ws`` contract."""
        native = self._native
        while True:
            message = native.take_message()
            if message is not None:
                yield message
            elif native.ended:
                return
            else:
                await finished(native.ready())

    async def receive(self, message: str | bytes) -> bool:
        """Takes a message of a client on a WebSocket. What makes no sense is answered with an error message.

        Returns:
            Whether the session goes on.

        Raises:
            ProtocolError: the client broke a rule that ends its connection.
        """
        pending = self._native.send_message(message)
        return pending is None or bool(await finished(pending))

    async def feed(self, audio: Source) -> None:
        """Hands over microphone audio: mono, at the input rate, chunks of any size.

        ``audio`` is ``bytes`` or ``bytearray`` of 16-bit samples, a ``memoryview``, an array of ``int16`` or of ``float32``
        in −1 … 1, shape ``(n,)``, or an async iterable of those. Waits while the session is more than 2 s of audio ahead of
        real time.

        Raises:
            UnavailableError: the session is over.
            InvalidInputError: what was given is no mono audio.
        """
        if isinstance(audio, AsyncIterable):
            async for chunk in audio:
                await self._feed(chunk)
        else:
            await self._feed(audio)

    async def _feed(self, chunk: Any) -> None:
        pending = self._native.send_audio(pcm_of(chunk))
        if pending is not None:
            await finished(pending)

    def text(self, text: str) -> None:
        """A typed user turn."""
        self._native.text(text)

    def say(self, text: str) -> None:
        """Has this said when the floor is free."""
        self._native.say(text)

    def announce(self, text: str) -> None:
        """Has this said when the floor is free, and to its end: only a stop word stops it."""
        self._native.announce(text)

    def interrupt(self) -> None:
        """Stops the reply."""
        self._native.interrupt()

    def played(self, turn: int, samples: int) -> None:
        """Tells how many samples of a turn came out of the loudspeaker so far, at the output rate. A session that is never
        told takes audio to be played as it was given, in real time."""
        self._native.played(turn, samples)

    def set_context(self, *, instructions: str | None = UNCHANGED, context: str | None = UNCHANGED) -> None:
        """Changes how the agent is to behave and what it is to know, from the next prompt on; ``None`` clears."""
        given = {"instructions": instructions, "context": context}
        self._native.set_context({name: value for name, value in given.items() if value is not UNCHANGED})

    @property
    def history(self) -> list[Message]:
        """What was said and done so far, as the language model would be told it; empty when the session is over."""
        return [message_of(said) for said in json.loads(self._native.history())]

    @property
    def metrics(self) -> Metrics | None:
        """The latencies of the last turn that was answered."""
        metrics = self._status()["metrics"]
        return metrics and metrics_of(**metrics)

    @property
    def state(self) -> Literal["listening", "thinking", "speaking"]:
        """What the agent is doing."""
        state: Literal["listening", "thinking", "speaking"] = self._status()["state"]
        return state

    @property
    def turn(self) -> int:
        """The newest turn."""
        return int(self._status()["turn"])

    @property
    def is_closed(self) -> bool:
        """Whether it is over."""
        return bool(self._status()["closed"])

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self._native.status())
        return status

    async def close(self) -> None:
        """Ends it, and waits until all its work has ended. Doing it twice does nothing."""
        if self._opened is not None:
            self._opened.close()
            await self.closed()

    async def closed(self) -> None:
        """Waits until it is over."""
        await finished(self._native.closed())
