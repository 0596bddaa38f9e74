"""Samples in and out: bytes, anything with a buffer, numpy where it is installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from . import _native
from .errors import InvalidInputError

if TYPE_CHECKING:
    import array

    import numpy
    import numpy.typing

    Samples: TypeAlias = numpy.typing.NDArray[Any]
    Pcm: TypeAlias = Union[bytes, bytearray, memoryview, "array.array[Any]", numpy.typing.NDArray[Any]]
else:
    Samples = Any
    Pcm = Any

try:
    import numpy as _numpy
except ImportError:  # The stages then give memoryviews.
    _numpy = None  # type: ignore[assignment]

_ACCEPTED = "bytes of 16-bit samples, or an array of int16 or float32"


def int16(data: bytes) -> Samples:
    """16-bit samples, shape ``(n,)``, as an array or a ``memoryview``."""
    return _numpy.frombuffer(data, _numpy.int16) if _numpy else memoryview(data).cast("h")  # type: ignore[return-value]


def float32(data: bytes) -> Samples:
    """32-bit samples, shape ``(n,)``, as an array or a ``memoryview``."""
    return _numpy.frombuffer(data, _numpy.float32) if _numpy else memoryview(data).cast("f")  # type: ignore[return-value]


def raw(samples: Pcm) -> tuple[str, bytes]:
    """The samples' format, ``h`` for 16-bit integers or ``f`` for 32-bit floats, and their bytes; bytes are ``h``."""
    if isinstance(samples, bytes):
        return "h", samples
    try:
        view = memoryview(samples)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"audio is {_ACCEPTED}, not {type(samples).__name__}") from None
    if view.ndim > 1 and max(view.shape or (0,)) != view.nbytes // view.itemsize:
        raise InvalidInputError(f"audio is mono, shape (n,), not {view.shape}", stage="audio")
    kind = view.format.lstrip("@=<") if sys.byteorder == "little" else view.format.lstrip("@=>")
    if kind in ("B", "b", "c"):
        kind = "h"
    if kind not in ("h", "f"):
        raise InvalidInputError(f"audio is {_ACCEPTED}, not of the format {view.format!r}", stage="audio")
    return kind, view.tobytes()


def pcm_of(samples: Pcm) -> bytes:
    """Samples as 16-bit PCM. Floats, in −1 … 1, are rounded and saturate."""
    kind, data = raw(samples)
    return data if kind == "h" else _native.to_integers(data)


def floats_of(samples: Pcm) -> bytes:
    """Samples as 32-bit floats in −1 … 1."""
    kind, data = raw(samples)
    if kind == "f":
        return data
    return _native.to_floats(data)
