"""Questions as people type them: without capitals, as keywords, misspelt."""

from __future__ import annotations

import re
from random import Random

LOWER, KEYWORDS, MISSPELT = 0.1, 0.08, 0.08  # shares of the questions that are changed so

_WORD = re.compile(r"[^\W\d_]+")
_SMALL = re.compile(
    r"an?|the|of|in|on|at|to|for|from|by|with|and|or|is|are|was|were|be|been|do|does|did|has|have|had|will|would|can|"
    r"could|should|may|might|that|this|these|those|its?|there|their|his|her|s?he|they|who|whom|whose|which|what|as"
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def phrased(question: str, chance: Random) -> str:
    """The question, or by chance another way to type it."""
    drawn = chance.random()
    if drawn < LOWER:
        return question.lower()
    if drawn < LOWER + KEYWORDS:
        return keywords(question)
    if drawn < LOWER + KEYWORDS + MISSPELT:
        return misspelt(question, chance)
    return question


def keywords(question: str) -> str:
    """The words of the question in lower case without small words and the question mark, if three or more are left."""
    left = [word for word in question.lower().rstrip("?! .").split() if not _SMALL.fullmatch(word)]
    return " ".join(left) if len(left) > 2 else question


def misspelt(question: str, chance: Random) -> str:
    """The question with one wrong letter in a word of five letters or more: left out, doubled, changed, or in the wrong
    order with the next. The first letter stays."""
    words = [found for found in _WORD.finditer(question) if len(found.group()) > 4]
    if not words:
        return question
    word = chance.choice(words)
    place = chance.randrange(word.start() + 1, word.end() - 1)
    before, here, after = question[:place], question[place], question[place + 1 :]
    wrong = ["", here * 2, chance.choice(_LETTERS)]
    return chance.choice([*(before + letters + after for letters in wrong), before + after[0] + here + after[1:]])
