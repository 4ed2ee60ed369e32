"""Passages: untouched slices that cover everything, fit the model with their heading, and overlap as asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.paths import SEEDS, public_data

from citeqa.index.documents.chunker import Chunker, ChunkerSettings, CountTokens, group, indexed_text
from citeqa.index.documents.corpus import document, load
from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder
from citeqa.index.types import Document, Passage, Span

sentence = st.builds(
    lambda words, end: " ".join(words).capitalize() + end,
    st.lists(st.sampled_from(["rain", "a", "fell", "émeute", "😀", "x" * 90]), min_size=1, max_size=40),
    st.sampled_from([".", "!", "?", ".”"]),
)
line = st.lists(sentence, min_size=1, max_size=4).map(" ".join) | st.sampled_from(
    ["", "- Advertisement -", "(end)", " "]
)
bodies = st.lists(line, min_size=1, max_size=12).map("\n".join).filter(str.strip)
command_settings = st.builds(ChunkerSettings, st.integers(16, 64), st.integers(0, 3))


def count_words(texts: Sequence[str]) -> list[int]:
    """A token is a word: something one can check by eye."""
    return [len(text.split()) for text in texts]


def count_letters(texts: Sequence[str]) -> list[int]:
    """A token is a character that is not white space: as fine as tokens get."""
    return [sum(not c.isspace() for c in text) for text in texts]


def _document(text: str, title: str = "Title", published: date | None = None) -> Document:
    return document("a", text, file_sha256="0", title=title, published=published)


def _chunk(text: str, tokens: int = 16, overlap: int = 0) -> list[str]:
    chunker = Chunker(count_words, 1000, ChunkerSettings(tokens, overlap))
    return [passage.text for passage in chunker.chunk(_document(text))]


def _check(found: Document, passages: list[Passage]) -> None:
    """What no settings, tokenizer or text may break."""
    spans = [passage.span for passage in passages]
    assert all(found.quote(passage.span) == passage.text == passage.text.strip() for passage in passages)
    assert all(a.start < b.start and a.end < b.end for a, b in pairwise(spans))
    assert not any(span.overlaps(furniture) for span in spans for furniture in found.boilerplate)
    seen = {i for span in (*spans, *found.boilerplate) for i in range(span.start, span.end)}
    assert all(c.isspace() for i, c in enumerate(found.text) if i not in seen)
    assert len({passage.id for passage in passages}) == len(passages)


@pytest.mark.parametrize("count", [count_words, count_letters])
@given(
    text=bodies,
    settings=command_settings,
    max_tokens=st.integers(16, 80),
    title=st.sampled_from(["T", "A title of five words", "word " * 60]),
)
@pytest.mark.slow
def test_passages_are_slices_that_cover_all_and_fit_with_their_heading(
    count: CountTokens, text: str, settings: ChunkerSettings, max_tokens: int, title: str
) -> None:
    found = _document(text, title, date(2024, 5, 6))
    chunker = Chunker(count, max_tokens, settings)
    passages = chunker.chunk(found)
    _check(found, passages)
    assert max(count([indexed_text(chunker.heading(found), passage) for passage in passages]), default=0) <= max_tokens


@given(bodies, command_settings)
@pytest.mark.slow
def test_passages_are_no_longer_than_asked(text: str, settings: ChunkerSettings) -> None:
    passages = Chunker(count_words, 1000, settings).chunk(_document(text))
    assert max(count_words([passage.text for passage in passages]), default=0) <= settings.passage_tokens


def test_sentences_are_gathered_until_the_passage_is_full() -> None:
    assert _chunk("One two three four five. Six seven eight nine ten. Eleven twelve thirteen. A b c d.") == [
        "One two three four five. Six seven eight nine ten. Eleven twelve thirteen.",
        "A b c d.",
    ]
    assert _chunk("One two three four five. Six seven eight nine ten. Eleven twelve thirteen. A b c.") == [
        "One two three four five. Six seven eight nine ten. Eleven twelve thirteen. A b c."
    ]


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [(0, ["ABC", "DE"]), (1, ["ABC", "CDE"]), (2, ["ABC", "BCD", "CDE"]), (3, ["ABC", "BCD", "CDE"])],
)
def test_as_many_sentences_as_asked_are_repeated_where_there_is_room(overlap: int, expected: list[str]) -> None:
    five = {letter: " ".join([letter + letter] * 5) + "." for letter in "ABCDE"}
    assert _chunk(" ".join(five.values()), 16, overlap) == [" ".join(five[x] for x in group) for group in expected]


def test_a_passage_rather_ends_with_its_paragraph_than_takes_a_little_of_the_next() -> None:
    first, second = "Aa aa aa aa aa. Bb bb bb bb bb. Cc cc cc cc.", "Dd dd. Ee ee ee ee ee ee."
    assert _chunk(f"{first}\n\n{second}") == [first, second]
    assert _chunk(f"{first} {second}") == [f"{first} Dd dd.", "Ee ee ee ee ee ee."]


def test_a_passage_does_not_end_with_its_paragraph_if_that_leaves_it_short() -> None:
    assert _chunk("Aa aa.\n\nBb bb bb bb bb. Cc cc cc cc cc. Dd dd dd dd dd.") == [
        "Aa aa.\n\nBb bb bb bb bb. Cc cc cc cc cc.",
        "Dd dd dd dd dd.",
    ]


def test_a_sentence_too_long_for_a_passage_is_cut_into_windows_that_share_a_fourth() -> None:
    words = [f"w{number}" for number in range(40)]
    assert _chunk(" ".join(words)) == [" ".join(words[start : start + 16]) for start in (0, 12, 24)]


def test_the_sentences_around_a_long_one_stand_alone() -> None:
    passages = _chunk(f"Short one. {'word ' * 30}end. Short two.", overlap=1)
    assert passages[0] == "Short one."
    assert passages[-1] == "Short two."


def test_a_word_too_long_for_a_passage_is_cut_at_code_points_into_windows_that_overlap() -> None:
    passages = Chunker(count_letters, 1000, ChunkerSettings(16)).chunk(_document("x" * 1000))
    spans = [passage.span for passage in passages]
    assert (spans[0].start, spans[-1].end) == (0, 1000)
    assert all(a.start < b.start < a.end < b.end for a, b in pairwise(spans))
    assert max(len(span) for span in spans) <= 16


def test_text_without_white_space_is_cut_to_the_size_asked_too() -> None:
    passages = Chunker(count_letters, 254, ChunkerSettings(128)).chunk(_document("今天天气很好我们去公园吧" * 60))
    assert max(count_letters([passage.text for passage in passages])) <= 128


def test_windows_of_text_without_white_space_overlap() -> None:
    passages = Chunker(count_letters, 254, ChunkerSettings(128)).chunk(_document("今天天气很好我们去公园吧" * 60))
    assert all(b.span.start < a.span.end for a, b in pairwise(passages))


def test_one_odd_paragraph_does_not_change_how_the_others_are_cut() -> None:
    prose, odd = "Words come first here. " * 30, "今天天气很好我们去公园吧" * 60
    chunker = Chunker(count_letters, 254, ChunkerSettings(128))
    alone = [passage.span for passage in chunker.chunk(_document(prose))]
    assert [passage.span for passage in chunker.chunk(_document(f"{prose}\n\n{odd}"))][: len(alone)] == alone


def test_no_passage_spans_boilerplate_however_small_its_neighbours() -> None:
    assert _chunk("One.\n- Advertisement -\nTwo. (end)") == ["One.", "Two."]


def test_a_document_that_is_all_boilerplate_has_no_passages() -> None:
    assert _chunk("- Advertisement -\nClose Menu\n") == []


def test_the_heading_is_title_and_date_cut_to_a_fourth_of_what_the_model_reads() -> None:
    chunker = Chunker(count_words, 40, ChunkerSettings(16))
    assert chunker.heading(_document("Text.", "A title", date(2024, 5, 6))) == "A title 2024-05-06"
    assert chunker.heading(_document("Text.", "A title")) == "A title"
    long = " ".join(f"w{number}" for number in range(30))
    heading = chunker.heading(_document("Text.", long))
    assert long.startswith(heading)
    assert 5 <= len(heading.split()) <= 10


def test_a_passage_is_indexed_under_its_heading() -> None:
    passage = Passage("a", Span(0, 5), "Text.")
    assert indexed_text("A title", passage) == "A title\nText."
    assert indexed_text("", passage) == "Text."


@given(st.data(), st.integers(1, 20), st.integers(0, 4))
def test_groups_cover_all_within_the_budget_each_with_something_new(
    data: st.DataObject, budget: int, overlap: int
) -> None:
    sizes = data.draw(st.lists(st.integers(1, budget), max_size=30))
    starts = [True, *data.draw(st.lists(st.booleans(), min_size=len(sizes), max_size=len(sizes)))][: len(sizes)]
    covered, previous = 0, -1
    for first, last in group(sizes, starts, budget, overlap):
        assert previous < first <= covered < last <= len(sizes)  # no gap, something new, and never the same start
        assert sum(sizes[first:last]) <= budget
        assert covered - first <= overlap
        covered, previous = last, first
    assert covered == len(sizes)


@given(st.lists(st.integers(1, 16), min_size=1, max_size=30))
def test_without_paragraphs_and_overlap_groups_are_as_long_as_fits(sizes: list[int]) -> None:
    groups = list(group(sizes, [False] * len(sizes), 16, 0))
    assert all(sum(sizes[first : last + 1]) > 16 for first, last in groups[:-1])


@pytest.mark.parametrize(
    ("tokens", "overlap", "message"), [(15, 1, "passage_tokens is 15"), (16, -1, "sentences is -1")]
)
def test_impossible_settings_are_refused_with_the_number(tokens: int, overlap: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ChunkerSettings(tokens, overlap)


def test_passages_of_the_seed_articles_fit_the_real_model(embedder: SentenceTransformerEmbedder) -> None:
    _check_with_model([item for item in load([SEEDS]) if isinstance(item, Document)], embedder)


@pytest.mark.data
def test_passages_of_real_news_fit_the_real_model(embedder: SentenceTransformerEmbedder) -> None:
    news = load([public_data("wikinews", "corpus.jsonl")])
    _check_with_model([item for item in islice(news, 60) if isinstance(item, Document)], embedder)


def _check_with_model(documents: list[Document], embedder: SentenceTransformerEmbedder) -> None:
    chunker = Chunker(embedder.count_tokens, embedder.info.max_tokens, ChunkerSettings())
    assert documents
    for found in documents:
        passages = chunker.chunk(found)
        _check(found, passages)
        heading = chunker.heading(found)
        assert max(embedder.count_tokens([indexed_text(heading, passage) for passage in passages])) <= 254
        assert max(embedder.count_tokens([passage.text for passage in passages])) <= 128
