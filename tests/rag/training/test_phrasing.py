"""Questions as people type them."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from citeqa.rag.training.phrasing import keywords, misspelt, phrased

QUESTION = "Who opened the new Harbour bridge in 1987?"


def test_keywords_by_hand() -> None:
    assert keywords(QUESTION) == "opened new harbour bridge 1987"
    assert keywords("What is that?") == "What is that?"  # nothing would be left


def distance(one: str, other: str) -> int:
    """Damerau and Levenshtein's distance with adjacent transpositions, by the textbook's table."""
    table = {(i, -1): i + 1 for i in range(-1, len(one))} | {(-1, j): j + 1 for j in range(-1, len(other))}
    for i, left in enumerate(one):
        for j, right in enumerate(other):
            found = [table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (left != right)]
            if i and j and (left, one[i - 1]) == (other[j - 1], right):
                found.append(table[i - 2, j - 2] + 1)
            table[i, j] = min(found)
    return table[len(one) - 1, len(other) - 1]


@given(st.text(max_size=60), st.integers())
def test_at_most_one_letter_is_wrong_and_no_word_begins_otherwise(question: str, seed: int) -> None:
    found = misspelt(question, Random(seed))
    assert distance(question, found) <= 1
    assert [word[0] for word in found.split()] == [word[0] for word in question.split()]


def test_most_questions_stay_and_every_kind_of_change_occurs() -> None:
    found = [phrased(QUESTION, Random(seed)) for seed in range(1000)]
    assert 650 < found.count(QUESTION) < 830
    assert found.count(QUESTION.lower()) > 50
    assert found.count(keywords(QUESTION)) > 40
    assert len(set(found)) > 20  # misspelt ones
    assert found == [phrased(QUESTION, Random(seed)) for seed in range(1000)]
