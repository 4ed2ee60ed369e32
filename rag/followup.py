"""Completes a follow-up question with words of the turn before: names, times, topic. Nothing is generated: every word
comes from the turn before, and the user can remove each one.

A question is a follow-up if it refers back ("he", "there", "that year", "it"), if it begins like one ("And ...", "What
about ..."), or if it names nothing and says little ("On which day?"). A pronoun that stands for a name in the question
itself does not refer back ("What did Rubio say about his visit?").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

ANSWER_WORDS = 12  # a longer answer is a sentence: only its names are carried over
FEW = 2  # a question about a part ("the exact time") is incomplete up to this many content words
MANY = 12  # a question with more content words is complete
CHIPS = 8


@dataclass(frozen=True, slots=True)
class Turn:
    """A question, the answer to it, and the title of the document that was cited. `answer` and `title` are blank if
    there was no answer."""

    question: str
    answer: str = ""
    title: str = ""


class _Word(NamedTuple):
    text: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        return self.text.lower()


_WORD = re.compile(r"[$€£]?\w+(?:[.,'’/-]\w+)*(?:(?<=\b[A-Z])\.|%)?")
_SMALL = frozenset(
    """
a an the of in on at by for to from with and or but nor who whom whose what which when where why how did does do
was were is are be been being am has have had having will would should shall could can may might must many much
long old far often big large high deep tall fast kind sort type way name called exactly according us me tell give
say said about as into not no so any some all both other others another besides else also too still yet already
i you we he she it they him her them his hers its their theirs this that these those there then here same after
before during since until between per than if while because s
""".split()  # noqa: SIM905
)
# Words for a part of something mentioned before: "What was the exact time?", but not "Who discovered penicillin?"
_PARTS = frozenset(
    """
age aim amount board cause consequence cost damage date day duration effect exact exactly goal height hour length
location month motive number occasion outcome owner place price purpose reaction reason result score size title
time total value venue victim victims weight winner worth year
""".split()  # noqa: SIM905
)
_LINKS = frozenset({"of", "the", "for", "and", "de", "la", "le", "von", "van", "der", "bin", "al"})
_BEGINS = re.compile(r"\W*(?:and|but|so|or|also|what about|how about|what else|who else|where else)\b", re.IGNORECASE)
_SUBJECT = r"he|she|they|his|their|its|(?:her(?=\s+\w))"
_OWN = ("his", "her", "its", "their")
_OBJECT = r"him|them|it|hers|theirs|(?:her(?!\s+\w))"
_INNER = re.compile(rf"\b(?:{_SUBJECT})\b", re.IGNORECASE)  # may refer to a name earlier in the question
_OUTER = re.compile(
    rf"\b(?:{_OBJECT})\b"
    r"|\b(?:the\s+same|at\s+(?:the|that)\s+time|back\s+then|those|these)\b"
    r"|\bthat\s*(?=$|[?.,;!])|\bthat\s+(?:year|day|month|week|time|place|country|city|case|meeting|event|person)\b"
    r"|\bthis\s*(?=$|[?.,;!])|\bthis\s+(?!week\b|month\b|year\b|morning\b|evening\b|summer\b|winter\b)[a-z]+"
    r"|(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )\bthere\b(?!\s+(?:is|are|was|were|be|been|has|have|had)\b)"
    r"|\bthen\b",
    re.IGNORECASE,
)
_THING = re.compile(  # "Where do the gangs get their guns?"
    r"\b(?:the|an?|each|every|any|(?:which|what)(?!\s+(?:is|are|was|were|do|does|did|has|have|had|will|would|can)\b))"
    r"\s+[a-z]+",
    re.IGNORECASE,
)
_EMPTY_IT = re.compile(
    r"\bit\s+(?:takes?|took)\b|\bit\s+(?:is|was)\s+\w+\s+(?:to|that)\b|\b(?:does|did|will)\s+it\s+take\b|\b(?:is|was)\s+it\s+(?:true|possible|known|that)\b",
    re.IGNORECASE,
)


def carried(question: str, previous: Turn) -> tuple[str, ...]:
    """The words of the turn before that complete a question; empty if it is complete.

    First the answer, then the names, years and days of the previous question, or its topic if it names nothing. Words
    that the question already has are left out. Joined by spaces, they are the `context` to ask with.
    """
    if not points_back(question):
        return ()
    found = list(_answer(previous.answer)) + list(_names(previous.question))
    if not any(_is_name(chip) for chip in found):
        found += _topic(previous.question)
    if not found:
        found = list(_names(previous.title, sentence=False))
    used = {word.lower for word in _words(question)}
    chips: list[str] = []
    for chip in found:
        words = {word.lower for word in _words(chip)} - _SMALL
        if words and not words <= used:
            chips.append(chip)
            used |= words
    return tuple(chips[:CHIPS])


def points_back(question: str) -> bool:
    """Whether a question can only be understood with the turn before."""
    if _BEGINS.match(question):
        return True
    telling = [word.lower for word in _words(question) if word.lower not in _SMALL]
    if len(telling) > MANY:
        return False
    names = list(_spans(question))
    asked = _EMPTY_IT.sub(lambda found: " " * len(found.group()), question)
    if _OUTER.search(asked):
        return True
    if (inner := _INNER.search(asked)) and not any(end <= inner.start() for _, end in names):
        own = inner.group().lower() in _OWN and _THING.search(asked, 0, inner.start())
        if not own:
            return True
    return not names and (len(telling) < FEW or (len(telling) == FEW and not _PARTS.isdisjoint(telling)))


def _words(text: str) -> list[_Word]:
    return [_Word(found.group(), *found.span()) for found in _WORD.finditer(text)]


def _answer(answer: str) -> Iterator[str]:
    words = _words(answer)
    if 0 < len(words) <= ANSWER_WORDS:
        yield answer[words[0].start : words[-1].end]
    else:
        yield from _names(answer, sentence=False)


def _names(text: str, *, sentence: bool = True) -> Iterator[str]:
    """Runs of capitalised words and numbers, including "of" and the like between them, without a final 's."""
    for start, end in _spans(text, sentence=sentence):
        yield re.sub(r"['’]s\Z", "", text[start:end])


def _spans(text: str, *, sentence: bool = True) -> Iterator[tuple[int, int]]:
    words = _words(text)
    first: _Word | None = None
    last: _Word | None = None
    for number, word in enumerate(words):
        begins = (number == 0 and sentence) or re.search(
            r"[.?!]\s", text[words[number - 1].end : word.start]
        ) is not None
        named = (word.text[0].isupper() or any(c.isdigit() for c in word.text)) and (
            word.lower not in _SMALL or (word.text == "May" and not begins)
        )
        if named and begins and not _is_sure(words, number):
            named = False
        if named and last and _linked(text, words, last, word):
            last = word
        elif named:
            if first and last:
                yield first.start, last.end
            first = last = word
    if first and last:
        yield first.start, last.end


def _is_sure(words: list[_Word], number: int) -> bool:
    """Whether a capital at the beginning of a sentence belongs to a name: the next word is capitalised too, the word
    contains another capital or a digit, or it is the last word."""
    word = words[number]
    follows = words[number + 1].text if number + 1 < len(words) else ""
    return follows[:1].isupper() or any(c.isdigit() or c.isupper() for c in word.text[1:]) or number + 1 == len(words)


def _linked(text: str, words: list[_Word], last: _Word, word: _Word) -> bool:
    between = text[last.end : word.start]
    return not re.search(r"[^\w\s.]|\.\s*$(?<!\b\w\.)", between) and all(
        part.lower() in _LINKS - {"and"} for part in between.replace(".", " ").split()
    )


def _is_name(chip: str) -> bool:
    return any(chip[start:end][:1].isupper() for start, end in _spans(chip))


def _topic(question: str) -> Iterator[str]:
    """Runs of content words, as they stand in the question."""
    run: list[_Word] = []
    for word in [*_words(question), _Word("the", len(question), len(question))]:
        if word.lower not in _SMALL and (not run or not question[run[-1].end : word.start].strip()):
            run.append(word)
            continue
        if run:
            yield question[run[0].start : run[-1].end]
        run = [word] if word.lower not in _SMALL else []
