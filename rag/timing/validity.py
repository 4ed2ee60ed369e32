"""Which of several answers to the same thing holds, where sources or sentences disagree.

The rule, in its order, and only between candidates that answer the same thing (`_same_thing`):

1. A value that its own sentence limits to the past ("until 31 March 2025 the fee was 5", "formerly 5") loses to
   another.
2. A value that a later sentence or document changes loses to the new one: of two dated documents, where words say that
   something changed, the newer one holds; of a change that one sentence names ("changed from 40 to 34", "34, not 40")
   the new value holds.
3. If the question asks for an earlier time ("in 2022", "before the change"), the value of that time holds.

Alone, every value stands. What is overruled stands beside the answer.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from citeqa.index.documents.nearby import sentences_near
from citeqa.index.protocols import SearchIndex
from citeqa.index.types import DocumentView, Span
from citeqa.rag.candidates import Candidate, same_spot
from citeqa.rag.citation.citing import Citer
from citeqa.rag.matching import alike, same_answer
from citeqa.rag.timing.expressions import Timing
from citeqa.rag.timing.limits import Standing, changes_in, says_changed, standing
from citeqa.rag.values import comparable, sort_of

MOST = 24  # candidates looked at
BEHIND = 16.0  # how far below the best one's margin another candidate may be
LOWEST = -6.0  # the lowest margin of another candidate
NEAR = 4.0  # how far behind the best one another in words may be: "new" and "has been" are said of much
SHARED = 0.65  # of the question's terms in the best one's sentence, how much the other one's must have
RELATED = 0.2  # of them in the best one's document, how much a document must have that names a change of its value
_READ = 20_000  # code points of a document that are looked at
_AROUND = (
    50_000  # code points at the beginning of a document, and on each side of a candidate, where names are looked for
)
_BEGINNING = 300  # code points of a document that say what it is

_EARLIER = re.compile(
    r"\b(?:originally|previously|formerly|initially|at first|used to|before the (?:change|amendment|correction|increase"
    r"|reform|revision)|(?:old|former|original|previous|earlier|first) (?:\w+ )?(?:price|fee|rate|rent|figure|number"
    r"|value|deadline|rule|limit|estimate|version|text|date))\b",
    re.IGNORECASE,
)
_ADVERBIAL = re.compile(r"(?:in|on|at|during|until|till|before|by|as of|up to|around|throughout|from|between)\b", re.I)
_CHANGING = re.compile(
    r"\b(?:amend\w*|addend\w*|correct\w*|clarif\w*|errat\w*|corrigend\w*|revis\w*|replac\w*|supersed\w*|new|chang\w*"
    r"|update\w*)\b",
    re.IGNORECASE,
)
_LOWER = re.compile(r"(?<![\w’'])[a-z]{5,}")
_NAME = re.compile(r"(?<=[\w,;:’')] )[A-Z][\w’'-]+|\b\w*\d[\w-]*\b")
_DAYS = re.compile(
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|\w+day|\d+)s?$", re.I
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a question tells the time that is asked about, and the day on which it is asked."""

    question: str
    times: tuple[Timing, ...]
    today: date

    @property
    def earlier(self) -> bool:
        """Whether the words ask for what held before, without a date."""
        return bool(_EARLIER.search(self.question))

    @property
    def until(self) -> date | None:
        """The last day of the time that is asked about; None if it is the present. "The 2018 election" is a name."""
        named = [
            time.date_to for time in self.times
            if time.use != "newest" and time.date_to and (time.use == "filter" or _ADVERBIAL.match(time.text))
        ]  # fmt: skip
        return min(named) if named and min(named) < self.today else None


class Ruling(NamedTuple):
    """The candidate that holds, and those that it overrules, newest first."""

    chosen: Candidate
    overruled: tuple[Candidate, ...] = ()


class _Said(NamedTuple):
    """A candidate with what its sentence and its document say."""

    candidate: Candidate
    document: DocumentView
    sentence: str
    place: Span  # of the candidate in the sentence
    standing: Standing


def ruling(asked: Asked, candidates: Sequence[Candidate], index: SearchIndex, citer: Citer) -> Ruling:
    """The candidate that holds at the time that the question asks about.

    Args:
        candidates: at least one, best first.
    """
    best = _said(candidates[0], asked, citer)
    rivals = _rivals(asked, best, candidates, index, citer)
    if not rivals:
        return Ruling(best.candidate)
    chosen = best
    for rival in rivals:
        if _holds_rather(asked, rival, chosen):
            chosen = rival
    if chosen is best and best.standing is not Standing.MIXED:
        beside = [rival for rival in rivals if _overruled(rival, best, asked)]
    else:
        beside = [said for said in [best, *rivals] if said is not chosen and said.standing is not Standing.MIXED]
        beside = [said for said in beside if not alike(said.candidate.text, chosen.candidate.text)]
    return Ruling(chosen.candidate, tuple(_one_each(said.candidate for said in beside)))


def _said(candidate: Candidate, asked: Asked, citer: Citer) -> _Said:
    document = citer.document(candidate.document_id)
    found = _sentence(document, candidate.span)
    place = candidate.span.shifted(-found.start)
    text = document.quote(found)
    return _Said(candidate, document, text, place, standing(text, place, asked.today))


def _sentence(document: DocumentView, span: Span) -> Span:
    """The sentences that a span touches."""
    sentences = sentences_near(document, span)
    first = bisect_left(sentences, span.start, key=lambda one: one.end - 1)
    last = bisect_left(sentences, span.end, key=lambda one: one.start) - 1
    if first > last:
        return span
    return Span(min(span.start, sentences[first].start), max(span.end, sentences[last].end))


def _rivals(
    asked: Asked, best: _Said, candidates: Sequence[Candidate], index: SearchIndex, citer: Citer
) -> list[_Said]:
    """The other candidates that answer the same thing with another value, best first; each value once."""
    lowest = max(LOWEST, best.candidate.margin - BEHIND)
    near = [one for one in candidates[1:] if one.margin >= lowest]
    rivals: list[_Said] = []
    for one in near[: 4 * MOST]:
        mixed = best.standing is Standing.MIXED and best.candidate.span.contains(one.span)
        if same_spot(one, best.candidate) and not mixed:
            continue
        if not mixed and not _another_value(best.candidate, one):
            continue
        if any(same_answer(one.text, seen.candidate.text) or same_spot(one, seen.candidate) for seen in rivals):
            continue
        said = _said(one, asked, citer)
        if said.standing is not Standing.MIXED and (mixed or _same_thing(asked, best, said, index)):
            rivals.append(said)
            if len(rivals) == MOST:
                break
    return rivals + _stated(asked, best, candidates, index, citer)


def _stated(
    asked: Asked, best: _Said, candidates: Sequence[Candidate], index: SearchIndex, citer: Citer
) -> list[_Said]:
    """What the documents that were read say the best one's value is changed to, in so many words: such a sentence often
    does not say what it is about ("Clause 2: the words "£3,600" are replaced by "£4,250"")."""
    found = []
    seen: set[tuple[str, Span]] = set()
    for one in (one for one in candidates if one.document_id != best.candidate.document_id):
        document = citer.document(one.document_id)
        sentence = _sentence(document, one.span)
        if (one.document_id, sentence) in seen:
            continue
        seen.add((one.document_id, sentence))
        if best.candidate.text.strip(" .;,") not in document.quote(sentence):
            continue
        said = _said(one, asked, citer)
        for change in changes_in(said.sentence):
            old, value = (said.sentence[part.start : part.end].strip(" .;,") for part in change)
            known = same_answer(old, best.candidate.text) and comparable(value, best.candidate.text)
            if known and _shared(asked, best, said, index) >= RELATED and not _foreign_names(best, said):
                start = one.span.start - said.place.start + said.sentence.index(value, change.new.start)
                new = replace(one, span=Span(start, start + len(value)), text=value, first=False)
                found.append(_said(new, asked, citer))
    return found


def _another_value(best: Candidate, other: Candidate) -> bool:
    """Whether two candidates are values of one sort that differ."""
    return comparable(best.text, other.text) and not alike(best.text, other.text)


def _same_thing(asked: Asked, best: _Said, other: _Said, index: SearchIndex) -> bool:
    """Whether two candidates give a value of one sort for the same thing: their sentences share what the question asks
    for, and words say that something changed, in one document those of the sentences. That two documents of different
    days differ is not enough: either may be about something else."""
    wanted = set(index.terms(asked.question))
    ours = wanted.intersection(index.terms(best.sentence))
    theirs = ours.intersection(index.terms(f"{other.document.title}\n{other.sentence}"))
    if _weight(index, theirs) < SHARED * _weight(index, ours):
        return False
    said = best.standing is not Standing.UNSAID or other.standing is not Standing.UNSAID or says_changed(other.sentence)
    changed = said or bool(_CHANGING.search(other.document.title + " " + other.document.text[:_BEGINNING]))
    if not changed:
        return False
    limited = best.standing in (Standing.PAST, Standing.MIXED) or bool(changes_in(other.sentence))
    in_words = sort_of(best.candidate.text).kind in ("name", "phrase")
    if in_words and not limited and other.candidate.margin < best.candidate.margin - NEAR:
        return False
    if best.document.id == other.document.id:
        return said
    if _shared(asked, best, other, index) >= 1:
        return _is_named(asked, best, other) or not _foreign_names(best, other)
    return changed and not _foreign_names(best, other)


def _shared(asked: Asked, best: _Said, other: _Said, index: SearchIndex) -> float:
    """Of the question's terms in the best one's document, how much is in the other one's; between 0 and 1."""
    here, there = (index.terms(f"{one.document.title}\n{one.document.text[:_READ]}") for one in (best, other))
    ours = set(index.terms(asked.question)).intersection(here)
    return _weight(index, ours.intersection(there)) / (_weight(index, ours) or 1.0)


def _is_named(asked: Asked, best: _Said, other: _Said) -> bool:
    """Whether the other candidate's title and sentence hold the names of the question that the best one's document
    has."""
    here, there = _looked_at(best).lower(), f"{other.document.title}\n{other.sentence}".lower()
    return all(name in there for name in _names(asked.question) if name in here)


def _foreign_names(best: _Said, other: _Said) -> bool:
    """Whether the other candidate's title or sentence names somebody whom the best one's document does not."""
    known = f"{best.document.title}\n{_looked_at(best)}".lower()
    around = f"{other.sentence[: other.place.start]} {other.sentence[other.place.end :]}"
    titled = _names(other.document.title)
    if not _LOWER.search(other.document.title):  # Every Word Has A Capital: names are those that the text has, too
        titled = [name for name in titled if name.title() in other.document.text[:_READ]]
    return any(name not in known for name in [*titled, *_names(around)])


def _looked_at(said: _Said) -> str:
    """The text of a candidate's document; of a long one its beginning and what stands around the candidate."""
    text, span = said.document.text, said.candidate.span
    return text[:_AROUND] + text[max(_AROUND, span.start - _AROUND) : span.end + _AROUND]


def _names(text: str) -> list[str]:
    """The names and codes in a text, in lower case, without possessives; months, days and numbers are none."""
    found = (re.sub(r"['’]s?$", "", name) for name in _NAME.findall(text))
    return [name.lower() for name in found if not _DAYS.match(name)]


def _weight(index: SearchIndex, terms: set[str]) -> float:
    return sum(index.idf(term) for term in terms)


def _holds_rather(asked: Asked, other: _Said, one: _Said) -> bool:
    """Whether one candidate holds rather than another at the time that the question asks about."""
    ours, theirs = _rank(asked, other), _rank(asked, one)
    if ours[0] != theirs[0]:
        return ours[0] > theirs[0]
    if asked.earlier and not asked.until:
        return _older(other, one)
    until = asked.until
    if until and _after(one.document, until) and not _after(other.document, until):
        return other.document.date is not None
    if other.document.date and one.document.date and other.document.date != one.document.date:
        late = until is not None and _after(other.document, until) and not _after(one.document, until)
        return other.document.date > one.document.date and not late
    return ours[1] > theirs[1]


def _rank(asked: Asked, said: _Said) -> tuple[int, int]:
    """How well a candidate's own words fit the time that is asked about, and how plainly."""
    if asked.until or asked.earlier:
        past = said.standing is Standing.PAST
        return int(past), 0
    holds = said.standing not in (Standing.PAST, Standing.MIXED, Standing.TO_COME)
    return int(holds), int(said.standing is Standing.IN_FORCE)


def _older(other: _Said, one: _Said) -> bool:
    ours, theirs = other.document.date, one.document.date
    return ours is not None and theirs is not None and ours < theirs


def _after(document: DocumentView, day: date) -> bool:
    return document.date is not None and document.date > day


def _overruled(rival: _Said, best: _Said, asked: Asked) -> bool:
    """Whether a rival is an older value of what the best one gives, and not just another one."""
    return rival.standing is Standing.PAST or _holds_rather(asked, best, rival)


def _one_each(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The first candidate of each answer."""
    found: list[Candidate] = []
    for one in candidates:
        if not any(same_answer(one.text, seen.text) for seen in found):
            found.append(one)
    return found
