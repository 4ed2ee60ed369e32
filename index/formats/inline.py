"""What inline elements of web pages say by their looks alone, written into the text: raised and lowered characters, and
formulas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from citeqa.index.formats.formulas import linear
from citeqa.index.formats.raised import beside, is_fraction, subscript, superscript

_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_CLASS = re.compile(r"\.([\w-]+)\s*(?:,|$)")
_ALIGN = re.compile(r"vertical-align\s*:\s*(super|sub)\b")
_NAMES = {"sup": "super", "sub": "sub"}
_INLINE = {"span", "a", "font", "small", "i", "em", "b", "strong", "code"}
_LOOKED = 20  # steps to what stands before an element; most are empty elements


def raised_classes(css: str) -> dict[str, str]:
    """The classes that a style sheet raises (`super`) or lowers (`sub`)."""
    found: dict[str, str] = {}
    for selectors, declarations in _RULE.findall(css):
        if align := _ALIGN.search(declarations):
            found |= dict.fromkeys(_CLASS.findall(selectors), align[1])
    return found


def write_inline(root: Any, classes: Mapping[str, str] | None = None) -> None:
    """Write raised and lowered characters and formulas of a tree as text, in place; each element that said so becomes
    an ordinary one.

    Args:
        classes: those that style sheets outside the page raise or lower (see `raised_classes`).
    """
    known = dict(classes or {})
    for style in root.iter("{*}style"):
        known |= raised_classes(style.text or "")
    for element in [found for found in root.iter() if isinstance(found.tag, str)]:
        if _aligned(element, _name(element), known) == "super":
            _write_fraction(element, known)
    for element in reversed([found for found in root.iter() if isinstance(found.tag, str)]):
        name = _name(element)
        if name == "math":
            _become(element, beside(_before(element), linear(element).strip()))
        elif aligned := _aligned(element, name, known):
            text = "".join(element.itertext())
            written = superscript(text) if aligned == "super" else subscript(text)
            if written != text:
                _become(element, written)


def _write_fraction(above: Any, classes: Mapping[str, str]) -> None:
    """Write a raised number, the stroke behind it and the lowered number behind that as a fraction."""
    below = above.getnext()
    between = (above.tail or "").strip()
    if not between or below is None or not isinstance(below.tag, str):
        return
    if _aligned(below, _name(below), classes) != "sub":
        return
    before = _before(above)
    numerator, denominator = ("".join(part.itertext()).strip() for part in (above, below))
    if is_fraction(before, numerator, between, denominator):
        above.tail = "/"
        _become(above, beside(before, numerator))
        _become(below, denominator)


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _aligned(element: Any, name: str, classes: Mapping[str, str]) -> str | None:
    """Whether an element is raised (`super`) or lowered (`sub`)."""
    if name in _NAMES:
        return _NAMES[name]
    if name not in _INLINE:
        return None
    if found := _ALIGN.search((element.get("style") or "").lower()):
        return found[1]
    return next((classes[each] for each in (element.get("class") or "").split() if each in classes), None)


def _before(element: Any) -> str:
    """The character before an element in its line, as far as it stands near it in the tree; empty if none does."""
    for _ in range(_LOOKED):
        previous, parent = element.getprevious(), element.getparent()
        text = _shown(previous) if previous is not None else (parent.text or "") if parent is not None else ""
        if text:
            return text[-1]
        if previous is None and (parent is None or not isinstance(parent.tag, str) or _name(parent) not in _INLINE):
            return ""
        element = parent if previous is None else previous
    return ""


def _shown(element: Any) -> str:
    """The words of an element and behind it; of a comment, those behind it."""
    inner = element.itertext() if isinstance(element.tag, str) and not element.tail else ()
    return element.tail or "".join(inner)


def _become(element: Any, text: str) -> None:
    """Make an element an ordinary inline one that holds this text alone."""
    tail = element.tail
    element.clear()
    element.tag = "span"
    element.text, element.tail = text, tail
