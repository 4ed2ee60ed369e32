"""citeqa beside what a user would pick instead: the same passages, questions, weights and cores, in one run.

    make bench-peers ARGS="--asked 20 --repeats 1"

Each system runs in a process of its own, one after another, round after round, so that a drift of the machine shows;
one that fails is shown as failed and takes no other with it. Nothing else should run meanwhile. Figures travel as
ratios; seconds belong to the machine named. Writes peers.json and peers.md beside `--output`.
"""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports a hub client

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.peers import measure, table, workload
from benchmarks.peers.measure import SYSTEMS, Job
from benchmarks.run import machine

from citeqa.index.embedding.weights import packaged
from citeqa.rag.evaluation import metrics

TESTS = workload.ROOT / "tests"
PEERS = workload.ROOT / ".bench" / "bin" / "python"
READS_OTHERWISE = "txtai, joined"  # all but its reading is txtai's, and measured there
QUIET = {  # no hub, no telemetry
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "DO_NOT_TRACK": "1",
}


def environment() -> dict[str, str]:
    threads = {name: str(measure.cores()) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")}
    path = os.pathsep.join(map(str, (TESTS, workload.ROOT)))
    return os.environ | QUIET | threads | {"PYTHONPATH": path}


def run(system: str, options: dict[str, Any], seconds: float) -> dict[str, Any]:
    """One job in a process of its own: what it measured, or its `error`."""
    python = sys.executable if system in table.OURS else str(PEERS)
    with tempfile.TemporaryDirectory() as work:
        given, result = Path(work) / "job.json", Path(work) / "result.json"
        measure.write(Job(system=system, work=work, started=time.time(), **options), given)
        command = [python, "-m", "benchmarks.peers.measure", str(given), str(result)]
        try:
            subprocess.run(
                command, check=True, timeout=seconds, env=environment(), cwd=work, capture_output=True, text=True
            )
            found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        except subprocess.CalledProcessError as error:
            return {"error": (error.stderr.strip().splitlines() or [f"status {error.returncode}"])[-1]}
        except (subprocess.TimeoutExpired, OSError) as error:
            return {"error": str(error)}
    return found


def graded(found: dict[str, Any], load: workload.Workload) -> dict[str, Any]:
    """What was found, with the answers judged."""
    if "error" in found:
        return found
    pairs = list(zip(load.asked, found["answers"], strict=True)) if found["answers"] else []
    judged = {
        "document": metrics.mean([float(document in question.documents) for question, (_, document) in pairs]),
        "em": metrics.mean([metrics.exact_match(text, question.answers) for question, (text, _) in pairs]),
        "f1": metrics.mean([metrics.token_f1(text, question.answers) for question, (text, _) in pairs]),
    }
    return found | {"quality": judged if pairs else {}}


def phases(load: workload.Workload, scale_searched: int) -> dict[str, dict[str, Any]]:
    """What is done with each system: the options of its jobs."""
    shared = {"embedder": str(packaged()), "reader": str(load.reader), "models": str(load.models)}
    asked = tuple(question.question for question in load.asked)
    return {
        "corpus": shared | {"corpus": str(load.corpus), "warm": load.warm, "searched": load.searched, "asked": asked},
        "first": shared | {"corpus": str(load.first), "asked": load.warm[:1]},
        "scale": shared
        | {"corpus": str(load.scale), "given": True, "warm": load.warm[:1], "searched": load.searched[:scale_searched]},
    }


def compare(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    began, before = time.monotonic(), os.getloadavg()[0]

    def told(what: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {what}", file=sys.stderr, flush=True)

    told("preparing corpus, questions, models")
    models = arguments.models or folder / "models"
    load = workload.prepare(
        folder,
        models,
        arguments.data,
        asked=arguments.asked,
        searched=arguments.searched,
        scale=arguments.scale,
        passages=arguments.passages,
    )
    options = phases(load, arguments.scale_searched)
    runs = []
    for repeat in range(arguments.repeats):
        last = repeat == arguments.repeats - 1
        for phase in ["corpus", "first"] + (["scale"] if arguments.scale and last else []):
            for system in arguments.system if repeat % 2 == 0 else reversed(arguments.system):
                if system == READS_OTHERWISE and not (last and phase == "corpus"):
                    continue
                told(f"round {repeat + 1}: {phase}: {system}")
                found = run(system, options[phase], arguments.timeout)
                if phase == "corpus":
                    found = graded(found, load)
                if "error" in found:
                    told(f"failed: {found['error']}")
                runs.append({"system": system, "phase": phase, "repeat": repeat} | found)
    told("citeqa's first start ever")
    ever = run(table.OURS[0], options["first"] | {"models": str(folder / "exported")}, arguments.timeout)
    told("done")
    return {
        "date": date.today().isoformat(),
        "machine": machine(),
        "load": before,
        "corpus": load.described,
        "first": load.sizes["first"],
        "scale": load.sizes["scale"],
        "questions": f"{len(load.asked)} answered, {len(load.searched)} others searched",
        "repeats": arguments.repeats,
        "systems": arguments.system,
        "agreement": load.agreement,
        "export_seconds": ever.get("first_seconds"),
        "asked": [{"id": question.id, "question": question.question} for question in load.asked],
        "runs": runs,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", action="append", choices=list(SYSTEMS), help="only this one; may be given again")
    parser.add_argument("--asked", type=int, default=100, help="questions answered (%(default)s)")
    parser.add_argument("--searched", type=int, default=50, help="other questions, only searched for (%(default)s)")
    parser.add_argument(
        "--scale", type=int, default=100_000, help="passages of the large corpus; 0: none (%(default)s)"
    )
    parser.add_argument("--scale-searched", type=int, default=20, help="questions searched there (%(default)s)")
    parser.add_argument("--passages", type=int, default=2500, help="about so many of the real corpus (%(default)s)")
    parser.add_argument("--repeats", type=int, default=2, help="rounds (%(default)s)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds a job may take (%(default)s)")
    parser.add_argument("--data", type=Path, default=workload.DATA, help="folder of the public sets (%(default)s)")
    parser.add_argument("--models", type=Path, help="citeqa's exported models; made anew by default")
    parser.add_argument(
        "--output", type=Path, default=workload.ROOT / ".bench", help="folder of peers.json and peers.md"
    )
    arguments = parser.parse_args()
    arguments.system = arguments.system or list(SYSTEMS)
    with tempfile.TemporaryDirectory() as folder:
        result = compare(arguments, Path(folder))
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "peers.json").write_text(json.dumps(result, indent=1, default=asdict), encoding="utf-8")
    report = table.markdown(result)
    (arguments.output / "peers.md").write_text(report, encoding="utf-8")
    print(report)


if __name__ == "__main__":
    main()
