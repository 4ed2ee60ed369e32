"""What differs between a quotation and its source, word by word, and what kind of change it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from citeqa.index.types import Text
from citeqa.rag.manuscript.alignment import Alignment, Change, Step
from citeqa.rag.manuscript.quotations import Pattern
from citeqa.rag.manuscript.words import Words

Changed = Literal["words", "numbers", "negation", "case"]

_NEGATIONS = re.compile(
    r"(?:no|not|never|none|nor|neither|nobody|nothing|nowhere|without|cannot|hardly|barely|scarcely|\w+n't)"
)
_NUMBER_WORDS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion dozen half
twice double first second third fourth fifth
""".split()  # noqa: SIM905
_VALUES = {word: str(value) for value, word in enumerate(_NUMBER_WORDS[:21])}
_NUMBERS = frozenset(_NUMBER_WORDS)


@dataclass(frozen=True, slots=True)
class Difference:
    """A run of a quotation beside that of its source; the words are as they stand there, with what is between them.

    `case` is only a difference of capitals.
    """

    change: Change | Literal["case"]
    quoted: str
    source: str


def differences(
    alignment: Alignment, pattern: Pattern, manuscript: str, found: Words, document: Text
) -> tuple[Difference, ...]:
    """The whole quotation in runs, the same and the differing ones, in its order."""
    steps = (part for step in alignment.steps for part in _by_case(step, pattern, found))
    return tuple(
        Difference(change, _slice(manuscript, pattern.words, step.quoted), _slice(document, found, step.source))
        for change, step in steps
    )


def changed(alignment: Alignment, pattern: Pattern, found: Words) -> tuple[Changed, ...]:
    """Which kinds of change there are; empty if there is none."""
    ours, theirs = Counter[str](), Counter[str]()
    case = False
    for step in alignment.steps:
        if step.change in ("replaced", "added", "removed"):
            ours.update(pattern.words.plain[slice(*step.quoted)])
            theirs.update(found.plain[slice(*step.source)])
        case = case or any(change == "case" for change, _ in _by_case(step, pattern, found))
    numbers = _numbers(ours) != _numbers(theirs)
    negation = _negations(ours) != _negations(theirs)
    others = (ours - theirs) + (theirs - ours)
    words = any(not _is_number(word) and not _NEGATIONS.fullmatch(word) for word in others)
    moved = bool(ours) and ours == theirs  # the same words in another order
    named: list[tuple[Changed, bool]] = [
        ("words", words or moved or (bool(others) and not numbers and not negation)),
        ("numbers", numbers),
        ("negation", negation),
        ("case", case),
    ]
    return tuple(name for name, holds in named if holds)


def _by_case(step: Step, pattern: Pattern, found: Words) -> Iterable[tuple[Change | Literal["case"], Step]]:
    """A step, cut where words of the same letters differ in their capitals; where a part of a quotation begins, its
    first letter may."""
    (start, end), (first, last) = step.quoted, step.source
    if step.change != "same" or end - start != last - first:
        yield step.change, step
        return
    begun = 0
    for number in range(end - start):
        ours, theirs = pattern.words.cased[start + number], found.cased[first + number]
        if _same_case(ours, theirs, free=start + number in pattern.free):
            continue
        if number > begun:
            yield "same", Step("same", (start + begun, start + number), (first + begun, first + number))
        begun = number + 1
        yield "case", Step("same", (start + number, start + begun), (first + number, first + begun))
    if begun < end - start:
        yield "same", Step("same", (start + begun, end), (first + begun, last))


def _same_case(ours: str, theirs: str, *, free: bool) -> bool:
    return ours == theirs or (free and ours[1:] == theirs[1:])


def _numbers(words: Counter[str]) -> Counter[str]:
    found = Counter[str]()
    for word, count in words.items():
        if _is_number(word):
            found[_VALUES.get(word, word)] += count
    return found


def _is_number(word: str) -> bool:
    return word in _NUMBERS or any(letter.isdecimal() for letter in word)


def _negations(words: Counter[str]) -> int:
    return sum(count for word, count in words.items() if _NEGATIONS.fullmatch(word))


def _slice(text: Text, words: Words, numbers: tuple[int, int]) -> str:
    """The text from the first to the last of these words; empty if there are none."""
    spans = words.spans[slice(*numbers)]
    return text[spans[0][0] : spans[-1][1]] if spans else ""
