"""How soon after Enter the passages, and then the answer, are on the page: seed articles, a real browser, from
the key's event to the frame that shows them.

    PYTHONPATH=tests python tests/benchmarks/passages.py [--runs 30]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page
from support.browsing import chromium
from support.paths import QUESTIONS, SEEDS
from support.servers import Server

from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.writer import update

WARMING = 5
# The next frame that has an element of the last turn; its time is when it was begun, after which it is painted.
WATCH = """
window.times = {};
addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const start = event.timeStamp, turns = document.querySelectorAll(".turn").length;
    window.times = {};
    const look = () => {
        const turn = document.querySelectorAll(".turn")[turns];
        if (turn?.querySelector(".passage")) times.passages ??= performance.now() - start;
        if (turn?.querySelector(".answer, .abstention")) times.answer ??= performance.now() - start;
        if (!times.answer) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}, true);
"""


def measured(page: Page, question: str) -> dict[str, float]:
    page.get_by_role("textbox", name="Your question").fill(question)
    page.keyboard.press("Enter")
    page.wait_for_function("() => times.answer !== undefined")
    found: dict[str, float] = page.evaluate("times")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    runs = parser.parse_args().runs
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    questions = [str(row["question"]) for row in rows][: runs + WARMING]
    with tempfile.TemporaryDirectory(prefix="citeqa-") as temporary, chromium() as browser:
        update(Path(temporary) / "index", [SEEDS], load_embedder(DEFAULT_MODEL, Path(temporary) / "models"))
        server = Server(Path(temporary) / "index")
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.add_init_script(WATCH)
            page.goto(server.url)
            times = [measured(page, question) for question in questions][WARMING:]
        finally:
            server.stop()
    for step in ("passages", "answer"):
        values = sorted(one[step] for one in times if step in one)
        middle, worst = statistics.median(values), values[round(0.95 * (len(values) - 1))]
        print(f"{step:9} median {middle:6.1f} ms, 95th percentile {worst:6.1f} ms, of {len(values)} questions")


if __name__ == "__main__":
    main()
