"""How the reader was made: data that says what it claims, and a loop that learns, stops and goes on."""

from __future__ import annotations

import json
import lzma
import math
import re
import shutil
from collections.abc import Callable
from dataclasses import astuple
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given as generated
from hypothesis import strategies as st
from support.training_sets import FILLER, PEOPLE, TOWNS, qa, squad
from transformers import BertConfig, BertForQuestionAnswering

from citeqa.index.documents.chunker import Chunker, ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.embedding.runtime import TOKENIZER
from citeqa.index.embedding.weights import packaged
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.index.types import Span
from citeqa.rag.evaluation.squad import Article, load
from citeqa.rag.matching import normalized
from citeqa.rag.reader.windows import Encoder
from citeqa.rag.retrieval.retriever import Retriever
from citeqa.rag.training import prepare, train
from citeqa.rag.training.__main__ import main, train_reader
from citeqa.rag.training.encoded import ROUND, Encoded, labelled
from citeqa.rag.training.model import Ensemble, average, beyond, logits, loss, predict, with_soft_labels
from citeqa.rag.training.train import TrainingSettings, batches
from citeqa.rag.training.windows import NEAR, Cutter, Example, labelled_examples, resampled_examples, retrieved_examples


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("squad") / "squad.json"
    path.write_text(json.dumps(squad()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def articles(file: Path) -> list[Article]:
    return load(file)


@pytest.fixture(scope="module")
def chunker(embedder: Embedder) -> Chunker:
    return Chunker(embedder.count_tokens, embedder.info.max_tokens, ChunkerSettings())


@pytest.fixture(scope="module")
def cutter(articles: list[Article], chunker: Chunker) -> Cutter:
    return Cutter(chunker, articles)


@pytest.fixture(scope="module")
def retriever(articles: list[Article], embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Retriever:
    folder = tmp_path_factory.mktemp("retriever")
    rows = [{"id": a.document.id, "title": a.document.title, "text": a.document.text} for a in articles]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    update(folder / "index", [folder / "corpus.jsonl"], embedder)
    return Retriever(Index(folder / "index"), embedder)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(packaged() / TOKENIZER, 320)


def test_a_squad_file_is_read_in_the_coordinates_of_its_documents(articles: list[Article]) -> None:
    assert [a.document.id for a in articles] == [f"{person}_Novák" for person in PEOPLE]
    assert [a.document.title for a in articles] == [f"{person} Novák" for person in PEOPLE]
    for article, entry in zip(articles, squad()["data"], strict=True):
        assert article.document.text == "\n\n".join(p["context"] for p in entry["paragraphs"])
        expected = [(p["context"], asked) for p in entry["paragraphs"] for asked in p["qas"]]
        assert len(article.asked) == len(expected) == 4
        for one, (context, asked) in zip(article.asked, expected, strict=True):
            assert (one.id, one.question, one.document_id) == (
                asked["id"],
                asked["question"].strip(),
                article.document.id,
            )
            assert article.document.quote(one.paragraph) == context
            texts = list(dict.fromkeys(answer["text"] for answer in asked["answers"]))  # the same one twice is one
            assert [article.document.quote(span) for span in one.answers] == texts
            assert all(one.paragraph.contains(span) for span in one.answers)


def test_a_packed_squad_file_is_the_same(file: Path, articles: list[Article], tmp_path: Path) -> None:
    (tmp_path / "squad.json.xz").write_bytes(lzma.compress(file.read_bytes()))
    assert load(tmp_path / "squad.json.xz") == articles


@pytest.mark.parametrize("moved", [-1, 1, 10**6])
def test_an_answer_that_does_not_stand_where_it_is_said_to_is_refused(tmp_path: Path, moved: int) -> None:
    data = squad()
    data["data"][3]["paragraphs"][1]["qas"][0]["answers"][0] = {
        "text": "a baker",
        "answer_start": data["data"][3]["paragraphs"][1]["context"].index("a baker") + moved,
    }
    (tmp_path / "squad.json").write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"'Dmitri-2': the answer 'a baker' is not at \d+"):
        load(tmp_path / "squad.json")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b""),
        ("a.json", b"{"),
        ("a.json", b"[]"),
        ("a.json", b"{}"),
        ("a.json", b'{"data": [1]}'),
        ("a.json", b'{"data": [{"title": "t"}]}'),
        ("a.json", b'{"data": [{"title": "t", "paragraphs": {}}]}'),
        ("a.json", b'{"data": [{"title": "t", "paragraphs": [{"context": "c", "qas": ["q"]}]}]}'),
        (
            "a.json",
            b'{"data": [{"title": "t", "paragraphs": [{"context": "c", "qas": [{"id": 1, "question": "q"}]}]}]}',
        ),
        ("a.json.xz", b'{"data": []}'),
        ("a.json.xz", lzma.compress(b'{"data": []}')[:-9]),
    ],
)
def test_what_is_not_in_squads_form_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        load(tmp_path / name)


def test_every_question_becomes_one_example_whose_answer_is_squads(articles: list[Article], cutter: Cutter) -> None:
    found = list(labelled_examples(articles, cutter, seed=1))
    asked = [one for article in articles for one in article.asked]
    documents = {article.document.id: article.document for article in articles}
    assert [example.question for example in found] == [one.question for one in asked]
    whole = 0
    for example, one in zip(found, asked, strict=True):
        document = documents[one.document_id]
        assert example.text in document.text
        assert example.heading == cutter.heading(one.document_id) == document.title
        if one.answers:
            assert example.kind == "answerable"
            assert example.answer
            assert example.text[example.answer.start : example.answer.end] == document.quote(one.answers[0])
        else:
            assert (example.kind, example.answer) == ("unanswerable", None)
            assert example.text in (document.quote(one.paragraph), cutter.misleading(one).text)
        whole += example.text == document.quote(one.paragraph)
    assert 0 < whole < len(found)
    assert list(labelled_examples(articles, cutter, seed=1)) == found
    assert list(labelled_examples(articles, cutter, seed=2)) != found


def test_an_unanswerable_question_is_read_in_the_passage_most_like_it(
    articles: list[Article], cutter: Cutter, chunker: Chunker
) -> None:
    for article in articles:
        (asked,) = [one for one in article.asked if not one.answers]
        near = [p for p in chunker.chunk(article.document) if p.span.overlaps(asked.paragraph)]
        shared = {p.span: len(shared_words(asked.question, p.text)) for p in near}
        assert len(set(shared.values())) > 1
        found = cutter.misleading(asked)
        assert article.document.quote(found.span) == found.text
        assert shared[found.span] == max(shared.values())


def shared_words(one: str, other: str) -> set[str]:
    return set(re.findall(r"\w+", one.lower())) & set(re.findall(r"\w+", other.lower()))


def test_a_retrieved_passage_never_holds_the_answer(
    articles: list[Article], cutter: Cutter, retriever: Retriever, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citeqa.rag.training.windows.RETRIEVED", 1.0)
    steps: list[None] = []
    found = list(retrieved_examples(articles, cutter, retriever, 1, tmp_path / "kept", lambda: steps.append(None)))
    asked = {one.question: one for article in articles for one in article.asked if one.answers}
    assert len(steps) == len(asked)
    first = [example.question for example in found if example.kind == "retrieved"]
    assert len(first) == len(set(first)) > len(asked) / 2
    assert 2 * len(first) < len(found) <= NEAR * len(first)
    titles = set()
    for example in found:
        one = asked[example.question]
        (document,) = [article.document for article in articles if article.document.id == one.document_id]
        assert (example.kind in ("retrieved", "near"), example.answer) == (True, None)
        assert f" {normalized(document.quote(one.answers[0]))} " not in f" {normalized(example.text)} "
        titles.add(example.heading == document.title)
    assert titles == {True, False}  # from the article the question is about, and from others


class Unasked(Retriever):
    """A retriever that must not be asked."""

    def __init__(self) -> None:
        pass

    def retrieve(self, *arguments: Any, **options: Any) -> Any:
        raise AssertionError("it was found before")


@pytest.mark.parametrize("cut", [0, 1, 7])
def test_retrieving_goes_on_where_it_was_interrupted(
    articles: list[Article], cutter: Cutter, retriever: Retriever, tmp_path: Path, cut: int
) -> None:
    kept = tmp_path / "kept"
    whole = list(retrieved_examples(articles, cutter, retriever, 1, kept))
    written = kept.read_bytes()
    kept.write_bytes(written[: len(written) - cut])
    again: Retriever = retriever if cut else Unasked()
    assert list(retrieved_examples(articles, cutter, again, 1, kept)) == whole
    assert kept.read_bytes() == written
    assert list(retrieved_examples(articles, cutter, Unasked(), 1, kept)) == whole


def test_line_breaks_of_unicode_inside_a_passage_break_no_kept_line(
    articles: list[Article], cutter: Cutter, retriever: Retriever, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    first, *rest = retrieved_examples(articles, cutter, retriever, 1, kept)
    rows = [json.loads(line) for line in kept.read_text().split("\n") if line]
    next(row for row in rows if row[1])[1][0][1] = "one\u2028two\x85three [4]"
    kept.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    changed, *others = retrieved_examples(articles, cutter, Unasked(), 1, kept)
    assert (changed.question, changed.text) == (first.question, "one\u2028two\x85three [4]")
    assert others == rest


def test_an_answer_of_which_nothing_can_be_looked_for_has_no_retrieved_passage(
    chunker: Chunker, retriever: Retriever, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citeqa.rag.training.windows.RETRIEVED", 1.0)
    context = "The vitamin is called A."
    entry = {"title": "Ada_Novák", "paragraphs": [{"context": context, "qas": [qa("v", "Which?", context, "A")]}]}
    (tmp_path / "squad.json").write_text(json.dumps({"data": [entry]}))
    articles = load(tmp_path / "squad.json")
    cutter = Cutter(chunker, articles)
    assert list(retrieved_examples(articles, cutter, retriever, 1, tmp_path / "kept")) == []


def test_preparing_keeps_whole_articles_aside(
    file: Path, tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "HELD_OUT", 2)
    shutil.copytree(models, tmp_path / "models")
    steps: list[None] = []
    found, more, aside = prepare.examples(file, tmp_path, 1, lambda: steps.append(None))
    names = [{person for person in PEOPLE for one in some if person in one.question} for some in (found, more, aside)]
    assert len(names[2]) == 2
    assert names[0] == set(PEOPLE) - names[2] >= names[1]
    assert all(name not in one.heading for one in [*found, *more] for name in names[2])
    assert sorted(one.kind for one in aside) == ["answerable"] * 6 + ["unanswerable"] * 2
    for one in aside:
        assert (one.answer is None) == (one.kind == "unanswerable")
    counts = prepare.composition(found)
    assert (counts["answerable"], counts["unanswerable"]) == (8 * 3, 8)
    assert sum(counts.values()) == len(found)
    assert set(counts) == {"answerable", "unanswerable", "retrieved"}
    assert set(prepare.composition(more)) == {"again", "near"}


def test_a_resampled_example_has_another_passage_with_the_same_answer(articles: list[Article], cutter: Cutter) -> None:
    first = {example.question: example for example in labelled_examples(articles, cutter, seed=1)}
    found = list(resampled_examples(articles, cutter, seed=1))
    assert 0 < len(found) < len(first)
    for example in found:
        before = first[example.question]
        assert example.text != before.text
        if example.answer and before.answer:
            assert example.text[slice(*astuple(example.answer))] == before.text[slice(*astuple(before.answer))]
        else:
            assert example.answer is before.answer is None


def test_labels_point_at_the_answer(articles: list[Article], cutter: Cutter, encoder: Encoder) -> None:
    for example in labelled_examples(articles, cutter, seed=1):
        ((window, first, last),) = labelled(example, encoder)
        if example.answer:
            assert Span(int(window.starts[first]), int(window.ends[last])) == example.answer
        else:
            assert (first, last) == (0, 0)


def test_the_answer_is_labelled_in_the_window_that_holds_it(encoder: Encoder) -> None:
    text = FILLER * 3 + "It cost nine crowns."
    start = text.index("nine crowns")
    example = Example("answerable", "How much?", "News", text, Span(start, start + len("nine crowns")))
    assert len(encoder.encode(example.question, example.heading, text)) > 1
    ((window, first, last),) = labelled(example, encoder)
    assert text[window.starts[first] : window.ends[last]] == "nine crowns"
    assert labelled(Example("answerable", "How much?", "", text, Span(0, len(text))), encoder) == []  # in no window


def test_the_learning_rate_rises_stays_and_falls_by_hand() -> None:
    settings = TrainingSettings(windows=100 * 32 + 31, batch=32)
    assert (settings.steps, settings.falling) == (100, 60)
    rates = [settings.rate(step) / settings.peak for step in range(100)]
    assert rates[:6] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert rates[5:61] == [1.0] * 56
    assert rates[61:] == pytest.approx([(100 - step) / 40 for step in range(61, 100)])
    assert rates[99] == pytest.approx(1 / 40)


@generated(st.integers(1, 400), st.floats(0, 0.3), st.floats(0.1, 1))
def test_the_learning_rate_rises_once_and_falls_once(steps: int, warmup: float, decay: float) -> None:
    settings = TrainingSettings(windows=steps * 32, batch=32, warmup=warmup, decay=decay)
    rates = [settings.rate(step) for step in range(settings.steps)]
    assert all(0 < rate <= settings.peak for rate in rates)
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def examples(count: int = 40) -> list[Example]:
    """Who was born where, one answerable in two."""
    found = []
    for number in range(count):
        person, town = PEOPLE[number % 10], TOWNS[number * 7 % 10]
        text = f"{person} was born in {town} long ago."
        answer = None if number % 2 else Span(text.index(town), text.index(town) + len(town))
        question = f"Who buried {person}?" if number % 2 else f"Where was {person} born?"
        found.append(Example("unanswerable" if number % 2 else "answerable", question, "News", text, answer))
    return found


def test_batches_hold_every_window_once_a_pass_and_never_end(encoder: Encoder) -> None:
    some = Encoded.of(examples(32), encoder)  # as many as are put in order together
    found = list(islice(batches(some.lengths(), 2, seed="1"), 32))
    for turn in (found[:16], found[16:]):
        assert sorted(row for rows in turn for row in rows) == list(range(32))
    assert all(len(rows) == 2 for rows in found)
    assert found[:16] != found[16:]
    assert list(islice(batches(some.lengths(), 2, seed="1"), 32)) == found
    assert list(islice(batches(some.lengths(), 2, seed="2"), 32)) != found


def test_batches_of_fewer_windows_than_are_put_in_order_together(encoder: Encoder) -> None:
    rows = list(islice(batches(Encoded.of(examples(3), encoder).lengths(), 4, seed="1"), 20))
    assert [len(row) for row in rows] == [4] * 20
    with pytest.raises(ValueError, match="nothing to train on"):
        next(batches([], 4, seed="1"))


def test_packed_windows_are_those_that_were_packed(encoder: Encoder) -> None:
    rows = [row for example in examples(20) for row in labelled(example, encoder)]
    packed = Encoded.pack(rows)
    assert len(packed) == len(rows) == 20
    chosen = [3, 11, 4]
    found = packed.batch(chosen, "cpu")
    assert found.ids.shape[1] % ROUND == 0
    for i, row in enumerate(chosen):
        window, first, last = rows[row]
        length = len(window.ids)
        assert packed.lengths()[row] == length
        assert found.ids[i, :length].tolist() == list(window.ids)
        assert found.types[i, :length].tolist() == list(window.types)
        assert found.mask[i].tolist() == [1] * length + [0] * (found.ids.shape[1] - length)
        assert found.types[i, length:].sum() == found.ids[i, length:].sum() == 0
        for side, place in enumerate((first, last)):
            assert found.wanted[side, i].tolist() == [float(token == place) for token in range(found.ids.shape[1])]


def test_padding_changes_no_score_and_can_be_no_answer(encoder: Encoder) -> None:
    model = tiny(1)
    model.train(mode=False)
    windows = [encoder.encode("Where?", "", text)[0] for text in ("Ada left.", "Bohumil left for Graz " * 9)]
    packed = Encoded.pack([(window, 0, 0) for window in windows])
    together = packed.batch([0, 1], "cpu")
    assert together.ids.shape[1] % ROUND == 0
    assert together.mask.sum(dim=1).tolist() == [len(window.ids) for window in windows]
    with torch.inference_mode():
        starts, ends = logits(model, together)
        for row, window in enumerate(windows):
            alone = model(input_ids=torch.tensor([window.ids]), token_type_ids=torch.tensor([window.types]))
            length = len(window.ids)
            assert torch.allclose(starts[row, :length], alone.start_logits[0], atol=1e-4)
            assert torch.allclose(ends[row, :length], alone.end_logits[0], atol=1e-4)
            assert (starts[row, length:] == -1e4).all()
            assert (ends[row, length:] == -1e4).all()
    for (start, end), row in zip(predict(model, packed, "cpu", size=1), range(2), strict=True):
        assert np.abs(start - starts[row, : len(start)].numpy()).max() < 0.05  # bfloat16
        assert len(start) == len(end) == len(windows[row].ids)


def test_the_loss_by_hand() -> None:
    starts, ends, wanted = torch.zeros((2, 4)), torch.zeros((2, 4)), torch.zeros((2, 2, 4))
    wanted[0, 0, 0] = wanted[1, 0, 0] = wanted[0, 1, 1] = wanted[1, 1, 3] = 1  # no answer, and tokens 1 to 3
    assert float(loss(starts, ends, wanted)) == pytest.approx(math.log(4))
    starts[0, 0], ends[1, 3] = 100, 100
    assert float(loss(starts, ends, wanted)) == pytest.approx(math.log(4) / 2)
    wanted[0, 0] = torch.tensor([0.75, 0.25, 0, 0])
    starts[0, 0] = math.log(9)  # of 12
    expected = (0.75 * math.log(12 / 9) + 0.25 * math.log(12) + 2 * math.log(4)) / 4
    assert float(loss(starts, ends, wanted)) == pytest.approx(expected)


def test_soft_labels_are_the_mean_of_the_teachers_scores(encoder: Encoder) -> None:
    given = Encoded.of(examples(6), encoder)
    members = [tiny(1), tiny(2)]
    read = with_soft_labels(Ensemble(members), given, "cpu", range(6))
    assert read.soft is not None
    some = with_soft_labels(Ensemble(members), given, "cpu", [1, 4])
    assert some.soft is not None
    for row in range(6):
        span = slice(given.bounds[row], given.bounds[row + 1])
        assert np.abs(some.soft[:, span] - (read.soft[:, span] if row in (1, 4) else 0)).max() < 0.01
    assert (read.labels == given.labels).all()
    each = [predict(member, given, "cpu") for member in members]
    for row, (one, other) in enumerate(zip(*each, strict=True)):
        span = slice(given.bounds[row], given.bounds[row + 1])
        for side in range(2):
            expected = torch.softmax(torch.from_numpy((one[side] + other[side]) / 2), 0).numpy()
            assert np.abs(read.soft[side, span] - expected).max() < 0.01
    wanted = read.batch([4, 0], "cpu").wanted
    assert torch.allclose(wanted.sum(dim=-1), torch.ones((2, 2)), atol=1e-2)
    assert wanted[0, 0, : given.lengths()[4]].tolist() == pytest.approx(
        read.soft[0, given.bounds[4] : given.bounds[5]].tolist()
    )


def test_what_is_measured_by_hand(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four examples: one exact with margin 10, one half right with 4, one unanswerable with 6 and one with -2.

    When nothing is refused, F1 is (1 + 2/3 + 0 + 0) / 4. Refusing from the lowest margin up wins the unanswerable one
    at -2, loses 2/3 at 4 and wins the one at 6: (1 + 0 + 1 + 1) / 4 is the best.
    """
    text = "Ada left for Nové Graz."
    wanted = Span(text.index("Nové"), text.index("."))
    some = [Example("answerable", "Where?", "", text, wanted)] * 2 + [
        Example("unanswerable", "Where?", "", text, None)
    ] * 2

    (window,) = encoder.encode("Where?", "", text)

    def predicted(model: object, given: Encoded, device: str) -> list[Any]:
        assert len(given) == 4
        found = []
        for words, margin in [("Nové Graz", 10.0), ("Graz", 4.0), ("Ada", 6.0), ("Ada", -2.0)]:
            start, end = np.full((2, len(window.ids)), -99, dtype=np.float32)
            place = window.tokens(Span(text.index(words), text.index(words) + len(words)))
            assert place
            start[0] = end[0] = 0
            start[place[0]] = end[place[1]] = margin / 2
            found.append((start, end))
        return found

    monkeypatch.setattr(train, "predict", predicted)
    assert train.measured(tiny(1), some, encoder, "cpu") == {
        "em": 0.5,
        "f1": round((1 + 2 / 3) / 2, 4),
        "auroc": 0.75,
        "overall_f1": 0.75,
        "questions": 4,
    }


def tiny(seed: int, dropout: float = 0.0) -> BertForQuestionAnswering:
    """A random model of one narrow layer."""
    torch.manual_seed(seed)
    config = BertConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    return BertForQuestionAnswering(config)


@pytest.fixture
def trained(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, torch.Tensor]]:
    """Trains a tiny model, not compiled; gives its weights."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch, "compile", lambda model, **options: model)

    def run(folder: Path, **settings: Any) -> dict[str, torch.Tensor]:
        chosen = TrainingSettings(**{"windows": 48, "batch": 2, "peak": 1e-3, "warmup": 0.0, "dropout": 0.2} | settings)
        given = Encoded.of(examples(), encoder)
        model = train.train(tiny(chosen.seed, chosen.dropout), given, examples(8), encoder, chosen, folder)
        return {name: value.clone() for name, value in model.state_dict().items()}

    return run


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


Trained = Callable[..., dict[str, torch.Tensor]]


@pytest.mark.slow
def test_the_loss_falls_and_the_answers_are_learned(trained: Trained, encoder: Encoder, tmp_path: Path) -> None:
    trained(tmp_path, windows=800, batch=8, peak=5e-3)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert [row["step"] for row in rows if "loss" in row] == [50, 100]
    assert losses[1] < losses[0] / 3
    measured = train.progress_of(tmp_path)
    assert [row["step"] for row in measured] == [33, 66, 99, 100]
    assert measured[-1]["em"] > 0.9 > 0.5 > train.measured(tiny(1), examples(8), encoder, "cpu")["em"]
    assert measured[-1]["auroc"] > 0.9


class PowerCutError(Exception):
    """What a run dies of in a test."""


def interrupt(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Let the run die when it measures for that time."""
    measured, left = train.measured, [times]

    def dying(*arguments: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise PowerCutError
        return measured(*arguments)

    monkeypatch.setattr(train, "measured", dying)


@pytest.mark.slow
@pytest.mark.parametrize(("times", "seconds"), [(1, 0), (2, 0), (2, 10**9)])
def test_an_interrupted_run_that_goes_on_gives_the_same_weights(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, seconds: int
) -> None:
    """From the last checkpoint, or from what was kept before the fall where there is no other."""
    whole = trained(tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(train, "SAVED", seconds - 1)
        interrupt(patch, times)
        with pytest.raises(PowerCutError):
            trained(tmp_path / "cut")
    assert (tmp_path / "cut" / "last.pt").exists() == (seconds == 0)
    assert_equal(trained(tmp_path / "cut"), whole)


@pytest.mark.slow
def test_a_finished_run_is_not_run_again(trained: Trained, tmp_path: Path) -> None:
    whole = trained(tmp_path)
    log = (tmp_path / "log.jsonl").read_text()
    assert_equal(trained(tmp_path), whole)
    assert (tmp_path / "log.jsonl").read_text() == log


@pytest.mark.slow
def test_a_longer_run_goes_on_from_before_the_fall(trained: Trained, tmp_path: Path) -> None:
    trained(tmp_path / "short", windows=48)
    shutil.copytree(tmp_path / "short", tmp_path / "long")
    longer = trained(tmp_path / "long", windows=96)
    steps = [row["step"] for row in train.progress_of(tmp_path / "long")]
    assert steps == [8, 16, 24, 16, 32, 48]  # the short run, then the long one from step 14
    assert_equal(longer, trained(tmp_path / "new", windows=96))


@pytest.mark.slow
@pytest.mark.parametrize("other", [{"seed": 2}, {"peak": 2e-3}, {"batch": 4}])
def test_a_run_of_other_settings_begins_anew(trained: Trained, tmp_path: Path, other: dict[str, Any]) -> None:
    trained(tmp_path / "cut")
    assert_equal(trained(tmp_path / "cut", **other), trained(tmp_path / "new", **other))


@pytest.mark.slow
def test_a_shorter_run_takes_nothing_from_a_longer_one_that_is_past_it(trained: Trained, tmp_path: Path) -> None:
    trained(tmp_path / "cut", windows=96)
    assert_equal(trained(tmp_path / "cut", windows=48), trained(tmp_path / "new", windows=48))


def test_the_mean_of_models_has_the_mean_of_their_weights() -> None:
    models = [tiny(seed) for seed in (1, 2, 3)]
    before = [{name: value.clone() for name, value in model.state_dict().items()} for model in models]
    for name, weights in average(models).state_dict().items():
        assert torch.allclose(weights, sum(state[name] for state in before) / 3, atol=1e-7), name
    for model, state in zip(models, before, strict=True):
        assert_equal(dict(model.state_dict()), state)


def test_going_beyond_undoes_a_mean_with_the_model_before() -> None:
    before, learned = tiny(1), tiny(2)
    found = beyond(average([before, learned]), before)
    for name, weights in found.state_dict().items():
        assert torch.allclose(weights, learned.state_dict()[name], atol=1e-6), name


@pytest.mark.slow
def test_a_student_learns_the_soft_labels_and_a_finished_run_is_not_run_again(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch, "compile", lambda model, **options: model)
    monkeypatch.setattr("citeqa.rag.training.__main__.new_model", tiny)
    prepared = prepare.Prepared(examples(), examples(80)[40:], examples(20))
    teachers = [TrainingSettings(windows=800, batch=8, peak=peak, seed=seed) for seed, peak in ((1, 5e-3), (2, 1e-6))]
    learned = loss

    def something_is_wanted(starts: torch.Tensor, ends: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        assert torch.allclose(wanted.sum(dim=-1), torch.ones(()), atol=0.01)
        return learned(starts, ends, wanted)

    monkeypatch.setattr(train, "loss", something_is_wanted)
    students = [TrainingSettings(windows=160, batch=8, peak=1e-3, seed=seed) for seed in (3, 4)]
    model, trainings = train_reader(prepared, encoder, teachers, students, tmp_path)
    assert [one["what"].split()[0] for one in trainings] == ["teacher", "teacher", "the", "student", "student", "the"]
    assert trainings[0]["em"] > 0.9 > trainings[1]["em"]
    assert all(one["em"] > 0.9 for one in trainings[3:])  # they began as the better one
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    monkeypatch.setattr(train, "loss", None)
    monkeypatch.setattr("citeqa.rag.training.__main__.with_soft_labels", None)
    model, again = train_reader(prepared, encoder, teachers, students, tmp_path)
    assert again == trainings
    assert_equal(dict(model.state_dict()), weights)


@pytest.mark.parametrize("share", ["0", "0.0021", "-0.001"])
def test_a_share_that_leaves_no_batch_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], share: str
) -> None:
    monkeypatch.setattr("sys.argv", ["citeqa.rag.training", "squad.json", "--share", share])
    with pytest.raises(SystemExit):
        main()
    assert "--share must be more than 0.0021" in capsys.readouterr().err
