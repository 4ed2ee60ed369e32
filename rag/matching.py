"""Compares answers and classifies them by kind: pure functions over text."""

from __future__ import annotations

import re
import string
from collections import Counter
from functools import lru_cache
from typing import Literal, NamedTuple

Kind = Literal["date", "number", "name", "phrase"]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_NUMBER = re.compile(r"(?:(?<![^\s([{\"'“‘$€£¥])[-−–][$€£¥]?)?(?:\d+(?:[.,]\d+)*|(?<!\w)\.\d+)")
_NUMBER_WORD = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|"
    r"trillion|dozen|half)\b",
    re.IGNORECASE,
)
_MONTH = re.compile(
    r"\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\b",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r",(?=\d{3}(?!\d))")
# four digits that may be a year, also at the end of a date ("4.5.1987"), but not an amount of money or part of a number
_YEAR = re.compile(r"(?<![\w$€£¥])(?<!\d[.,])(?:\d{1,2}\.\d{1,2}\.)?(?:1\d|20)\d\d(?![\w°€£¥]|[.,]\d|[ \u00a0]?[%‰])")
# a number counts the word after it ("1500 people"), unless a word before it marks a time ("in 1987 people fled")
_COUNTED = re.compile(
    r"[ \u00a0](?:[a-z]{2,}[^\W\d_sui]s|people|men|women|children|feet|km|kg|hundred|thousand|million|billion)\b"
)
_DATING = re.compile(
    r"\b(?:in|since|until|till|by|before|after|during|from|between|early|mid|late|year|the)[ \u00a0-]\Z", re.IGNORECASE
)


def normalized(text: str) -> str:
    """SQuAD's normalisation (Rajpurkar et al. 2016): lower case, no ASCII punctuation, no articles, single spaces."""
    text = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


def token_f1(found: str, wanted: str) -> float:
    """The F1 between the normalised tokens of two texts, taken as bags (SQuAD's F1)."""
    return _f1(Counter(normalized(found).split()), Counter(normalized(wanted).split()))


def same_answer(one: str, other: str) -> bool:
    """Whether two quotes have the same words, ignoring case, punctuation (curly quotes too) and articles.

    Punctuation inside numbers counts: "1.5 million" is not "15 million", and "-5" is not "5".
    """
    ours, theirs = _facts(one), _facts(other)
    return ours.normalized == theirs.normalized and ours.numbers == theirs.numbers


def alike(one: str, other: str) -> bool:
    """Whether two quotes are variants of one answer: they share half of their words, or one contains all words of the
    other.

    They are not if both contain numbers or months and each has one that the other lacks: "12 people" and "14 people"
    are different answers, but "4 May 1987" only adds to "1987".
    """
    ours, theirs = _facts(one), _facts(other)
    if ours.words.keys().isdisjoint(theirs.words):  # most pairs
        return not ours.words and not theirs.words
    if (
        _contradict(ours.numbers, theirs.numbers)
        or _contradict(ours.number_words, theirs.number_words)
        or _contradict(ours.months, theirs.months)
    ):
        return False
    one_in_other = ours.words.keys() <= theirs.words.keys() or theirs.words.keys() <= ours.words.keys()
    return one_in_other or _f1(ours.words, theirs.words) >= 0.5


def numbers(text: str) -> list[str]:
    """The digits of each number in a text, with a minus sign and without thousands separators, sorted."""
    found = (_THOUSANDS.sub("", number) for number in _NUMBER.findall(text))
    return sorted(re.sub(r"^[-−–][$€£¥]?", "-", number) for number in found)


def quantities(text: str) -> set[str]:
    """Every number in a text, in digits or in words."""
    return {*numbers(text), *_number_words(text)}


def kind(text: str) -> Kind:
    """The kind of an answer, judged by its form."""
    words = re.findall(r"[^\W_]+", text)
    if _years(text) or (_months(text) and (len(words) == 1 or numbers(text))):
        return "date"
    if numbers(text) or _number_words(text):
        return "number"
    content = [word for word in words if word.lower() not in _SMALL]
    return "name" if content and all(word[:1].isupper() for word in content) else "phrase"


class _Facts(NamedTuple):
    """What two quotes are compared by. Never changed."""

    normalized: str
    words: Counter[str]
    numbers: Counter[str]
    number_words: Counter[str]
    months: Counter[str]


@lru_cache(maxsize=512)  # the candidates of a few questions: each is compared with every other
def _facts(text: str) -> _Facts:
    plain = normalized(_plain(text))
    counted = (Counter(found) for found in (plain.split(), numbers(text), _number_words(text), _months(text)))
    return _Facts(plain, *counted)


def _f1(ours: Counter[str], theirs: Counter[str]) -> float:
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum(min(count, theirs[word]) for word, count in ours.items())
    return 2 * shared / (ours.total() + theirs.total())


def _contradict(ours: Counter[str], theirs: Counter[str]) -> bool:
    return bool(ours and theirs) and not (ours <= theirs or theirs <= ours)


def _months(text: str) -> list[str]:
    return [found[:3].lower() for found in _MONTH.findall(text) if found[0].isupper()]


def _years(text: str) -> bool:
    """Whether a text names a year: four digits that count nothing, or that follow a word for a time."""
    return any(
        not _COUNTED.match(text, found.end()) or _DATING.search(text[: found.start()]) for found in _YEAR.finditer(text)
    )


def _number_words(text: str) -> list[str]:
    return [found.lower() for found in _NUMBER_WORD.findall(text)]


def _plain(text: str) -> str:
    return text.translate(_STRAIGHT)


_STRAIGHT = str.maketrans("“”„«»‘’–—", '"""""\'\'--')
_SMALL = {"of", "the", "a", "an", "and", "de", "la", "le", "von", "van", "der", "for", "in", "on", "to", "s"}
