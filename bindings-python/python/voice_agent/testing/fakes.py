"""Fakes of the services."""

from __future__ import annotations

from collections.abc import Sequence

from .._specs import Specified


class FakeStt(Specified):
    """A recogniser that "hears" these texts, one a turn, ``latency_ms`` after it was asked."""

    provider = "fake"

    def __init__(self, texts: Sequence[str] | None = None, *, latency_ms: int | None = None) -> None:
        super().__init__(texts=list(texts) if texts is not None else None, latency_ms=latency_ms)


class FakeLlm(Specified):
    """A language model that answers ``text``, in which ``{}`` stands for the user's words."""

    provider = "fake"

    def __init__(
        self, text: str | None = None, *, first_token_ms: int | None = None, per_token_ms: int | None = None
    ) -> None:
        super().__init__(text=text, first_token_ms=first_token_ms, per_token_ms=per_token_ms)


class FakeTts(Specified):
    """A synthesiser whose audio lasts as long as the text says."""

    provider = "fake"

    def __init__(
        self,
        *,
        first_byte_ms: int | None = None,
        per_character_ms: int | None = None,
        sample_rate: int | None = None,
        timed: bool | None = None,
    ) -> None:
        super().__init__(
            first_byte_ms=first_byte_ms, per_character_ms=per_character_ms, sample_rate=sample_rate, timed=timed
        )
