"""Names, codes and years of a question that the documents do not mention: written out, in memory and on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.index.types import Filters
from citeqa.rag.names import Unknown, unknown_names

TEXTS = {
    "manual": "# Halden HK-210\n\nThe HK-210 weighs 34 kg. Error E07 means ice. Order part 4410-221, not 4409-300. "
    "Claims are answered in Trondheim by Beth Hartnell and Mauricio Claver-Carone of the Co-op. "
    "The M8 bolts are of steel.",
    "2026-02-19-minutes": "# Minutes of 19 February 2026\n\nCallum signed the contract. The mast of 310 m fell.",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Index:
    folder = tmp_path_factory.mktemp("names")
    (folder / "texts").mkdir()
    for name, text in TEXTS.items():
        (folder / "texts" / f"{name}.md").write_text(text)
    update(folder / "index", [folder / "texts"], embedder)
    return Index(folder / "index")


ASKED = [
    ("How much does the HK-210 weigh?", ()),
    ("How much does the HK210 weigh?", ()),
    ("how much does the hk 210 weigh", ()),
    ("How much does the HK-310 weigh?", ("HK-310",)),  # both its parts stand there
    ("What does E07 mean?", ()),
    ("E03", ("E03",)),
    ("What is the price of 4410-221?", ()),
    ("What is the price of 4410-300?", ("4410-300",)),
    ("What torque for the M8 bolts?", ()),
    ("What was decided in 2026?", ()),
    ("What was decided in 2027?", ("2027",)),
    ("What is due on 2026-02-19, the 3rd, at 10:30 or 5pm, for 150 m³/h?", ()),
    ("Who is Hartnell?", ()),
    ("Who is Hartnel?", ()),  # one typing error
    ("Who is HARTNELL's friend?", ()),
    ("Who is Hartley?", ("Hartley",)),
    ("What did Beht do?", ("Beht",)),  # too short for an error
    ("What did Claver Carone say of the Coop?", ()),
    ("What did Claver-Caron say?", ()),
    ("Where in Sweden does Callum live?", ("Sweden",)),
    ("Sweden has how many pumps?", ()),  # begins the sentence
    ("Is that so? Sweden has how many pumps?", ()),
    ("Was it on Monday or in March?", ()),
    ("How Does Sweden Order The Pumps?", ()),  # a title: capitals tell nothing
    ("does sweden order pumps", ()),  # a word of the vocabulary
    ("who is in qwertzland", ("qwertzland",)),
    ("WHO IS IN QWERTZLAND", ("QWERTZLAND",)),
    ("how is an internatinal contract singed", ()),
    ("who cleans and repairs the filters", ()),
    ("Was ist 東京?", ()),
    ("", ()),
    ("Xyrgland Xyrgland 2027 Zembla 2027 Xyrgland", ("2027", "Zembla", "Xyrgland")),
]


@pytest.mark.parametrize(("question", "names"), ASKED)
def test_what_no_document_mentions(index: Index, question: str, names: tuple[str, ...]) -> None:
    found = unknown_names(question, index)
    assert set(found.names) == set(names)
    assert not found.nonsense


@pytest.mark.parametrize("question", ["asdf qwer", "asdf qwer zxcv?", "Qwxz"])
def test_a_question_of_unknown_words_is_nonsense(index: Index, question: str) -> None:
    assert unknown_names(question, index).nonsense


@pytest.mark.parametrize("question", ["asdf callum", "asdf pump", "4711", "東京", "?", "E03", "Χανιά"])
def test_a_question_with_a_word_that_is_known_or_cannot_be_judged_is_none(index: Index, question: str) -> None:
    assert not unknown_names(question, index).nonsense


def test_only_the_selected_documents_count(index: Index) -> None:
    minutes = index.select(Filters(document_ids=frozenset(["2026-02-19-minutes"])))
    assert unknown_names("What did Callum do with the HK-210?", index, minutes) == Unknown(("HK-210",))


def test_a_date_of_a_document_counts_as_its_text(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "one.jsonl").write_text('{"id": "a", "title": "Sweden", "text": "It fell.", "date": "2019-05-04"}\n')
    update(tmp_path / "index", [tmp_path / "one.jsonl"], embedder)
    found = unknown_names("What fell in Sweden or Norway in 2019 or 2018?", Index(tmp_path / "index"))
    assert found.names == ("Norway", "2018")


def test_a_long_question_is_looked_up_in_part(index: Index) -> None:
    question = "What of " + " ".join(f"Zx{letter * 5}" for letter in "abcdefghijklmnopqrstuvwxyz") + "?"
    assert len(unknown_names(question, index).names) == 12
