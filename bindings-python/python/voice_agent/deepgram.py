"""Deepgram: live speech to text, and text to speech. ``DEEPGRAM_API_KEY`` unless ``key`` says otherwise."""

from __future__ import annotations

from typing import Any

from ._specs import Specified

__all__ = ["Stt", "Tts"]


class Stt(Specified):
    """Live transcription; a model whose name begins with ``flux`` also says when a turn is over."""

    provider = "deepgram"

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


class Tts(Specified):
    """A voice, which is a model: ``aura-2-thalia-en``, …"""

    provider = "deepgram"

    def __init__(
        self, model: str | None = None, *, key: str | None = None, base_url: str | None = None, **settings: Any
    ) -> None:
        super().__init__(model=model, key=key, base_url=base_url, **settings)
