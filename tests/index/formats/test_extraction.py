"""The child process that reads files: its limits, its end, and that one file's harm is that file's alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from support import troublesome
from support.paths import environment_with_support

from citeqa.index.documents import corpus
from citeqa.index.documents.corpus import load
from citeqa.index.errors import DocumentError
from citeqa.index.formats import registry
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.extraction import Extractor
from citeqa.index.structure import Heading, Structure
from citeqa.index.types import Document, Skipped, Span, Timed

BAD = troublesome.__name__

# A library user's program: no `if __name__ == "__main__"`, and it prints what it does.
PROGRAM = """
import sys
from pathlib import Path
from citeqa.index.documents.corpus import load
print("begin")
for item in load([Path(sys.argv[1])]):
    print(item.id, item.text)
print("end")
"""
# A program that is reading a file for ever, and says in which process.
STUCK = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started the tests without it
from citeqa.index.formats.extraction import Extractor
extractor = Extractor()
print(extractor.extract("support.troublesome", b"pid").text, flush=True)
extractor.extract("support.troublesome", b"sleep")
"""


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    with Extractor() as made:
        yield made


def _alive(pid: int) -> bool:
    """Whether a process runs: one that ended but was not waited for does not."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _pid(extractor: Extractor) -> int:
    return int(extractor.extract(BAD, b"pid").text)


# --- what comes back


@pytest.mark.parametrize(
    "text", ["Words.", "", "\r\n \t", "العربية 中文 😀 \u00ad ﬁ", "\udc80", "\x00\x1f\u2028", "x" * 3_000_000]
)
def test_text_comes_back_as_it_was_given(extractor: Extractor, text: str) -> None:
    assert extractor.extract(BAD, text.encode("utf-8", "surrogateescape")) == Extracted(text)


def test_every_field_comes_back(extractor: Extractor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = Extracted(
        "Some words.", "T", "A", date(2024, 3, 21), "S", "U", "cp1252", (0, 5), ("a note",), (Span(5, 11),), "an id",
        Structure(headings=(Heading(Span(0, 4), 1),)), (Timed(Span(0, 4), 0.5, 2.0),), (Span(0, 11),),
    )  # fmt: skip
    source = (
        "import datetime\nfrom citeqa.index.formats.extracted import Extracted\n"
        "from citeqa.index.types import Span, Timed\n"
        "from citeqa.index.structure import Heading, Structure\n"
        f"def extract(data): return {given!r}"
    )
    (tmp_path / "whole_format.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with Extractor() as fresh:  # it takes over sys.path as it is now
        assert fresh.extract("whole_format", b"") == given


def test_one_child_reads_all_files_and_none_is_started_before_the_first() -> None:
    with Extractor() as extractor:
        assert extractor._child is None
        first = _pid(extractor)
        assert first != os.getpid()
        assert _pid(extractor) == first
    assert not _alive(first)


def test_what_a_library_prints_is_not_taken_for_an_answer(extractor: Extractor) -> None:
    assert extractor.extract(BAD, b"print") == Extracted("print")


# --- what goes wrong


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"refuse", "it is refused"),
        (b"fail", "its reader failed: IndexError: a mistake"),
        (b"recurse", "it is nested too deeply"),
    ],
)
def test_a_file_that_is_refused_costs_no_child(extractor: Extractor, data: bytes, reason: str) -> None:
    before = _pid(extractor)
    with pytest.raises(DocumentError) as caught:
        extractor.extract(BAD, data)
    assert str(caught.value) == reason
    assert _pid(extractor) == before


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"crash", "its reader crashed (SIGSEGV)"),
        (b"exit", "its reader ended with status 3: the last words"),
        (b"memory", "reading it takes more than 2,048 MiB of memory"),
    ],
)
@pytest.mark.parametrize("used", [False, True])
@pytest.mark.slow
def test_a_file_that_ends_the_child_is_given_up_and_the_next_gets_another(data: bytes, reason: str, used: bool) -> None:
    with Extractor() as extractor:
        before = _pid(extractor) if used else None
        with pytest.raises(DocumentError) as caught:
            extractor.extract(BAD, data)
        assert str(caught.value) == reason
        assert extractor.extract(BAD, b"Words.") == Extracted("Words.")
        assert _pid(extractor) != before


def test_a_module_that_is_not_there_is_named() -> None:
    with Extractor() as extractor, pytest.raises(DocumentError, match="No module named 'no_such_format'"):
        extractor.extract("no_such_format", b"")


def test_what_a_file_gives_does_not_depend_on_the_files_before_it() -> None:
    with Extractor() as extractor:
        before = _pid(extractor)
        assert extractor.extract(BAD, b"crash-if-used") == Extracted("crash-if-used")
        assert _pid(extractor) != before


@pytest.mark.faults
@pytest.mark.parametrize("used", [False, True])
def test_a_file_that_takes_too_long_is_given_up(used: bool) -> None:
    with Extractor(seconds=2) as extractor:
        before = _pid(extractor) if used else 0
        start = time.monotonic()
        with pytest.raises(DocumentError, match=r"^reading it took longer than 2 seconds$"):
            extractor.extract(BAD, b"sleep")
        assert 2 <= time.monotonic() - start < 4  # once, not twice
        assert not (used and _alive(before))
        assert extractor.extract(BAD, b"Words.") == Extracted("Words.")


@pytest.mark.faults
def test_one_that_takes_long_by_right_and_says_so_is_read() -> None:
    with Extractor(seconds=3) as extractor:
        assert extractor.extract(BAD, b"slow") == Extracted("slow")  # in more than three seconds, but not at a time


@pytest.mark.faults
def test_a_file_that_is_never_taken_in_is_given_up_as_well() -> None:
    with Extractor(seconds=2) as extractor:
        os.kill(_pid(extractor), signal.SIGSTOP)  # the pipe to it fills, and writing waits
        with pytest.raises(DocumentError, match="took longer"):
            extractor.extract(BAD, bytes(1_000_000))


def test_a_child_that_was_killed_meanwhile_is_replaced(extractor: Extractor) -> None:
    before = _pid(extractor)
    os.kill(before, signal.SIGKILL)
    assert _within(5, lambda: not _alive(before))
    assert _pid(extractor) != before


# --- its end


def test_an_interrupt_ends_the_child_and_the_next_file_is_not_given_the_old_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Extractor() as extractor:
        before = _pid(extractor)
        assert extractor._child is not None
        ask = extractor._child.ask

        def interrupted(module: str, data: bytes, alive: Callable[[], None]) -> None:
            ask(module, data, alive)
            raise KeyboardInterrupt

        monkeypatch.setattr(extractor._child, "ask", interrupted)
        with pytest.raises(KeyboardInterrupt):
            extractor.extract(BAD, b"old")
        assert not _alive(before)
        assert extractor.extract(BAD, b"new") == Extracted("new")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the child ends with its file")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_child_never_outlives_its_parent_even_in_the_middle_of_a_file(sent: signal.Signals) -> None:
    environment = environment_with_support()
    with subprocess.Popen(
        [sys.executable, "-c", STUCK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _alive(child)
        time.sleep(0.2)  # it has the file by now
        parent.send_signal(sent)
        parent.wait(10)
    assert _within(5, lambda: not _alive(child))


def test_a_program_without_a_main_guard_can_read_every_format(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>Some words.</p>")
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, tmp_path / "program.py", tmp_path / "page.html"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["begin", "page Some words.", "end"]
    assert done.stderr == ""


def test_modules_lying_in_the_working_folder_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('ran what lay among the documents')")
    monkeypatch.chdir(tmp_path)
    with Extractor() as extractor:
        assert extractor.extract(BAD, b"Words.") == Extracted("Words.")


# --- in a folder


@pytest.mark.faults
def test_files_that_do_harm_are_named_and_all_others_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "FORMATS", (*registry.FORMATS, registry.Format("bad", BAD, (".bad",))))
    monkeypatch.setattr(corpus, "Extractor", lambda: Extractor(seconds=2))
    for name in ("crash", "exit", "fail", "memory", "recurse", "refuse", "sleep"):
        (tmp_path / f"{name}.bad").write_bytes(name.encode())
        (tmp_path / f"{name}.good.bad").write_bytes(b"Words of " + name.encode())
    (tmp_path / "z.txt").write_text("Last.")
    items = list(load([tmp_path]))
    assert {item.id for item in items if isinstance(item, Document)} == {
        "crash.good", "exit.good", "fail.good", "memory.good", "recurse.good", "refuse.good", "sleep.good", "z",
    }  # fmt: skip
    reasons = {Path(item.name).name: item.reason for item in items if isinstance(item, Skipped)}
    assert reasons == {
        "crash.bad": "its reader crashed (SIGSEGV)",
        "exit.bad": "its reader ended with status 3: the last words",
        "fail.bad": "its reader failed: IndexError: a mistake",
        "memory.bad": "reading it takes more than 2,048 MiB of memory",
        "recurse.bad": "it is nested too deeply",
        "refuse.bad": "it is refused",
        "sleep.bad": "reading it took longer than 2 seconds",
    }


def test_leaving_off_in_the_middle_ends_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "FORMATS", (*registry.FORMATS, registry.Format("bad", BAD, (".bad",))))
    for name in ("a", "b"):
        (tmp_path / f"{name}.bad").write_bytes(b"pid")
    items = load([tmp_path])
    first = next(items)
    assert isinstance(first, Document)
    assert _alive(int(first.text))
    del items
    assert _within(5, lambda: not _alive(int(first.text)))
