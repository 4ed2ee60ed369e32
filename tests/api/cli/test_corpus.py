"""The commands that change an index or look after it: what they say, what they do, and with which status they end."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.command_line import Run
from support.indexes import TO_FORMAT_1
from support.paths import QUESTIONS, SEEDS
from support.servers import Server

from citeqa.index.storage.lock import writer_lock
from citeqa.rag.evaluation.questions import load

FERRY = "Notice to travellers. The ferry to Inishbofin leaves at half past nine. Tickets are blue."
FOX = "The fox sleeps at noon. Its den is under the old mill."
QUESTION = "When does the ferry to Inishbofin leave?"
PROGRAM = [sys.executable, "-c", "from citeqa.api.cli.main import main; main()"]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder beside which commands run, with odd names; one file of it cannot be read."""
    files = {"ferry.txt": FERRY, "sub/fox.md": FOX, "Straße 🦊/a b.txt": "The owl [bold]hoots[/] at midnight."}
    for name, text in files.items():
        path = tmp_path / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "docs" / "none.txt").touch()
    return tmp_path / "docs"


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder with its size and when it was changed, but for what readers of the database leave."""
    files = [
        path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".sqlite3-shm", ".sqlite3-wal")
    ]
    return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def ids(citeqa: Run) -> list[str]:
    return [one["id"] for one in json.loads(citeqa("documents", "--json").out)["documents"]]


FURNITURE = "--- Advertisement ---"


def until(holds: Callable[[], bool]) -> None:
    """Wait for what must come; the limit is for a test that fails."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


@contextmanager
def started(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """The program in a process of its own, which Ctrl-C can stop, and the file of all that it says."""
    said = Path("said.txt").absolute()
    with said.open("w") as file:
        process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments)], stdout=file, stderr=file, text=True, stdin=subprocess.DEVNULL
        )
    try:
        yield process, said
    finally:
        process.kill()
        process.wait()


# --- sync


def test_sync_says_what_it_did_and_a_dry_run_says_the_same_and_writes_nothing(citeqa: Run, docs: Path) -> None:
    def step(expected: str, status: int = 0) -> None:
        before = tree(Path(".citeqa"))
        dry = citeqa("sync", docs, "--dry-run")
        assert tree(Path(".citeqa")) == before
        done = citeqa("sync", docs)
        assert (dry.status, done.status) == (status, status)
        assert dry.out.startswith(f"would be: {expected}\n")
        assert done.out.partition("\n")[2] == dry.out.partition("\n")[2]  # the table by format
        assert done.out.startswith(f"{expected}; .citeqa holds ")
        assert dry.err == done.err

    step("3 added, 0 replaced, 0 unchanged, 0 removed, 1 skipped", 1)
    assert re.search(r"^skipped \S*docs/none\.txt: it is empty$", citeqa("sync", docs).err, re.M)
    step("0 added, 0 replaced, 3 unchanged, 0 removed, 1 skipped", 1)
    (docs / "none.txt").unlink()
    (docs / "ferry.txt").rename(docs / "boat.txt")
    (docs / "sub/fox.md").write_text("The fox is awake.")
    step("1 added, 1 replaced, 1 unchanged, 1 removed, 0 skipped")
    (docs / "boat.txt").unlink()
    (docs / "boat.txt").mkdir()
    (docs / "boat.txt" / "in.txt").write_text("A file became a folder.")
    step("1 added, 0 replaced, 2 unchanged, 1 removed, 0 skipped")
    assert ids(citeqa) == ["Straße 🦊/a b", "boat.txt/in", "sub/fox"]
    assert "; .citeqa holds 3 documents in 3 passages\n" in citeqa("sync", docs).out
    assert citeqa("doctor").status == 0


def test_a_run_ends_with_what_was_read_of_each_format(citeqa: Run, docs: Path) -> None:
    (docs / "latin.txt").write_bytes("The café opens at noon.".encode("cp1252") * 9)
    (docs / "rows.jsonl").write_text('{"id": "r1", "text": "Row one."}\n')
    (docs / "old.doc").write_bytes(b"an old one")
    done = citeqa("sync", docs)
    table = [line.split() for line in done.out.splitlines()[1:]]
    assert table == [
        ["format", "read", "unchanged", "refused", "warnings"],
        ["JSONL", "1"],
        ["Markdown", "1"],
        ["plain", "text", "3", "1", "1"],
        ["other", "1"],
    ]
    assert done.err.count("latin.txt: it is not UTF-8; read as cp1252") == 1  # not said again below the table
    for command in (["sync", docs], ["sync", docs, "--dry-run"], ["index", docs]):
        again = json.loads(citeqa(*command, "--json").out)
        counts = {one["format"]: (one["read"], one["unchanged"], one["refused"]) for one in again["formats"]}
        assert counts == {"JSONL": (0, 1, 0), "Markdown": (0, 1, 0), "plain text": (0, 3, 1), None: (0, 0, 1)}
        assert [Path(one["name"]).name for one in again["skipped"]] == ["none.txt", "old.doc"]
        warned = [(Path(one["name"]).name, one["note"], one["format"]) for one in again["warnings"]]
        noted = [("latin.txt", "it is not UTF-8; read as cp1252", "plain text")]
        assert warned == (noted if command[0] == "index" else [])  # sync does not read it again
        assert (again["documents"], again["unchanged"]) == (5, 5)


def test_what_can_be_cited_of_a_document_is_printed_without_its_boilerplate(citeqa: Run, docs: Path) -> None:
    (docs / "wire.txt").write_text(f"Harbour opens\n\nThe harbour opened in May.\n\n{FURNITURE}\n")
    citeqa("index", docs)
    stored = json.loads(citeqa("documents", "wire", "--json").out)
    assert stored["boilerplate"], "the test needs some"
    shown = citeqa("documents", "wire", "--text").out
    assert "The harbour opened in May." in shown
    assert FURNITURE in stored["text"]
    assert FURNITURE not in shown
    assert "title: Harbour opens" in citeqa("documents", "wire").out
    assert citeqa("documents", "nothing", "--text")[:2] == (1, "")
    assert "ID --text" in citeqa("documents", "--text").err


def test_a_dry_run_without_an_index_makes_none(citeqa: Run, docs: Path) -> None:
    assert citeqa("sync", docs, "--dry-run").out.startswith("would be: 3 added, ")
    assert not Path(".citeqa").exists()


def test_an_empty_folder_removes_nothing_unless_it_is_said(citeqa: Run, docs: Path) -> None:
    (docs / "none.txt").unlink()
    citeqa("sync", docs)
    docs.rename("elsewhere")
    docs.mkdir()  # as where nothing is mounted
    for options in ((), ("--dry-run",)):
        refused = citeqa("sync", docs, *options)
        assert (refused.status, refused.out) == (1, "")
        assert "3 documents came from it; nothing was removed. Is it mounted?" in refused.err
        assert "--empty" in refused.err
    assert len(ids(citeqa)) == 3
    assert citeqa("sync", docs, "--empty", "--dry-run").out.startswith(
        "would be: 0 added, 0 replaced, 0 unchanged, 3 r"
    )
    assert citeqa("sync", docs, "--empty").out.endswith(
        "3 removed, 0 skipped; .citeqa holds 0 documents in 0 passages\n"
    )


def test_folders_of_rows_and_folders_within_folders_are_kept_apart(citeqa: Run, tmp_path: Path) -> None:
    rows = tmp_path / "rows"
    (rows / "inner").mkdir(parents=True)
    (rows / "a.jsonl").write_text("".join(json.dumps({"id": i, "text": f"Row {i} of one."}) + "\n" for i in "xyz"))
    (rows / "inner" / "note.txt").write_text("A note about herons.")
    assert citeqa("sync", rows).out.startswith("4 added")
    (rows / "a.jsonl").write_text(json.dumps({"id": "y", "text": "Row y of two."}) + "\n")
    assert citeqa("sync", rows).out.startswith("0 added, 1 replaced, 1 unchanged, 2 removed")
    assert citeqa("sync", rows / "inner").out.startswith("1 added, 0 replaced, 0 unchanged, 0 removed")
    assert ids(citeqa) == ["inner/note", "note", "y"]
    assert citeqa("sync", rows).out.startswith("0 added, 0 replaced, 2 unchanged, 0 removed")


@pytest.mark.parametrize("command", [("sync", "docs"), ("index", "--rebuild", "--passage-tokens", "48")])
def test_what_ctrl_c_interrupts_is_whole_and_is_finished_by_the_next_run(
    citeqa: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "docs").mkdir()
    sentence = "The {} boat of the fleet counts its fish in the harbour of Galway every evening. "
    for i in range(20):
        text = f"Report {i}\n\n" + "".join(sentence.format(f"{i}-{j}") for j in range(40))
        (tmp_path / "docs" / f"{i}.txt").write_text(text)
    if command[0] == "index":
        citeqa("index", *sorted((tmp_path / "docs").iterdir())[:10], "--passage-tokens", "128")
    with started(*command) as (process, said):
        until(lambda: Path(".citeqa/writer.json").exists())
        time.sleep(0.5)  # somewhere in the midst
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, 130)  # a fast machine may have finished
        assert "Traceback" not in said.read_text()
        assert (process.returncode == 130) == said.read_text().endswith("run the same command again to go on\n")
    assert not Path(".citeqa/writer.json").exists()
    found = citeqa("doctor")
    assert found.status == 0 or "citeqa sync FOLDER" in found.out  # interrupted before anything was written
    done = citeqa(*command)
    assert done.status == 0
    assert f"holds {20 if command[0] == 'sync' else 10} documents" in done.out
    assert citeqa("doctor").status == 0
    left = {path.name for path in Path(".citeqa").iterdir()}
    assert left - {"catalog.sqlite3-wal", "catalog.sqlite3-shm"} == {"catalog.sqlite3", "generations", "writer.lock"}


# --- sync --watch


@pytest.mark.slow
def test_watch_follows_what_lies_behind_links(citeqa: Run, docs: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "owl.txt").write_text("The owl hoots at dusk.")
    (tmp_path / "single.txt").write_text("The eel was caught at Clifden.")
    (docs / "none.txt").unlink()
    (docs / "folder").symlink_to(elsewhere)
    with started("sync", docs, "--watch", "--follow-links") as (_, said):
        until(lambda: "4 added" in said.read_text())
        (elsewhere / "new.txt").write_text("The heron stands in the reeds.")
        until(lambda: "1 added, 0 replaced, 4 unchanged, 0 removed" in said.read_text())
        (docs / "single.txt").symlink_to(tmp_path / "single.txt")
        until(lambda: "1 added, 0 replaced, 5 unchanged, 0 removed" in said.read_text())
        (tmp_path / "single.new").write_text("The eel was let go again.")
        (tmp_path / "single.new").replace(tmp_path / "single.txt")
        until(lambda: "0 added, 1 replaced, 5 unchanged, 0 removed" in said.read_text())
    refused = citeqa("sync", docs)
    assert refused.out.startswith("0 added, 0 replaced, 3 unchanged, 3 removed, 2 skipped")
    assert refused.err.count("--follow-links") == 2


@pytest.mark.slow
def test_watch_follows_a_folder_until_ctrl_c(citeqa: Run, docs: Path) -> None:
    index = docs / "index.citeqa"  # inside the folder that is followed, as the default is in `citeqa sync .`
    with started("sync", docs, "--watch", "--index", index) as (process, said):
        until(lambda: "3 added" in said.read_text())
        (docs / "new.txt").write_text("The heron stands in the reeds.")
        until(lambda: "1 added, 0 replaced, 3 unchanged, 0 removed" in said.read_text())
        (docs / "ferry.txt").write_text("The ferry leaves at noon.")
        (docs / "new.txt").unlink()
        until(lambda: json.loads(citeqa("documents", "--json", "--index", index).out)["total"] == 3)
        until(lambda: "1 removed" in said.read_text())
        with writer_lock(index, "something long"):
            (docs / "late.txt").write_text("The eel was caught at Clifden.")
            until(lambda: "something long, since 2" in said.read_text())
        until(lambda: "1 added, 0 replaced, 3 unchanged" in said.read_text().partition("something long")[2])
        docs_before = said.read_text()
        docs.rename(docs.with_name("unmounted"))
        until(lambda: "not a folder" in said.read_text())
        docs.with_name("unmounted").rename(docs)
        (docs / "back.txt").write_text("The lapwing is back.")
        until(lambda: "1 added" in said.read_text()[len(docs_before) :])
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    words = said.read_text()
    assert "Traceback" not in words
    assert words.count("(Ctrl-C to stop)") == 1
    assert words.count("not a folder") == words.count("something long") == 1  # said once
    assert len(re.findall(r"\d+ added", words)) <= 6  # nothing of its own sets it off


def test_watch_and_dry_run_do_not_go_together(citeqa: Run, docs: Path) -> None:
    assert citeqa("sync", docs, "--watch", "--dry-run").status == 2
    assert citeqa("sync", docs / "ferry.txt").status == 2
    assert citeqa("sync", docs / "nothing").status == 2


# --- remove


def test_remove_takes_all_that_are_named_or_none(citeqa: Run, docs: Path) -> None:
    citeqa("index", docs)
    refused = citeqa("remove", "ferry", "nothing")
    assert (refused.status, refused.out) == (1, "")
    assert "no such document: 'nothing'" in refused.err
    assert len(ids(citeqa)) == 3
    done = citeqa("remove", "ferry", "Straße 🦊/a b", "ferry")
    assert (done.status, done.err) == (0, "")
    expected = "0 added, 0 replaced, 0 unchanged, 2 removed, 0 skipped; .citeqa holds 1 document in 1 passage\n"
    assert done.out == expected
    assert ids(citeqa) == ["sub/fox"]
    assert citeqa("remove").status == 2


def test_while_another_process_writes_it_is_said_which(citeqa: Run, docs: Path) -> None:
    citeqa("index", docs)
    with writer_lock(Path(".citeqa"), "a long rebuild"):
        for command in (("remove", "ferry"), ("sync", docs), ("index", docs), ("index", "--rebuild")):
            busy = citeqa(*command)
            assert (busy.status, busy.out) == (1, "")
            assert re.search(rf"another process \({os.getpid()}, a long rebuild, since 2\S+ \S+\) is writing", busy.err)
        assert citeqa("search", "fox").status == 0


@pytest.mark.parametrize(
    "command",
    [("remove", "x"), ("doctor",), ("verify", "citation.json"), ("export", "x.jsonl"), ("index", "--rebuild")],
    ids=lambda command: str(command[0]),
)
def test_a_missing_index_ends_with_1_and_none_is_made(citeqa: Run, command: tuple[str, ...]) -> None:
    place = {"document_id": "a", "document_sha256": "0" * 64, "start": 0, "end": 1, "quote": "A"}
    Path("citation.json").write_text(json.dumps(place))
    found = citeqa(*command, "--index", "nowhere")
    assert (found.status, found.out) == (1, "")
    assert "there is no index in nowhere; make one with: citeqa index FOLDER" in found.err
    assert not Path("nowhere").exists()


# --- verify


@pytest.fixture
def answer(citeqa: Run, docs: Path) -> dict[str, Any]:
    citeqa("index", docs)
    found: dict[str, Any] = json.loads(citeqa("ask", QUESTION, "--json", "--min-confidence", "0").out)
    assert found["answer"]["citation"]["document_id"] == "ferry"
    return found


@pytest.mark.parametrize(
    ("text", "status", "code", "shown"),
    [
        (FERRY, "valid", 0, "the words are where they were cited"),
        (f"News. {FERRY}", "moved", 0, "the words are now elsewhere"),
        (FERRY.replace("half past nine", "noon"), "changed", 1, "the document no longer contains these words"),
        (None, "gone", 1, "the document is no longer in the index"),
    ],
)
def test_verify_says_whether_a_citation_holds(
    citeqa: Run, docs: Path, answer: dict[str, Any], text: str | None, status: str, code: int, shown: str
) -> None:
    if text is None:
        citeqa("remove", "ferry")
    else:
        (docs / "ferry.txt").write_text(text)
        citeqa("index", docs)
    for given in (answer, answer["answer"], answer["answer"]["citation"], {"citation": answer["answer"]["citation"]}):
        Path("given.json").write_text(json.dumps(given, ensure_ascii=False), encoding="utf-8")
        found = citeqa("verify", "given.json", "--json")
        assert found.status == code
        verdict = json.loads(found.out)
        assert list(verdict) == ["status", "citation", "nearest"]
        assert verdict["status"] == status
        assert (verdict["citation"] is not None) == (status in ("valid", "moved"))
        assert (verdict["nearest"] is not None) == (status == "changed")
    said = citeqa("verify", "given.json")
    assert (said.status, said.out.splitlines()[0]) == (code, f"{status}: {shown}")
    assert ("Inishbofin leaves at" in said.out) == (status != "gone")


def test_verify_reads_an_answer_from_standard_input(
    citeqa: Run, answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(answer).encode()), encoding="utf-8"))
    assert citeqa("verify", "-").out.startswith("valid: ")


PLACE = {"document_id": "a", "document_sha256": "0" * 64, "start": 0, "end": 1, "quote": "A"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is not JSON from line 1, column 1 on"),
        (b"no json", "it is not JSON from line 1, column 1 on"),
        (b"\xff\xfe", "it is not text in UTF-8"),
        (b"[]", "a citation has document_id"),
        (b"{}", "a citation has document_id"),
        (b'{"answered": false, "answer": null}', "the question was not answered"),
        (b'{"answer": ' * 3000, ""),
        (json.dumps(PLACE | {"end": 5}).encode(), "end - start is 5"),
        (json.dumps(PLACE | {"start": "0"}).encode(), "start: it is not a whole number"),
        (json.dumps(PLACE | {"quote": None}).encode(), "quote: it must be text"),
    ],
)
def test_a_file_without_a_citation_is_wrong_usage_with_the_reason(citeqa: Run, content: bytes, reason: str) -> None:
    Path("given.json").write_bytes(content)
    found = citeqa("verify", "given.json")
    assert (found.status, found.out) == (2, "")
    assert "it is not a citation" in found.err
    assert reason in found.err
    assert "validation error" not in found.err
    assert citeqa("verify", "nothing.json").status == 2


# --- doctor


def test_doctor_is_content_with_a_whole_index(citeqa: Run, docs: Path) -> None:
    citeqa("sync", docs)
    found = citeqa("doctor")
    assert (found.status, found.err) == (0, "")
    assert found.out.count("\n") == 11
    assert "ok  dense search is exact" in found.out
    assert all(line.startswith("ok ") for line in found.out.splitlines())


def test_doctor_names_what_is_wrong_and_what_mends_it_does(citeqa: Run, docs: Path) -> None:
    citeqa("sync", docs)
    damaged = next(Path(".citeqa").glob("generations/*/dense-*.faiss"))
    data = damaged.read_bytes()
    damaged.unlink()
    damaged.write_bytes(data[:-1])
    found = citeqa("doctor")
    assert found.status == 1
    assert re.search(r"^no  the search files are whole\n    \S+\.faiss has SHA-256 ", found.out, re.M)
    mend = re.search(r"to fix it: .*: citeqa (.*)", found.out)
    assert mend
    assert citeqa(*mend.group(1).split()).status == 0
    assert citeqa("doctor").status == 0

    with closing(sqlite3.connect(".citeqa/catalog.sqlite3")) as connection, connection:
        connection.execute("UPDATE passages SET vector = x'00' WHERE document_id = 'ferry'")
    found = citeqa("doctor")
    assert found.status == 1
    assert "to fix it: citeqa index --rebuild" in found.out
    assert citeqa("index", "--rebuild").out == "rebuilt: .citeqa holds 3 documents in 3 passages\n"
    assert citeqa("doctor").status == 0


def test_doctor_says_how_to_finish_what_was_interrupted_at_once(citeqa: Run, docs: Path) -> None:
    citeqa("sync", docs)
    with closing(sqlite3.connect(".citeqa/catalog.sqlite3")) as connection, connection:
        connection.executescript(
            "DELETE FROM settings; DELETE FROM generation; DELETE FROM passages; DELETE FROM documents"
        )
    found = citeqa("doctor")
    assert found.status == 1
    assert "to fix it: run again what was interrupted" in found.out
    assert citeqa("search", "fox").status == 1


# --- export


def test_rows_and_backup_give_everything_back(citeqa: Run, docs: Path) -> None:
    citeqa("sync", docs)
    listed = citeqa("documents", "--json").out
    asked = citeqa("search", "the fox at noon", "--json").out
    for target in ("rows.jsonl", "backup.sqlite3"):
        for _ in range(2):  # what was there is replaced
            assert citeqa("export", target)[:2] == (0, f"{target} holds 3 documents\n")
    Path("copy").mkdir()
    shutil.copy("backup.sqlite3", "copy/catalog.sqlite3")
    assert citeqa("documents", "--json", "--index", "copy").out == listed
    assert citeqa("doctor", "--index", "copy").status == 0
    assert citeqa("sync", docs, "--index", "copy").out.startswith("0 added, 0 replaced, 3 unchanged, 0 removed")
    citeqa("index", "rows.jsonl", "--index", "again")
    found = json.loads(citeqa("search", "the fox at noon", "--json", "--index", "again").out)
    texts = [(e["document_id"], e["text"], e["start"]) for e in json.loads(asked)["evidence"]]
    assert [(e["document_id"], e["text"], e["start"]) for e in found["evidence"]] == texts


@pytest.mark.parametrize(
    "target", ["rows.csv", "rows", "nowhere/rows.jsonl", ".citeqa/catalog.sqlite3", "folder.jsonl", ".citeqa/x.jsonl"]
)
def test_export_writes_where_it_may_and_nowhere_else(citeqa: Run, docs: Path, target: str) -> None:
    citeqa("index", docs)
    Path("folder.jsonl").mkdir()
    before = tree(Path(".citeqa"))
    found = citeqa("export", target)
    assert (found.status, found.out) == (2, "")
    assert "TARGET" in found.err
    assert tree(Path(".citeqa")) == before


# --- other settings, other formats


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index made by the program, to be copied."""
    folder = tmp_path_factory.mktemp("indexed")
    (folder / "ferry.txt").write_text(FERRY)
    subprocess.run([*PROGRAM, "index", str(folder / "ferry.txt"), "--index", str(folder / "index")], check=True)
    return folder


@pytest.mark.parametrize(
    ("name", "value", "here"),
    [
        ("embedder.name", "other", "all-MiniLM-L6-v2"),
        ("embedder.sha256", "0", "53aa51172d"),
        ("embedder.precision", "int8", "fp32"),
        ("embedder.dimension", 32, "384"),
        ("embedder.query_prefix", "query: ", ""),
        ("embedder.passage_prefix", "passage: ", ""),
        ("chunker.passage_tokens", 64, "128"),
        ("analyzer", "german", ""),
    ],
)
@pytest.mark.slow
def test_an_index_made_otherwise_is_refused_with_both_values_and_the_command_that_mends_it(
    citeqa: Run, indexed: Path, name: str, value: str | int, here: str
) -> None:
    shutil.copytree(indexed / "index", ".citeqa")
    with closing(sqlite3.connect(".citeqa/catalog.sqlite3")) as connection, connection:
        changed = connection.execute("UPDATE settings SET value = ? WHERE name = ?", (json.dumps(value), name))
        assert changed.rowcount == 1
    options = ("--model", "all-MiniLM-L6-v2", "--precision", "fp32", "--passage-tokens", "128")
    Path("new.txt").write_text("The lapwing is back.")
    refused = citeqa("index", "new.txt", *options)
    assert (refused.status, refused.out) == (1, "")
    assert re.search(rf"{name} is '?{value}'? there, '?{here}", refused.err), refused.err
    mend = re.search(r"citeqa (index --rebuild --index .*)", refused.err)
    assert mend
    if name in ("embedder.sha256", "analyzer", "embedder.query_prefix"):
        asked = citeqa("search", "ferry")
        assert (asked.status, asked.out) == (1, "")
        assert re.search(rf"{name} is '?{value}'? there, '?{here}", asked.err), asked.err
    command = mend.group(1).split()
    assert citeqa(*command).status == 0
    assert citeqa("index", "new.txt", *options).out.startswith("1 added")
    assert "Inishbofin" in citeqa("search", QUESTION).out


def test_an_index_of_the_earlier_format_is_upgraded_and_of_a_later_one_refused(citeqa: Run, indexed: Path) -> None:
    shutil.copytree(indexed / "index", ".citeqa")
    before = citeqa("documents", "--json").out
    with closing(sqlite3.connect(".citeqa/catalog.sqlite3")) as connection:
        connection.executescript(TO_FORMAT_1)
    assert "Inishbofin" in citeqa("search", QUESTION).out
    assert citeqa("documents", "--json").out == before
    assert citeqa("doctor").status == 0
    with closing(sqlite3.connect(".citeqa/catalog.sqlite3")) as connection:
        connection.execute("PRAGMA user_version = 99")
    for command in (("search", "ferry"), ("sync", indexed), ("doctor",), ("index", "--rebuild")):
        refused = citeqa(*command)
        assert refused.status == 1
        assert "has format 99, this program reads format" in refused.err + refused.out


@pytest.mark.slow
def test_a_server_goes_on_answering_while_everything_is_made_again(citeqa: Run, tmp_path: Path) -> None:
    citeqa("index", SEEDS)
    questions = [question.question for question in load(QUESTIONS)[:5]]
    server = Server(Path(".citeqa"))
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as http:
        before = http.get("/api/ready").json()["index"]
        with started("index", "--rebuild", "--passage-tokens", "48") as (process, said):
            counts = set()
            while process.poll() is None or http.get("/api/ready").json()["index"] == before:
                for question in questions:
                    found = http.post("/api/ask", json={"question": question}).raise_for_status().json()
                    counts.add(found["index"]["passages"])
            assert process.returncode == 0, said.read_text()
        after = http.get("/api/ready").json()["index"]
        assert after["documents"] == before["documents"]
        assert after["passages"] > before["passages"]
        assert counts <= {before["passages"], after["passages"]}  # one state or the other, nothing in between
    assert server.stop() in (0, 130)
