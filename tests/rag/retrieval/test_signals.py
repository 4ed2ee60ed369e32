"""A new ranking signal is one line in the list of signals: retrieval, fusion, HTTP and the command line follow it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

# The list is read when other modules are imported, so a process of its own adds the signal first.
PROGRAM = """
import sys
from citeqa.rag.retrieval import signals

def from_the_end(index, query, k, selection):
    words = " ".join(reversed(query.text.split()[-2:]))
    return signals.Ranking(index.rank_lexical(words, k, selection), index.highest_lexical(words))

dense, lexical = signals.SIGNALS
signals.SIGNALS = (
    signals.Signal("dense", 0.3, dense.rank), signals.Signal("lexical", 0.5, lexical.rank),
    signals.Signal("toy", 0.2, from_the_end),
)
from citeqa.api.cli.main import app
app(sys.argv[1:], standalone_mode=False)
"""


def run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_signal_is_fused_and_its_ranks_are_shown(seeds_index: Path) -> None:
    asked = ("search", "Who praised the maritime working group?", "--index", str(seeds_index))
    evidence = json.loads(run(*asked, "--json"))["evidence"]
    assert all(item.keys() >= {"dense_rank", "lexical_rank", "toy_rank"} for item in evidence)
    assert any(item["toy_rank"] == 1 for item in evidence)
    assert "toy 1" in run(*asked)
