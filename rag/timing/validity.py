"""Which of several answers to the same thing holds, where sources or sentences disagree.

The rule, in its order, and only between candidates that answer the same thing (see `rag.timing.same_thing`):

1. A value that its own sentence limits to the past ("until 31 March 2025 the fee was 5", "formerly 5") loses to
   another.
2. A value that a later sentence or document changes loses to the new one: of two dated documents, where words say that
   something changed or their titles are the same but for the time ("Price list 2024", "Price list 2025"), the newer one
   holds; of a change that one sentence names ("changed from 40 to 34", "34, not 40") the new value holds.
3. If the question asks for an earlier time ("in 2022", "before the change"), the value of that time holds.

Alone, every value stands. What is overruled stands beside the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from citeqa.index.protocols import SearchIndex
from citeqa.index.types import DocumentView, Span
from citeqa.rag.candidates import Candidate, same_spot
from citeqa.rag.citation.citing import Citer
from citeqa.rag.matching import alike, same_answer
from citeqa.rag.timing.limits import Standing, changes_in
from citeqa.rag.timing.same_thing import foreign_names, same_thing, shared_terms
from citeqa.rag.timing.statements import Asked, Statement, sentence_around, statement_of
from citeqa.rag.values import comparable

MOST = 24  # candidates looked at
BEHIND = 16.0  # how far below the best one's margin another candidate may be
LOWEST = -6.0  # the lowest margin of another candidate
RELATED = 0.2  # of the question's terms in the best one's document, how many one that names a change must have
_SENTENCES = re.compile(r"[.!?]\s|\n")  # such a span is more than a value


class Ruling(NamedTuple):
    """The candidate that holds, and those that it overrules, newest first."""

    chosen: Candidate
    overruled: tuple[Candidate, ...] = ()


def ruling(asked: Asked, candidates: Sequence[Candidate], index: SearchIndex, citer: Citer) -> Ruling:
    """The candidate that holds at the time that the question asks about.

    Args:
        candidates: at least one, best first.
    """
    best = statement_of(candidates[0], asked, citer)
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
        beside = [
            statement
            for statement in [best, *rivals]
            if statement is not chosen and statement.standing is not Standing.MIXED
        ]
        beside = [statement for statement in beside if not alike(statement.candidate.text, chosen.candidate.text)]
    return Ruling(chosen.candidate, tuple(_one_each(statement.candidate for statement in beside)))


def _rivals(
    asked: Asked, best: Statement, candidates: Sequence[Candidate], index: SearchIndex, citer: Citer
) -> list[Statement]:
    """The other candidates that answer the same thing with another value, best first; each value once."""
    lowest = max(LOWEST, best.candidate.margin - BEHIND)
    near = [one for one in candidates[1:] if one.margin >= lowest and not _SENTENCES.search(one.text)]
    rivals: list[Statement] = []
    for one in near[: 4 * MOST]:
        mixed = best.standing is Standing.MIXED and best.candidate.span.contains(one.span)
        if same_spot(one, best.candidate) and not mixed:
            continue
        if not mixed and not _another_value(best.candidate, one):
            continue
        if any(same_answer(one.text, seen.candidate.text) or same_spot(one, seen.candidate) for seen in rivals):
            continue
        statement = statement_of(one, asked, citer)
        if statement.standing is not Standing.MIXED and (mixed or same_thing(asked, best, statement, index)):
            rivals.append(statement)
            if len(rivals) == MOST:
                break
    return rivals + _stated(asked, best, candidates, index, citer)


def _stated(
    asked: Asked, best: Statement, candidates: Sequence[Candidate], index: SearchIndex, citer: Citer
) -> list[Statement]:
    """What the documents that were read say the best one's value is changed to, in so many words: such a sentence often
    does not say what it is about ("Clause 2: the words "£3,600" are replaced by "£4,250"")."""
    found = []
    seen: set[tuple[str, Span]] = set()
    for one in (one for one in candidates if one.document_id != best.candidate.document_id):
        document = citer.document(one.document_id)
        sentence = sentence_around(document, one.span)
        if (one.document_id, sentence) in seen:
            continue
        seen.add((one.document_id, sentence))
        if best.candidate.text.strip(" .;,") not in document.quote(sentence):
            continue
        statement = statement_of(one, asked, citer)
        for change in changes_in(statement.sentence):
            old, value = (statement.sentence[part.start : part.end].strip(" .;,") for part in change)
            known = same_answer(old, best.candidate.text) and comparable(value, best.candidate.text)
            if known and shared_terms(asked, best, statement, index) >= RELATED and not foreign_names(best, statement):
                start = one.span.start - statement.place.start + statement.sentence.index(value, change.new.start)
                new = replace(one, span=Span(start, start + len(value)), text=value, first=False)
                found.append(statement_of(new, asked, citer))
    return found


def _another_value(best: Candidate, other: Candidate) -> bool:
    """Whether two candidates are values of one sort that differ."""
    return comparable(best.text, other.text) and not alike(best.text, other.text)


def _holds_rather(asked: Asked, other: Statement, one: Statement) -> bool:
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


def _rank(asked: Asked, statement: Statement) -> tuple[int, int]:
    """How well a candidate's own words fit the time that is asked about, and how plainly."""
    if asked.until or asked.earlier:
        past = statement.standing is Standing.PAST
        return int(past), 0
    holds = statement.standing not in (Standing.PAST, Standing.MIXED, Standing.TO_COME)
    return int(holds), int(statement.standing is Standing.IN_FORCE)


def _older(other: Statement, one: Statement) -> bool:
    ours, theirs = other.document.date, one.document.date
    return ours is not None and theirs is not None and ours < theirs


def _after(document: DocumentView, day: date) -> bool:
    return document.date is not None and document.date > day


def _overruled(rival: Statement, best: Statement, asked: Asked) -> bool:
    """Whether a rival is an older value of what the best one gives, and not just another one."""
    return rival.standing is Standing.PAST or _holds_rather(asked, best, rival)


def _one_each(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The first candidate of each answer."""
    found: list[Candidate] = []
    for one in candidates:
        if not any(same_answer(one.text, seen.text) for seen in found):
            found.append(one)
    return found
