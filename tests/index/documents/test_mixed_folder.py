"""A folder of all formats, one file in twenty damaged: nothing is lost, and memory stays bounded."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.faults import SOAK
from support.mixed_folder import KINDS, Mixed, write

from citeqa.index.formats.extraction import MEMORY
from citeqa.index.formats.registry import FORMATS, format_of

FILES = 2000 if SOAK else 3 * len(KINDS)
MOST = 600  # MB of the main process
_RUN = """
import re, resource, sys
from pathlib import Path
from citeqa.api.cli.main import main
try:
    main()
finally:
    # not what getrusage says of it: that counts the process it was started from too
    own = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
    print("peak", own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""


_TIMED = """
import sys, time
from pathlib import Path
from citeqa.api.library import build_index
for folder in sys.argv[1:]:
    before = time.perf_counter()
    report = build_index([folder], f"{folder}.index")
    print(Path(folder).name, len(list(Path(folder).iterdir())), report.passages, time.perf_counter() - before)
"""


def _citeqa(*arguments: str) -> tuple[int, str, list[int]]:
    """Runs the command line. Returns its status, what it printed, and the peaks of it and its children in KiB."""
    done = subprocess.run([sys.executable, "-c", _RUN, *arguments], capture_output=True, text=True, check=False)
    peaks = re.search(r"peak (\d+) (\d+)", done.stderr)
    assert peaks, done.stderr
    return done.returncode, done.stdout, [int(peak) for peak in peaks.groups()]


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says so how much memory a process took")
@pytest.mark.timeout(3600 if SOAK else 300)
@pytest.mark.slow
def test_nothing_is_lost_of_a_mixed_folder_and_what_is_damaged_is_named(tmp_path: Path) -> None:
    folder, index = tmp_path / "office", str(tmp_path / "index")
    made = write(folder, FILES)
    status, printed, (own, child) = _citeqa("index", str(folder), "--index", index, "--json")
    report = json.loads(printed)
    assert {Path(item["name"].partition(", ")[0]).name for item in report["skipped"]} == made.damaged
    assert status == 1
    assert all(item["reason"] for item in report["skipped"])
    assert {warning["note"] for warning in report["warnings"]} == {
        "its chapter 'OEBPS/x.png' is not read: it is image/png"
    }
    assert report["documents"] == len(made.documents) <= report["passages"]  # all are embedded and can be searched
    _check_texts(made, Path(index))
    print(f"{FILES} files, peaks of {own // 1000} MB and, of the parsing child, {child // 1000} MB")
    assert own * 1024 <= MOST * 1_000_000
    assert child * 1024 <= MEMORY
    if SOAK:
        _print_times(folder, tmp_path / "formats")


def _print_times(folder: Path, formats: Path) -> None:
    """Index the files of each format by themselves, damaged ones included, and print how long it took, embedding and
    writing included."""
    for file in folder.rglob("*.*"):
        beside = formats / file.suffix[1:] / file.name
        beside.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, beside)
    each = sorted(formats.iterdir())  # the first is indexed twice: once for what is loaded only once
    shutil.copytree(each[0], warm := formats / "warm")
    done = subprocess.run([sys.executable, "-c", _TIMED, warm, *each], capture_output=True, text=True, check=True)
    print("| format | files | passages | s | ms a file |")
    for line in done.stdout.splitlines()[1:]:
        name, files, passages, seconds = line.split()
        print(f"| {name} | {files} | {passages} | {float(seconds):.1f} | {1000 * float(seconds) / int(files):.0f} |")


def _check_texts(made: Mixed, index: Path) -> None:
    out = index.parent / "out.jsonl"
    assert _citeqa("export", str(out), "--index", str(index))[0] == 0
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    texts = {row["id"]: row["text"] for row in rows}
    assert texts.keys() == made.documents.keys()
    for document_id, sentences in made.documents.items():
        _check_order(document_id, texts[document_id], sentences)


def _check_order(document_id: str, text: str, sentences: Sequence[str]) -> None:
    """Each sentence is in the text, once, in order."""
    at = 0
    for sentence in sentences:
        found = text.find(sentence, at)
        assert found >= 0, f"{document_id}: {sentence!r} is missing or out of order"
        at = found + len(sentence)


def test_the_folder_has_all_formats_but_pictures() -> None:
    made = {found.name for ending, _ in KINDS if (found := format_of(Path(f"x{ending}")))}
    assert made == {known.name for known in FORMATS} - {"pictures"}
