"""What goes wrong: one base, and a class for each answer to "what can be done now?"."""

from __future__ import annotations

__all__ = [
    "AuthError",
    "EngineMissingError",
    "Error",
    "InternalError",
    "InvalidConfigError",
    "InvalidInputError",
    "ProtocolError",
    "RateLimitedError",
    "TimedOutError",
    "UnavailableError",
    "UnsupportedError",
]


class Error(Exception):
    """An error of the library. Its message never holds a key.

    ``raise Error("…")`` inside a provider or a tool tells the core the same: the subclass is the kind.
    """

    kind = "internal"
    """The kind as one lower-case word, as in :class:`~voice_agent.ErrorEvent`."""

    def __init__(self, message: str = "", *, stage: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.stage = stage
        """Where: ``audio echo denoise vad turn stt llm tts tool session``; ``None`` when the library did not raise it."""
        self.retry_after = retry_after
        """Seconds after which a service that was asked too often may be asked again."""

    def __str__(self) -> str:
        return f"{self.stage}: {self.message}" if self.stage else self.message

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later or elsewhere."""
        return isinstance(self, (RateLimitedError, UnavailableError, TimedOutError, ProtocolError))


class AuthError(Error):
    """The key is missing, wrong or not allowed: ask the operator."""

    kind = "auth"


class InvalidConfigError(Error, ValueError):
    """A setting cannot work; the message names it."""

    kind = "invalid_config"


class InvalidInputError(Error, ValueError):
    """The data handed in cannot be used; the message names the field."""

    kind = "invalid_input"


class RateLimitedError(Error):
    """Too many requests; try again after ``retry_after`` seconds."""

    kind = "rate_limited"


class UnavailableError(Error):
    """The service cannot be reached now, or the session is over."""

    kind = "unavailable"


class TimedOutError(Error, TimeoutError):
    """A deadline passed."""

    kind = "timeout"


class ProtocolError(Error):
    """The other side said something that makes no sense."""

    kind = "protocol"


class UnsupportedError(Error):
    """The engine or provider cannot do this at all."""

    kind = "unsupported"


class EngineMissingError(Error):
    """A library or model is not installed; the message says what to install."""

    kind = "engine_missing"


class InternalError(Error):
    """A bug, or an exception that says nothing of what can be done."""

    kind = "internal"


_KINDS: dict[str, type[Error]] = {kind.kind: kind for kind in Error.__subclasses__()}


def of_kind(kind: str, stage: str, message: str, retry_after: float | None) -> Error:
    """The exception for an error of the core."""
    return _KINDS.get(kind, InternalError)(message, stage=stage, retry_after=retry_after)
