"""The whole way, from files to an answer, with the network cut."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import SEEDS

GUARD = """
import os, socket

def refuse(*arguments, **options):
    with open(os.environ["NETWORK_LOG"], "a") as log:
        log.write(f"{arguments!r}\\n")
    raise OSError("the network is cut")

for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refuse)
for name in ("getaddrinfo", "gethostbyname", "create_connection"):
    setattr(socket, name, refuse)
"""
WHOLE_WAY = """
import sys
from citeqa.api.cli.main import app
seeds, index, question = sys.argv[1:]
app(["index", seeds, "--index", index], standalone_mode=False)
app(["ask", question, "--min-confidence", "0", "--json", "--index", index], standalone_mode=False)
"""


def without_network() -> list[str]:
    """What to put before a command so that it sees no network at all, where that is permitted."""
    for command in (["unshare", "-rn"], ["unshare", "-n"]):
        try:
            subprocess.run([*command, "true"], check=True, capture_output=True, timeout=20)
        except (OSError, subprocess.SubprocessError):
            continue
        return command
    return []


@pytest.fixture
def cut(tmp_path: Path) -> dict[str, str]:
    """An environment in which any use of a socket is logged and fails, with no hub switch and no hub cache."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    (tmp_path / "home").mkdir()
    hub = ("HF_", "HUGGINGFACE_", "TRANSFORMERS_", "XDG_", "CITEQA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hub)}
    return kept | {
        "PYTHONPATH": str(tmp_path / "guard"),
        "HOME": str(tmp_path / "home"),
        "NETWORK_LOG": str(tmp_path / "network.log"),
    }


def test_files_become_an_answer_without_any_network(tmp_path: Path, cut: dict[str, str]) -> None:
    question = "How much aid did the US pledge to Cubans?"
    arguments = [str(SEEDS), str(tmp_path / "index"), question]
    done = subprocess.run(
        [*without_network(), sys.executable, "-c", WHOLE_WAY, *arguments],
        env=cut,
        cwd=SEEDS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "network.log").exists(), (tmp_path / "network.log").read_text()
    indexed, brace, answer = done.stdout.partition("{")  # below what was read stands the answer
    assert indexed.startswith("5 added")
    answered = json.loads(brace + answer)["answer"]
    assert "9 million" in answered["text"]
    assert "$9 million of humanitarian assistance" in answered["citation"]["sentence"]["text"]


def test_the_guard_does_cut_the_network(tmp_path: Path, cut: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import socket; socket.socket().connect(('127.0.0.1', 9))"],
        env=cut,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "the network is cut" in done.stderr
    assert "127.0.0.1" in (tmp_path / "network.log").read_text()
