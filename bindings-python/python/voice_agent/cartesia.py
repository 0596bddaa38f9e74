"""Cartesia: text to speech with word timings. ``CARTESIA_API_KEY`` unless ``key`` says otherwise."""

from __future__ import annotations

from typing import Any

from ._specs import Specified

__all__ = ["Tts"]


class Tts(Specified):
    """A voice, by its id."""

    provider = "cartesia"

    def __init__(
        self,
        voice: str | None = None,
        *,
        model: str | None = None,
        language: str | None = None,
        key: str | None = None,
        base_url: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(voice=voice, model=model, language=language, key=key, base_url=base_url, **settings)
