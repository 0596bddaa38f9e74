"""Tavily: the web as tools of the model. ``TAVILY_API_KEY`` unless ``key`` says otherwise."""

from __future__ import annotations

from typing import Any

from ._specs import Specified

__all__ = ["Extract", "Search"]


class Search(Specified):
    """Web search, quoted as data, with its sources."""

    provider = "tavily"

    def __init__(self, *, key: str | None = None, base_url: str | None = None, **settings: Any) -> None:
        super().__init__(key=key, base_url=base_url, **settings)


class Extract(Specified):
    """The text of web pages."""

    provider = "tavily_extract"

    def __init__(self, *, key: str | None = None, base_url: str | None = None, **settings: Any) -> None:
        super().__init__(key=key, base_url=base_url, **settings)
