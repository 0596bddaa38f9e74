"""Where the extra ``[onnx]`` puts ONNX Runtime."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

_NAMES = ("libonnxruntime.so*", "libonnxruntime*.dylib", "onnxruntime.dll")


def onnx_runtime() -> Path | None:
    """The library inside the package ``onnxruntime``, which is not imported; ``None`` without it.

    ``ORT_DYLIB_PATH`` counts more: it is then left to the core.
    """
    if os.environ.get("ORT_DYLIB_PATH"):
        return None
    package = importlib.util.find_spec("onnxruntime")
    if package is None or package.origin is None:
        return None
    capi = Path(package.origin).parent / "capi"
    # The file's name carries the version.
    return next((found for name in _NAMES for found in sorted(capi.glob(name))), None)
