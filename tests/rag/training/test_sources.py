"""What is learned from, and what is kept aside of it."""

from __future__ import annotations

import json
import lzma
from collections import Counter
from pathlib import Path

import pytest
from support.paths import public_data
from support.training_sets import STORY, row, training_files

from citeqa.rag.training.sources import ASIDE, SQUAD, choose_aside, digest, divided, sources


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return training_files(tmp_path)


def test_questions_of_a_context_are_one_document_with_their_answers(files: tuple[Path, Path]) -> None:
    found = [source for source in sources(*files) if source.set != SQUAD]
    assert [one.set for one in found] == ["fairytaleqa"] * 3 + ["wikitablequestions"] * 2
    assert [len(one.article.asked) for one in found] == [2, 1, 1, 1, 1]
    story, *_, table, _ = (one.article for one in found)
    assert (story.document.title, story.document.text) == ("The fox", STORY)
    quoted = [[story.document.quote(span) for span in asked.answers] for asked in story.asked]
    assert quoted == [["a red hat", "hat"], ["fox"]]
    assert [asked.question for asked in story.asked] == ["What did the fox sell?", "Who sold it?"]
    assert table.document.text == "Year: 2001; Team: Reds\nYear: 2002; Team: Blues"
    assert [table.document.quote(span) for span in table.asked[0].answers] == ["Blues"]  # a label is no answer


def test_stories_and_tables_in_both_forms_belong_together(files: tuple[Path, Path]) -> None:
    groups = [source.group for source in sources(*files) if source.set != SQUAD]
    assert groups[:3] == ["the-fox", "the-fox", "the-hen"]
    assert groups[3] == groups[4]


def test_an_answer_that_does_not_stand_where_it_is_said_to_is_refused(files: tuple[Path, Path]) -> None:
    wrong = row("1", "Who?", "The hen came.", "hen")
    wrong["answers"][0]["start"] += 1
    (files[1] / "covidqa.jsonl.xz").write_bytes(lzma.compress(json.dumps(wrong).encode()))
    with pytest.raises(ValueError, match="question '1': the answer 'hen' is not at 5"):
        sources(*files)


def test_a_fifth_of_the_groups_is_kept_aside_whole(files: tuple[Path, Path], tmp_path: Path) -> None:
    found = sources(*files)
    aside = choose_aside(found)
    assert {name: len(digests) for name, digests in aside.items()} == {
        SQUAD: 2, "fairytaleqa": 1, "wikitablequestions": 1,
    }  # fmt: skip
    (tmp_path / "aside.json").write_text(json.dumps(aside))
    learned, kept = divided(found, tmp_path / "aside.json")
    assert len(learned) + len(kept) == len(found)
    assert not {(one.set, one.group) for one in learned} & {(one.set, one.group) for one in kept}
    assert sorted(digest(one) for one in {source.group for source in kept if source.set == SQUAD}) == aside[SQUAD]


def test_a_set_without_a_part_kept_aside_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "aside.json").write_text("{}")
    with pytest.raises(KeyError):
        divided(sources(*files), tmp_path / "aside.json")


@pytest.mark.data
def test_the_list_is_a_fifth_of_each_public_set_and_shares_no_text_with_the_rest() -> None:
    """The sets are public: the card of the reader names them."""
    squad, extra = public_data("squad_train", "train.json.xz"), public_data("reader_extra", "cuad.jsonl.xz").parent
    found = sources(squad, extra)
    assert choose_aside(found) == json.loads(ASIDE.read_text(encoding="utf-8"))
    learned, kept = divided(found)
    assert not {source.article.document.text for source in learned} & {one.article.document.text for one in kept}
    groups = [Counter(name for name, _ in {(one.set, one.group) for one in part}) for part in (learned, kept)]
    assert len(groups[1]) == 15
    for name, number in groups[1].items():
        assert number == pytest.approx((groups[0][name] + number) / 5, abs=1)
