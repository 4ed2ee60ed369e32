"""When two answers are the same, and of what kind an answer is: pure functions over text."""

from __future__ import annotations

import re
import string
from collections import Counter
from typing import Literal

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
_YEAR = re.compile(r"\b(1\d|20)\d\d\b")


def normalized(text: str) -> str:
    """SQuAD's normalisation (Rajpurkar et al. 2016): lower case, no ASCII punctuation, no articles, single blanks."""
    text = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


def token_f1(found: str, wanted: str) -> float:
    """The F1 between the tokens of two texts, as bags, normalised (SQuAD's F1)."""
    ours, theirs = normalized(found).split(), normalized(wanted).split()
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * sum((Counter(ours) & Counter(theirs)).values()) / (len(ours) + len(theirs))


def same_answer(one: str, other: str) -> bool:
    """Whether two quotes say the same in the same words, but for case, punctuation (curly marks too) and articles.

    The marks inside numbers count: "1.5 million" is not "15 million", nor "-5" the same as "5".
    """
    return normalized(_plain(one)) == normalized(_plain(other)) and numbers(one) == numbers(other)


def alike(one: str, other: str) -> bool:
    """Whether two quotes are variants of one answer: half of their words are shared, or one's words are in the other.

    Not where both hold numbers or months and each holds one that the other lacks: "12 people" is another answer than
    "14 people", but "4 May 1987" only says more than "1987".
    """
    if any(_contradict(facts(one), facts(other)) for facts in (numbers, _number_words, _months)):
        return False
    one, other = normalized(_plain(one)), normalized(_plain(other))
    ours, theirs = set(one.split()), set(other.split())
    if not ours or not theirs:
        return ours == theirs
    return ours <= theirs or theirs <= ours or token_f1(one, other) >= 0.5


def numbers(text: str) -> list[str]:
    """The digits of each number in a text, with its minus sign, without separators of thousands, sorted."""
    found = (_THOUSANDS.sub("", number) for number in _NUMBER.findall(text))
    return sorted(re.sub(r"^[-−–][$€£¥]?", "-", number) for number in found)


def kind(text: str) -> Kind:
    """Of what kind an answer is, by its surface."""
    words = re.findall(r"[^\W_]+", text)
    if _YEAR.search(text) or (_months(text) and (len(words) == 1 or numbers(text))):
        return "date"
    if numbers(text) or _number_words(text):
        return "number"
    content = [word for word in words if word.lower() not in _SMALL]
    return "name" if content and all(word[:1].isupper() for word in content) else "phrase"


def _contradict(ours: list[str], theirs: list[str]) -> bool:
    one, other = Counter(ours), Counter(theirs)
    return bool(one and other) and not (one <= other or other <= one)


def _months(text: str) -> list[str]:
    return [found[:3].lower() for found in _MONTH.findall(text) if found[0].isupper()]


def _number_words(text: str) -> list[str]:
    return [found.lower() for found in _NUMBER_WORD.findall(text)]


def _plain(text: str) -> str:
    return text.translate(_STRAIGHT)


_STRAIGHT = str.maketrans("“”„«»‘’–—", '"""""\'\'--')
_SMALL = {"of", "the", "a", "an", "and", "de", "la", "le", "von", "van", "der", "for", "in", "on", "to", "s"}
