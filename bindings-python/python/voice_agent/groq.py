"""Groq: language models, and Whisper for whole utterances. ``GROQ_API_KEY`` unless ``key`` says otherwise."""

from __future__ import annotations

from typing import Any

from ._specs import Specified

__all__ = ["Llm", "Stt"]


class Llm(Specified):
    """A language model, streamed, with tools."""

    provider = "groq"

    def __init__(
        self, model: str | None = None, *, key: str | None = None, base_url: str | None = None, **settings: Any
    ) -> None:
        super().__init__(model=model, key=key, base_url=base_url, **settings)


class Stt(Specified):
    """Transcription of whole utterances."""

    provider = "groq"

    def __init__(
        self,
        model: str | None = None,
        *,
        language: str | None = None,
        key: str | None = None,
        base_url: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(model=model, language=language, key=key, base_url=base_url, **settings)
