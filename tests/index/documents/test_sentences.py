"""Sentences: golden rows for what is hard to cut, and the properties that no text may break."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.paths import SEEDS

from citeqa.index.documents.corpus import document, load
from citeqa.index.documents.sentences import document_sentences, sentences
from citeqa.index.types import Document, Span

# A bar stands where one sentence ends and the next begins.
ROWS = """
He paid $9 million. | It was a lot.
The value rose by 3.14 percent. | It fell again.
The vote was 3.5 to 2. | Then they left.
He lives in the U.S. | He likes it.
The U.S. Treasury acted. | The U.S. has pledged help.
The U.K. and the U.S. agreed. | Then they split.
Mr. Smith went to Washington, D.C. | He stayed.
Sec. Rubio spoke. | He left.
He met Hon. Dr. Terrance Drew. | They spoke.
Gov. Smith, Sen. Jones and Rep. Lee met. | They talked.
Lt. Col. James Brown spoke. | Nobody listened.
J. K. Rowling wrote it. | It sold well.
Flights to St. Kitts and St. Vincent were cut. | They resumed.
She arrived at No. 10 Downing St. yesterday. | He left.
See Fig. 3 and Sec. 5 of the act. | It holds.
In the case Roe v. Wade the court ruled. | It fell.
He was seized on Jan. 3 in Caracas. | He was moved.
The mast is 8 m. | It fell.
The mast is 8 m. high and old.
It is 8 m. | The unit weighs 34 kg. | It is heavy.
It needs 12 V. | Use a fuse.
It draws 10 A. | Then stop.
Leave a gap of 3 mm. | Check it.
It weighs 3 t. | “It is heavy,” he said.
It holds 20 l. | Fill it.
It took 5 min. of work.
The breaker is of type B. | Use it.
He is J. Smith.
Eat vitamin C. | It helps.
George W. Bush met J. F. Kennedy. | He left.
We met A. Jones and 3 J. Smiths.
Roma, 21 Marzo 2024
It ended at 5 p.m. | He left.
It ends at 5 p.m. Tuesday. | He left.
It ends at 5 p.m. EST. | He left.
Fruit, e.g. apples, i.e. the round ones, etc. are sold. | Buy some.
She works at Acme Inc. in Ohio. | He does not.
The 2023 Caribbean-U.S. Security Cooperation Dialogue* met. | It closed.
Read [ https://example.com/a.b/ ] on March 18. | Next one.
Read https://example.com/a.b?c=d now. | Next one.
Version 2.0 is out.New one.
Wait... what? | Nothing.
Is it? | Yes! | No...
1. First item here
1. First item. | 2. Second item.
(a) First item. | (b) Second item.
He said "Stop." | Then he left.
He said "Stop." and then he left.
He asked, “Why did he go?” and left. | She stayed.
“Really?” she asked. | “Yes!” he cried.
“Yes,” he said. | “I will.”
‘Stop.’ | He left.
“Go home. | Stay there. | Be safe,” she said. | They left.
He said: «C'est fini. | On y va.» | They went.
said "they need fair, democratic elections.” | Then he left.
“A destabilized Cuba will destabilize all of us," he said. | He left.
The firm (founded in 1999.) closed. | It is gone.
Hi 😀 there. | Go 👍🏽 on! | 𝒴es, yes.
مرحبا بكم. | كيف حالك؟ | أنا بخير.
今天天气很好。|我们去公园吧。|好吗？
""".strip().splitlines()

# The last paragraphs of two articles, where straight and curly marks are mixed and a quotation has several sentences.
PARAGRAPHS = [
    (
        "002_73ec0a3e5fd5a0e3",
        [
            "“Humanitarian suffering serves no one.",
            "Apart from our fraternal care and solidarity with the Cuban people, it must be clear that a prolonged "
            "crisis in Cuba will not remain confined to Cuba.",
            'It will affect migration, security and economic security across the Caribbean basin," Holness said on '
            'Tuesday, calling for "constructive dialogue between Cuba and the United States aimed at de-escalation, '
            'reform and stability."',
            "The meeting’s host, Saint Kitts and Nevis Prime Minister Terrance Drew, said CARICOM should be a conduit "
            "for dialogue over Cuba's future.",
            '“A destabilized Cuba will destabilize all of us," he said.',
        ],
    ),
    (
        "001_6fe46eaa118b1c1d",
        [
            "Rubio, back in March, carried out a two-day tour to the Caribbean sea region with illegal immigration and "
            "combating cross borders crime being amongst the chief issues discussed during the visits.",
            "The tour included Jamaica, Guyana, and Suriname.",
        ],
    ),
]

# Sentences of the seed articles that are easily cut in two or joined to the next.
STARTS = [
    ("000_af1a68e7bfcc8847", "In a landmark address", "on February 25th."),
    ("000_af1a68e7bfcc8847", "CARICOM Chairman and Prime Minister Hon. Dr. Terrance", "Caribbean sovereignty."),
    ("001_6fe46eaa118b1c1d", "Sec. Rubio: US, Caribbean", "Strengthen Partnerships"),
    ("001_6fe46eaa118b1c1d", "(MENAFN- Kuwait News Agency (KUNA)) WASHINGTON, May 7", "the Trump administration."),
    ("001_6fe46eaa118b1c1d", "In a statement on X, Rubio said,", 'prosperity of our citizens."'),
    ("002_73ec0a3e5fd5a0e3", "Rubio also said Venezuela's interim", "fair, democratic elections.”"),
    ("002_73ec0a3e5fd5a0e3", "CUBA CONCERNS", "CUBA CONCERNS"),
    ("002_73ec0a3e5fd5a0e3", "The Treasury said it was taking", 'solidarity for the Cuban people."'),
    ("002_73ec0a3e5fd5a0e3", "The U.S. has separately pledged to provide $9 million", "by the Catholic Church."),
    ("003_06306681cd2de5d0", "“So, Jamaica is a key partner", "dealing with arms trafficking."),
    ("003_06306681cd2de5d0", "Deepening that coordination", "that we have in Haiti.”"),
    ("003_06306681cd2de5d0", "Claver-Carone highlighted Guyana’s", "managing regional threats."),
    ("004_ce34eba21ef0286a", "Roma, 21 Marzo 2024", "Roma, 21 Marzo 2024"),
    ("004_ce34eba21ef0286a", "The United States and CARICOM co-hosted", "in Miami, Florida."),
    ("004_ce34eba21ef0286a", "Officials also engaged", "Crime and Security (IMPACS)."),
    ("004_ce34eba21ef0286a", "Caribbean participants included security ministry", "and Cayman Islands."),
    ("004_ce34eba21ef0286a", "The United States and\u00a0CARICOM IMPACS convened", "Saint Lucia in November 2023."),
]

MARKS = [*' \n\r\t.!?"“”’)(“«»*', "\r\n", "\n\n", "\u00a0", "\u2028", "😀", "e\u0301"]
WORDS = ["Mr.", "U.S.", "p.m.", "1.", "He", "it"]
awkward = st.lists(st.sampled_from(MARKS + WORDS), max_size=30).map("".join)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=120) | awkward


def _cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]


@pytest.fixture(scope="module")
def articles() -> dict[str, Document]:
    return {item.id: item for item in load([SEEDS]) if isinstance(item, Document)}


@pytest.mark.parametrize("row", ROWS)
def test_golden_row(row: str) -> None:
    expected = [piece.strip() for piece in row.split("|")]
    text = row.replace(" | ", " ").replace("|", "")
    assert _cut(text) == expected


def test_the_seed_articles_have_as_many_sentences_as_a_person_counts(articles: dict[str, Document]) -> None:
    counted = {document_id[:3]: len(document_sentences(article)) for document_id, article in articles.items()}
    assert counted == {"000": 14, "001": 11, "002": 22, "003": 15, "004": 10}


@pytest.mark.parametrize(("document_id", "begins", "ends"), STARTS)
def test_golden_sentence_of_a_seed_article(
    articles: dict[str, Document], document_id: str, begins: str, ends: str
) -> None:
    quotes = [articles[document_id].quote(span) for span in document_sentences(articles[document_id])]
    assert [quote for quote in quotes if quote.startswith(begins) and quote.endswith(ends)] != []


@pytest.mark.parametrize(("document_id", "expected"), PARAGRAPHS)
def test_the_last_paragraphs_of_two_articles(
    articles: dict[str, Document], document_id: str, expected: list[str]
) -> None:
    quotes = [articles[document_id].quote(span) for span in document_sentences(articles[document_id])]
    assert quotes[-len(expected) :] == expected


def test_a_line_ends_a_sentence_in_lists_headlines_and_verse() -> None:
    assert _cut("Shopping list\n- two apples\n- a pear\n\n1. First\n2. Second\r\nThe end") == [
        "Shopping list", "- two apples", "- a pear", "1. First", "2. Second", "The end",
    ]  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_sentences_run_over_the_lines_of_hard_wrapped_prose(newline: str) -> None:
    lines = ["The quick brown fox jumped over", "the lazy dog and then went to", "sleep in the barn. The next day"]
    wrapped = newline.join([*lines, "it rained."])
    second = f"The next day{newline}it rained."
    assert _cut(wrapped) == [wrapped.removesuffix(" " + second), second]
    assert _cut(f"A headline{newline}{newline}{wrapped}")[0] == "A headline"


def test_offsets_count_code_points_behind_astral_characters() -> None:
    text = "😀😀 Hi. 👩‍👩‍👧 Go. Yes."
    assert [text[span.start : span.end] for span in sentences(text)] == ["😀😀 Hi.", "👩‍👩‍👧 Go.", "Yes."]
    assert sentences(text)[-1] == Span(len(text) - 4, len(text))


@pytest.mark.parametrize("text", ["", " ", "\n\r\n\t\u00a0\u2028"])
def test_blank_text_has_no_sentences(text: str) -> None:
    assert sentences(text) == []


@given(texts)
def test_sentences_ascend_are_trimmed_and_re_join_to_the_text(text: str) -> None:
    end, rejoined = 0, ""
    for span in sentences(text):
        gap, sentence = text[end : span.start], text[span.start : span.end]
        assert span.start >= end
        assert not gap.strip()
        assert sentence.strip() == sentence
        rejoined += gap + sentence
        end = span.end
    assert not text[end:].strip()
    assert rejoined + text[end:] == text


@given(texts)
def test_a_paragraph_is_cut_the_same_whatever_follows_it(text: str) -> None:
    alone = sentences(text)
    assert sentences(f"{text}\n\nAnother paragraph.")[: len(alone)] == alone


def test_sixteen_threads_cut_like_one(articles: dict[str, Document]) -> None:
    work = [article.text for article in articles.values()] * 40
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(sentences, work)) == [sentences(text) for text in work]


def test_no_sentence_of_a_document_crosses_or_holds_boilerplate() -> None:
    text = " date 2024-05-06 403\nHe went on and\n- Advertisement -\nthen came back (end)"
    found = document("a", text, file_sha256="0")
    assert [found.quote(span) for span in document_sentences(found)] == ["He went on and", "then came back"]


@given(
    st.lists(st.sampled_from(["- Advertisement -", "Words. More", "and so on", "", "(end)", "Close Menu"]), min_size=1)
)
def test_the_sentences_of_a_document_cover_all_of_it_but_boilerplate(lines: list[str]) -> None:
    found = document("a", "A title\n" + "\n".join(lines), file_sha256="0")
    covered = [False] * len(found.text)
    for span in (*document_sentences(found), *found.boilerplate):
        assert not any(covered[span.start : span.end])
        covered[span.start : span.end] = [True] * len(span)
    assert all(c.isspace() for c, done in zip(found.text, covered, strict=True) if not done)
