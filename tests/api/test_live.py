"""A service over an index that changes under it: what it notices, what it goes on showing, what it leaves behind."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.embedders import Wrapped

from citeqa.api.live import LOOK, LiveService
from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.embedding.embedder import Embedder, Vectors
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.errors import IndexBusyError, UnknownDocumentError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import DATABASE, REINDEXING
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.reindex import reindex
from citeqa.index.storage.settings import chunker_of
from citeqa.index.storage.writer import update, writing
from citeqa.index.types import Document
from citeqa.rag.options import AskOptions
from citeqa.rag.types import Response

QUESTION = "When does the ferry to Inishbofin leave?"
FERRY = "Notice to travellers. The ferry to Inishbofin leaves at half past nine. Tickets are blue. " * 3
SECRET = "The codeword is Quetzalcoatlus and nothing else."


@pytest.fixture
def folder(tmp_path: Path, embedder: Embedder) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "ferry.txt").write_text(FERRY)
    for i in range(12):
        (docs / f"n{i}.txt").write_text(f"Report {i}\n\nThe fox counts to {i}. The lazy dog sleeps by the harbour.")
    update(tmp_path / "index", [docs], embedder)
    return tmp_path / "index"


@pytest.fixture
def living(folder: Path, models: Path) -> Iterator[LiveService]:
    with closing(LiveService(folder, models)) as service:
        yield service


def given(document_id: str, text: str) -> Document:
    return document(document_id, text, file_sha256="0" * 64)


def ask(living: LiveService, question: str = QUESTION) -> Response:
    return living.now.answerer.ask(question, AskOptions(min_confidence=0))


def until(holds: Callable[[], bool]) -> None:
    """Wait for what must come; the limit is for a test that fails."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def citeqa(*arguments: object) -> None:
    """The program, in a process of its own."""
    command = [sys.executable, "-c", "from citeqa.api.cli.main import main; main()", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def exact(response: Response, texts: dict[str, set[str]]) -> bool:
    """Whether everything in a response is a slice of a text that its document has had."""
    cited = [candidate.citation for candidate in response.alternatives]
    cited += [response.answer.citation] if response.answer else []
    slices = [(c.source.document_id, c.quote) for c in cited] + [
        (found.evidence.passage.document_id, found.quote) for found in response.evidence
    ]
    return all(
        any(text[piece.span.start : piece.span.end] == piece.text for text in texts[name]) for name, piece in slices
    )


# --- noticed


def test_what_another_process_changes_is_noticed_without_asking(living: LiveService, folder: Path) -> None:
    assert LOOK <= 0.5  # looked for twice a second, so noticed within one
    (folder.parent / "eel.txt").write_text("The eel was caught at Clifden.")
    with living.following():
        citeqa("index", folder.parent / "eel.txt", "--index", folder)
        until(lambda: living.now.index.document_count == 14)
        assert "Clifden" in ask(living, "Where was the eel caught?").evidence[0].quote.text
        citeqa("remove", "eel", "n3", "--index", folder)
        until(lambda: living.now.index.document_count == 12)
        with pytest.raises(UnknownDocumentError):
            living.now.index.document("eel")


def test_a_document_is_found_when_the_call_returns(living: LiveService) -> None:
    assert living.put(given("ferry", "The ferry to Inishbofin leaves at noon.")) is False
    assert ask(living).evidence[0].quote.text == "The ferry to Inishbofin leaves at noon."
    assert living.put(given("new", "The heron stands in the reeds of Omey.")) is True
    assert living.put(given("new", "The heron stands in the reeds of Omey.")) is False
    assert living.now.index.document_count == 14
    living.remove("new")
    with pytest.raises(UnknownDocumentError):
        living.remove("new")
    assert living.now.index.document_count == 13


def test_a_document_is_replaced_without_a_look_at_its_text(living: LiveService, folder: Path) -> None:
    """What was there is compared by the digest it was stored with: its text, which may be long, is not read."""
    digest = living.now.index.document("ferry").sha256
    with closing(sqlite3.connect(folder / DATABASE)) as database, database:
        database.execute("UPDATE documents SET text = 'damaged' WHERE id = 'ferry'")
    stored = living.store(given("ferry", "The ferry to Inishbofin leaves at noon."))
    assert (stored.done, stored.former) == (True, digest)
    assert living.now.index.document("ferry").text == "The ferry to Inishbofin leaves at noon."


def test_no_error_ends_the_following_of_changes(
    living: LiveService, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database, away = folder / "catalog.sqlite3", folder / "away"
    with living.following():
        database.rename(away)
        until(lambda: "answering from the index as it was" in caplog.text)
        assert ask(living).answered
        away.rename(database)
        citeqa("remove", "n3", "--index", folder)
        until(lambda: living.now.index.document_count == 12)
    assert caplog.text.count("answering from the index as it was") == 1  # said once, not twice a second


# --- questions never wait, and what they see stays


class Held(Wrapped):
    """The real model, which embeds passages only when it is let go."""

    def __init__(self, real: Embedder) -> None:
        super().__init__(real)
        self.begun, self.go = threading.Event(), threading.Event()

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        self.begun.set()
        assert self.go.wait(60)
        return super().embed_passages(texts, progress)


def test_questions_are_answered_while_a_long_write_goes_on(
    living: LiveService, folder: Path, embedder: Embedder
) -> None:
    held = Held(embedder)
    before = ask(living)
    (folder.parent / "late.txt").write_text("The late ferry to Inishbofin leaves at midnight.")
    with living.following(), ThreadPoolExecutor(1) as pool:
        written = pool.submit(update, folder, [folder.parent / "late.txt"], held)
        assert held.begun.wait(60)
        during = ask(living)
        assert (during.answer, during.evidence) == (before.answer, before.evidence)
        with pytest.raises(IndexBusyError, match="adding documents"):
            living.put(given("x", "x y."))
        held.go.set()
        assert written.result().added == 1
        until(lambda: living.now.index.document_count == 14)


def test_questions_are_answered_within_a_transaction_of_another(
    living: LiveService, folder: Path, embedder: Embedder
) -> None:
    before = ask(living)
    with writing(folder, lambda: embedder, ChunkerSettings(), "testing") as writer, writer.catalog.transaction():
        writer.catalog.remove("ferry")  # not committed yet
        living.refresh()
        assert ask(living).answer == before.answer


def test_a_view_shows_the_moment_it_was_opened_whatever_comes(living: LiveService, folder: Path) -> None:
    view = living.now
    before = view.answerer.ask(QUESTION, AskOptions(min_confidence=0))
    living.put(given("ferry", "There is no ferry any more."))
    living.remove("n1")
    reindex(folder, living.now.answerer.embedder, ChunkerSettings(32, 0))
    living.refresh()
    after = view.answerer.ask(QUESTION, AskOptions(min_confidence=0))
    assert (after.answer, after.evidence) == (before.answer, before.evidence)
    assert view.index.document("ferry").text == FERRY
    assert view.index.document_count == 13
    assert living.now.index.document("ferry").text == "There is no ferry any more."


def test_threads_that_ask_while_documents_change_get_exact_quotes(living: LiveService) -> None:
    texts = {"ferry": {FERRY}} | {f"n{i}": {living.now.index.document(f"n{i}").text} for i in range(12)}
    versions = [f"Notice {i}. " * i + f"The ferry to Inishbofin leaves at {i} sharp." for i in range(1, 9)]
    texts["ferry"].update(versions)
    stop = threading.Event()

    def asking(_: int) -> int:
        asked = 0
        while not stop.is_set() or not asked:
            assert exact(ask(living), texts)
            asked += 1
        return asked

    with living.following(), ThreadPoolExecutor(3) as pool:
        running = pool.map(asking, range(3))
        for text in versions:
            living.put(given("ferry", text))
        living.remove("ferry")
        stop.set()
        assert min(running) > 0


# --- made again under the running service


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.slow
def test_a_rebuild_with_other_settings_swaps_in_one_step(
    living: LiveService, folder: Path, models: Path, precision: str
) -> None:
    held = Held(load_embedder(DEFAULT_MODEL, models, precision))
    other = ChunkerSettings(passage_tokens=24, overlap_sentences=0)
    before = ask(living)
    seen = set[tuple[str, int, int]]()
    with living.following(), ThreadPoolExecutor(1) as pool:
        made = pool.submit(reindex, folder, held, other)
        assert held.begun.wait(60)
        assert ask(living).answer == before.answer
        held.go.set()

        def swapped() -> bool:
            now = living.now
            settings = now.index.settings
            model = now.answerer.embedder.info.precision
            assert model == settings["embedder.precision"]  # never a model over the other's vectors
            seen.add((model, int(settings["chunker.passage_tokens"]), now.index.passage_count))
            assert exact(now.answerer.ask(QUESTION, AskOptions(min_confidence=0)), {"ferry": {FERRY}} | texts)
            return made.done() and len(seen) == 2

        texts = {f"n{i}": {living.now.index.document(f"n{i}").text} for i in range(12)}
        until(swapped)
    assert made.result().documents == 13
    assert {state[:2] for state in seen} == {("int8", 128), (precision, 24)}
    assert living.put(given("new", "The heron stands in the reeds of Omey.")) is True  # with the new settings
    assert chunker_of(living.now.index.settings) == other


def test_a_document_is_put_with_the_settings_another_process_has_just_made(
    living: LiveService, folder: Path, models: Path
) -> None:
    reindex(folder, load_embedder(DEFAULT_MODEL, models, "int8"), ChunkerSettings(24, 0))  # nobody has noticed yet
    assert living.put(given("new", "The heron stands in the reeds of Omey.")) is True
    assert living.now.index.precision == "int8"
    assert ask(living, "Where does the heron stand?").evidence[0].quote.text.endswith("Omey.")


# --- nothing stays of what was deleted


def holding(folder: Path, words: str) -> list[str]:
    """The files of an index that hold words, as they stand or as the search files know them."""
    forms = {words.encode(form) for form in ("utf-8", "utf-16-le")} | {words.lower().encode()}
    found = []
    for path in folder.rglob("*"):
        try:
            data = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:  # a generation that has just been swept
            continue
        if any(form in data for form in forms):
            found.append(path.name)
    return found


def test_a_deleted_text_and_its_earlier_versions_are_gone_from_every_file(living: LiveService, folder: Path) -> None:
    with living.following():
        living.put(given("secret", f"First. {SECRET}"))
        living.put(given("secret", f"Second version. {SECRET} Archaeopteryx was said too."))
        assert holding(folder, "Quetzalcoatlu")
        living.put(given("secret", "Harmless words about Archaeopteryx."))
        until(lambda: not holding(folder, "Quetzalcoatlu"))
        living.remove("secret")
        until(lambda: not holding(folder, "Archaeopteryx"))


def test_a_text_stays_as_long_as_a_question_looks_at_it_and_no_longer(living: LiveService, folder: Path) -> None:
    living.put(given("secret", SECRET))
    with living.following():
        looking = living.now
        citeqa("remove", "secret", "--index", folder)
        until(lambda: living.now.index.document_count == 13)
        assert looking.index.document("secret").text == SECRET
        looking.close()
        del looking
        until(lambda: not holding(folder, "Quetzalcoatlu"))


def test_an_interrupted_rebuild_keeps_no_text_that_is_taken_away(
    living: LiveService, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    living.put(given("aaa", SECRET))
    monkeypatch.setattr("citeqa.index.storage.collecting.BATCH", 1)

    def interrupt(documents: int, passages: int) -> None:
        if documents:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reindex(folder, living.now.answerer.embedder, ChunkerSettings(24, 0), interrupt)
    assert holding(folder / REINDEXING, "Quetzalcoatlu")
    with living.following():
        living.remove("aaa")
        until(lambda: not holding(folder, "Quetzalcoatlu"))


def test_emptying_the_journal_keeps_nobody_from_writing(living: LiveService, folder: Path) -> None:
    """As long as somebody looks at an earlier state it is tried again and again, and others write meanwhile."""
    looking = living.now
    with living.following():
        for i in range(12):
            with writer_lock(folder, "testing"):
                pass
            living.remove(f"n{i}")
    assert looking.index.document_count == 13


def test_only_digests_are_kept_of_what_was_removed(living: LiveService, folder: Path) -> None:
    living.put(given("secret", SECRET))
    living.remove("secret")
    with closing(Catalog(folder / DATABASE)) as catalog:
        rows: list[Any] = catalog._fetch("SELECT action, document_id, sha256 FROM changes ORDER BY number")
    digest = given("secret", SECRET).sha256
    assert rows[-2:] == [("add", "secret", digest), ("remove", "secret", digest)]
    assert "Quetzalcoatlus" not in json.dumps(rows)
