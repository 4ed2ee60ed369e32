"""The program as a person meets it: at terminals of several widths, with pipes, links, short options and mistakes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import Run
from support.servers import PROGRAM
from support.terminal import Typed

from citeqa.api.cli.options import with_index
from citeqa.index import __version__
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.writer import update

QUESTION = "When does the ferry leave?"
COMMANDS = ("", "ask", "search", "index", "sync", "serve", "evaluate", "verify")
FERRY = "The ferry to the island\r\nleaves at noon\r\non Sundays.\x0cTickets for it are blue."
pty = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


@pytest.fixture(scope="module")
def ferry(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """An index of one document, whose lines end in the middle of sentences."""
    folder = tmp_path_factory.mktemp("ferry")
    (folder / "ferry.txt").write_text(FERRY, encoding="utf-8", newline="")
    update(folder / "index", [folder / "ferry.txt"], embedder)
    return folder / "index"


def _run(*arguments: str | Path, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, env=os.environ | environment, timeout=120)


@pty
@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_a_terminal_of_60_columns_with_no_word_broken_and_no_option_cut(tmp_path: Path, command: str) -> None:
    narrow, wide = (Typed(tmp_path, *command.split(), "-h", columns=columns) for columns in (60, 400))
    assert (narrow.end(), wide.end()) == (0, 0)
    assert max(map(len, narrow.text.splitlines())) <= 60
    assert narrow.text.split() == wide.text.split()
    assert "…" not in narrow.text


def test_options_have_short_forms(citeqa: Run, ferry: Path) -> None:
    long = citeqa("ask", QUESTION, "--k", "1", "--json", "--min-confidence", "0", "--index", ferry)
    short = citeqa("ask", QUESTION, "-k1", "-j", "--min-confidence", "0", "-i", ferry)
    assert short.status == long.status == 0
    assert short.out.partition('"timing_ms"')[0] == long.out.partition('"timing_ms"')[0]


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_printed(citeqa: Run, option: str) -> None:
    assert citeqa(option) == (0, f"citeqa {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--k", "51"), "--k: it is more than 50"),
        (("--k", "five"), "--k: it is not a whole number"),
        (("--from", "tomorrow"), "--from: 'tomorrow' is not a day as YYYY-MM-DD"),
        (("--from", "2026-02-02", "--to", "2026-01-01"), "--from: 2026-02-02 is after --to 2026-01-01"),
        (("--source", ""), "--source: it is empty"),
        (("--frobnicate",), "there is no option --frobnicate"),
        (("another",), "there is no place for another"),
        (("--k",), "--k needs a value"),
        (("--url", "ftp://x"), "the settings are not valid: url: it must be written http://... or https://..."),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else None,
)
def test_mistakes_are_told_in_the_words_of_the_command_line(arguments: tuple[str, ...], said: str) -> None:
    done = _run("ask", QUESTION, *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    error, hint = done.stderr.decode().splitlines()
    assert error == f"error: {said}"
    assert hint.endswith("--help shows how it is written")


@pytest.mark.slow
def test_a_question_is_read_from_standard_input(ferry: Path) -> None:
    for command in ("ask", "search"):
        piped = _run(command, "-", "--index", ferry, given=f"{QUESTION}\n".encode())
        assert piped.returncode == 0
        assert piped.stdout == _run(command, QUESTION, "--index", ferry).stdout
    assert _run("ask", "-", "--index", ferry, given=b"  \n").returncode == 2
    assert _run("ask", "-", "--index", ferry, given=b"\xff\xfe").returncode == 2
    nothing = _run("ask", "--index", ferry)
    assert nothing.returncode == 2
    assert b"or - to read it from standard input" in nothing.stderr


def test_line_ends_inside_a_quote_are_spaces(ferry: Path) -> None:
    done = _run("ask", QUESTION, "--min-confidence", "0", "--index", ferry)
    assert "�" not in done.stdout.decode()
    assert "leaves at noon on Sundays." in done.stdout.decode().splitlines()
    assert "�" not in _run("search", QUESTION, "--index", ferry).stdout.decode()


@pty
def test_answers_are_wrapped_at_words(ferry: Path, tmp_path: Path) -> None:
    shown = Typed(tmp_path, "ask", QUESTION, "--min-confidence", "0", "--index", str(ferry), columns=30)
    assert shown.end() == 0
    lines = shown.text.splitlines()
    assert not [line for line in lines if len(line) > 30]
    assert {"The", "ferry", "to", "the", "island", "leaves", "at", "noon", "on", "Sundays."} <= set(shown.text.split())


@pty
def test_documents_are_a_list_where_a_table_has_no_room(ferry: Path, tmp_path: Path) -> None:
    shown = Typed(tmp_path, "documents", "--index", str(ferry), columns=60)
    assert shown.end() == 0
    assert "\nferry\n" in f"\n{shown.text}"
    assert "passages" not in shown.text.splitlines()[0]


@pytest.mark.slow
@pty
def test_sources_are_links_to_their_files_where_they_are_known(tmp_path: Path, ferry: Path) -> None:
    folder, index = tmp_path / "a b", str(tmp_path / "index")
    folder.mkdir()
    (folder / "ferry.txt").write_text(FERRY, encoding="utf-8", newline="")
    assert _run("sync", folder, "--index", index).returncode == 0
    asked = ("ask", QUESTION, "--min-confidence", "0", "--index", index)
    shown = Typed(tmp_path, *asked)
    assert shown.end() == 0
    assert f";{(folder / 'ferry.txt').as_uri()}\x1b\\" in shown.shown
    assert b"\x1b" not in _run(*asked).stdout


@pty
def test_a_prompt_takes_questions_and_recalls_them(ferry: Path, tmp_path: Path) -> None:
    shown = Typed(tmp_path, "ask", "--min-confidence", "0", "--index", str(ferry))
    shown.until("question: ")
    shown.type("When does the ferry leave?\n")
    shown.until("confidence ", 1)
    shown.until("question: ", 2)
    shown.type("\x1b[A\n")  # arrow up
    shown.until("confidence ", 2)
    shown.until("question: ", 3)
    shown.type("\x04")  # Ctrl-D
    assert shown.end() == 0
    assert shown.text.count("leaves at noon") >= 2


def test_hints_name_the_index_that_was_named(citeqa: Run, tmp_path: Path) -> None:
    result = citeqa("ask", QUESTION, "--index", "my index")
    assert "citeqa index FOLDER --index 'my index'" in result.err
    assert "citeqa index FOLDER\n" in citeqa("ask", QUESTION).err
    hint = "run citeqa index --rebuild, or citeqa sync FOLDER"
    expected = "run citeqa index --index 'my index' --rebuild, or citeqa sync --index 'my index' FOLDER"
    assert (with_index(hint, Path("my index")), with_index(hint, None)) == (expected, hint)
