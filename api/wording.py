"""Faults of values in a user's words: what the validation library says names its own types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = {
    "string_too_long": "it is longer than {max_length} characters",
    "string_too_short": "it is shorter than {min_length} characters",
    "string_type": "it must be text",
    "string_unicode": "it is not valid Unicode text",
    "string_pattern_mismatch": "it must be written {pattern}",
    "less_than_equal": "it is more than {le}",
    "greater_than_equal": "it is less than {ge}",
    "greater_than": "it must be more than {gt}",
    "int_parsing": "it is not a whole number",
    "int_type": "it is not a whole number",
    "int_from_float": "it is not a whole number",
    "float_parsing": "it is not a number",
    "float_type": "it is not a number",
    "bool_parsing": "it is neither true nor false",
    "literal_error": "it must be {expected}",
    "missing": "it is missing",
    "extra_forbidden": "there is no such field",
    "model_type": "it must be an object",
    "model_attributes_type": "it must be an object",
}
_PATTERNS = {  # how a value is written, by the beginning of the pattern that it must match
    "^https?://": "http://... or https://...",
    "^(off|": "off, or as a number and a unit of time: 600/minute",
    "^[0-9a-f]{64}": "as 64 hexadecimal digits",
}


def fault_in_words(fault: Mapping[str, Any]) -> str:
    """What is wrong with a value, from one of the `errors()` of a validation."""
    if fault["type"] == "string_too_short" and fault["ctx"]["min_length"] == 1:
        return "it is empty"
    words, given = _WORDS.get(fault["type"]), dict(fault.get("ctx", {}))
    if pattern := given.get("pattern"):
        written = (shown for beginning, shown in _PATTERNS.items() if pattern.startswith(beginning))
        given["pattern"] = next(written, pattern)
    return words.format(**given) if words else str(fault["msg"]).removeprefix("Value error, ")
