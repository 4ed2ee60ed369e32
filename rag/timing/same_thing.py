"""Whether two candidates give a value of one sort for the same thing, so that only one of them can hold."""

from __future__ import annotations

import re

from citeqa.index.protocols import SearchIndex
from citeqa.index.types import Span
from citeqa.rag.matching import alike
from citeqa.rag.timing.limits import Standing, changes_in, says_changed
from citeqa.rag.timing.statements import Asked, Statement
from citeqa.rag.values import sort_of

NEAR = 4.0  # how far behind the best one another in words may be: "new" and "has been" are said of much
SHARED = 0.65  # of the question's terms in the best one's sentence, how much the other one's must have
_READ = 20_000  # code points of a document that are looked at
_AROUND = 50_000  # code points at its beginning, and on each side of the candidate, in which names are looked for
_BEGINNING = 300  # code points of a document that say what it is
_CHANGING = re.compile(
    r"\b(?:amend\w*|addend\w*|correct\w*|clarif\w*|errat\w*|corrigend\w*|revis\w*|replac\w*|supersed\w*|new|chang\w*"
    r"|update\w*|delay\w*|postpon\w*|than (?:first |originally |previously )?(?:thought|expected|planned|announced"
    r"|stated|reported|assumed|estimated|feared|hoped))\b",
    re.IGNORECASE,
)
_LOWER = re.compile(r"(?<![\w’'])[a-z]{5,}")
_NAME = re.compile(r"(?<=[\w,;:’')] )[A-Z][\w’'-]+|\b\w*\d[\w-]*\b")
_DAYS = re.compile(
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|\w+day|\d+)s?$", re.I
)
# what an edition of a document may have in its title beside its time
_EDITION = frozenset(
    {"first", "second", "third", "fourth", "spring", "summer", "autumn", "fall", "winter", "quarter", "half"}
    | {"new", "newest", "latest", "updated", "revised", "current", "edition", "version", "final", "annual", "monthly"}
)


def same_thing(asked: Asked, best: Statement, other: Statement, index: SearchIndex) -> bool:
    """Whether two candidates give a value of one sort for the same thing: their sentences share what the question asks
    for, and words say that something changed, in one document those of the sentences, or both are editions of one
    document. That two documents of different days differ is not enough: either may be about something else."""
    wanted = set(index.terms(asked.question))
    ours = wanted.intersection(index.terms(best.sentence))
    theirs = ours.intersection(index.terms(f"{other.document.title}\n{other.sentence}"))
    if _weight(index, theirs) < SHARED * _weight(index, ours):
        return False
    told = best.standing is not Standing.UNSAID or other.standing is not Standing.UNSAID or says_changed(other.sentence)
    changed = told or bool(_CHANGING.search(other.document.title + " " + other.document.text[:_BEGINNING]))
    if not changed:
        return (
            _editions(asked, best, other)
            and shared_terms(asked, best, other, index) >= 1
            and not foreign_names(best, other)
        )
    limited = best.standing in (Standing.PAST, Standing.MIXED)
    if not limited and sort_of(best.candidate.text).kind in ("name", "phrase"):
        changes = changes_in(other.sentence)
        if changes and not any(alike(_quoted(other, change.old), best.candidate.text) for change in changes):
            return False  # something else is changed: "wrong values, not ice"
        if not changes and other.candidate.margin < best.candidate.margin - NEAR:
            return False
    if best.document.id == other.document.id:
        return told
    if shared_terms(asked, best, other, index) >= 1:
        return _is_named(asked, best, other) or not foreign_names(best, other)
    return not foreign_names(best, other)


def _quoted(statement: Statement, part: Span) -> str:
    return statement.sentence[part.start : part.end]


def _editions(asked: Asked, best: Statement, other: Statement) -> bool:
    """Whether two dated documents have one title but for the time in it, so that the later one replaces what the
    earlier one counts or dates. Where the question has a number that the other one lacks, it may name the edition
    ("Annual report 2024", for what was earned in 2024): then they are not compared."""
    days = {best.document.date, other.document.date}
    if None in days or len(days) < 2 or asked.earlier:
        return False
    ours, theirs = (f"{one.document.title}\n{one.sentence}" for one in (best, other))
    if any(number in ours and number not in theirs for number in re.findall(r"\d+", asked.question)):
        return False
    titles = {_untimed(one.document.title) for one in (best, other)}
    return len(titles) == 1 and bool(titles.pop()) and sort_of(best.candidate.text).kind not in ("name", "phrase")


def _untimed(title: str) -> str:
    """The words of a title without months, days and numbers."""
    words = re.findall(r"[^\W_]+", title.lower())
    return " ".join(
        word for word in words if not _DAYS.fullmatch(word) and word not in _EDITION and not any(map(str.isdigit, word))
    )


def shared_terms(asked: Asked, best: Statement, other: Statement, index: SearchIndex) -> float:
    """Of the question's terms in the best one's document, how much is in the other one's; between 0 and 1."""
    here, there = (index.terms(f"{one.document.title}\n{one.document.text[:_READ]}") for one in (best, other))
    ours = set(index.terms(asked.question)).intersection(here)
    return _weight(index, ours.intersection(there)) / (_weight(index, ours) or 1.0)


def _is_named(asked: Asked, best: Statement, other: Statement) -> bool:
    """Whether the other candidate's title and sentence hold the names of the question that the best one's document
    has."""
    here, there = _looked_at(best).lower(), f"{other.document.title}\n{other.sentence}".lower()
    return all(name in there for name in _names(asked.question) if name in here)


def foreign_names(best: Statement, other: Statement) -> bool:
    """Whether the other candidate's title or sentence names somebody whom the best one's document does not."""
    known = f"{best.document.title}\n{_looked_at(best)}".lower()
    around = f"{other.sentence[: other.place.start]} {other.sentence[other.place.end :]}"
    titled = _names(other.document.title)
    if not _LOWER.search(other.document.title):  # Every Word Has A Capital: names are those that the text has, too
        titled = [name for name in titled if name.title() in other.document.text[:_READ]]
    return any(name not in known for name in [*titled, *_names(around)])


def _looked_at(statement: Statement) -> str:
    """The text of a candidate's document; of a long one its beginning and what stands around the candidate."""
    text, span = statement.document.text, statement.candidate.span
    return text[:_AROUND] + text[max(_AROUND, span.start - _AROUND) : span.end + _AROUND]


def _names(text: str) -> list[str]:
    """The names and codes in a text, in lower case, without possessives; months, days and numbers are none."""
    found = (re.sub(r"['’]s?$", "", name) for name in _NAME.findall(text))
    return [name.lower() for name in found if not _DAYS.match(name)]


def _weight(index: SearchIndex, terms: set[str]) -> float:
    return sum(index.idf(term) for term in terms)
