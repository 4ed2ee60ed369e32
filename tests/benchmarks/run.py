"""Time what a user waits for, on this machine: the start of the service, and a question over HTTP.

Each figure stands beside its floor from the same run: a start beside loading the embedding model alone, a question
beside embedding that question alone.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx
from servers import Server

from index.embedder import SentenceTransformerEmbedder

ROOT = Path(__file__).resolve().parents[2]


def first_answer(index: Path, question: str) -> float:
    """Seconds from starting the service to its first answer."""
    start = time.perf_counter()
    server = Server(index)
    httpx.post(f"{server.url}api/ask", json={"question": question}).raise_for_status()
    seconds = time.perf_counter() - start
    server.stop()
    return seconds


def model_load() -> float:
    """Seconds a process needs to import sentence-transformers and load the default model."""
    code = "from index.embedder import SentenceTransformerEmbedder as E; E().embed_query('ready')"
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    return time.perf_counter() - start


def question_times(index: Path, questions: list[str]) -> list[float]:
    """Milliseconds of each question over HTTP, asked one after another of a service that has just started."""
    server = Server(index)
    times = []
    with httpx.Client(base_url=server.url) as client:
        for question in questions:
            start = time.perf_counter()
            client.post("/api/ask", json={"question": question}).raise_for_status()
            times.append((time.perf_counter() - start) * 1000)
    server.stop()
    return times


def main() -> None:
    rows = [json.loads(line) for line in (ROOT / "tests" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    questions = [row["question"] for row in rows]
    floor = model_load()
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        building, there = first_answer(index, questions[0]), first_answer(index, questions[0])
        asked = question_times(index, questions)
    embedder = SentenceTransformerEmbedder()
    embedded = []
    for question in questions:
        start = time.perf_counter()
        embedder.embed_query(question)
        embedded.append((time.perf_counter() - start) * 1000)
    print(
        f"{platform.machine()}, Python {platform.python_version()}, {len(questions)} questions over the seed articles"
    )
    print(f"first answer, index built first   {building:6.1f} s   {building / floor:4.1f} x loading the model")
    print(f"first answer, index there         {there:6.1f} s   {there / floor:4.1f} x loading the model")
    ratio = median(asked) / median(embedded)
    print(f"question over HTTP, median        {median(asked):6.1f} ms  {ratio:4.1f} x embedding it")
    print(f"question over HTTP, slowest       {max(asked):6.1f} ms")


if __name__ == "__main__":
    main()
