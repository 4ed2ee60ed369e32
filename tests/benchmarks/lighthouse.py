"""`make lighthouse`: the page as Lighthouse judges it, on a phone and a desktop, before anything was asked.

Each value is the median of five runs; the exit status is 1 if one is below 98.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from support.browsing import build
from support.servers import Server

from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL

RUNS = 5
LEAST = 98
FORMS = {"mobile": [], "desktop": ["--preset=desktop"]}


def judged(program: Path, url: str, options: list[str]) -> dict[str, Any]:
    """The report of one run."""
    flags = "--chrome-flags=--headless=new --no-sandbox --disable-background-networking"
    browser = shutil.which("chromium") or shutil.which("google-chrome") or ""
    command = [str(program), url, "--output=json", "--quiet", flags, *options]
    done = subprocess.run(command, capture_output=True, check=True, env=os.environ | {"CHROME_PATH": browser})
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def main(program: Path) -> int:
    """Print the table; the exit status."""
    with tempfile.TemporaryDirectory(prefix="citeqa-") as temporary:
        models = Path(os.environ.get("CITEQA_MODELS", f"{temporary}/models"))
        server = Server(build(Path(temporary), load_embedder(DEFAULT_MODEL, models)))
        try:
            least = 100.0
            for form, options in FORMS.items():
                reports = [judged(program, server.url, options) for _ in range(RUNS)]
                names = list(reports[0]["categories"])
                medians = {
                    name: statistics.median(round(100 * one["categories"][name]["score"]) for one in reports)
                    for name in names
                }
                shift = statistics.median(one["audits"]["cumulative-layout-shift"]["numericValue"] for one in reports)
                least = min(least, *medians.values())
                told = ", ".join(f"{name} {value:g}" for name, value in medians.items())
                print(f"Lighthouse {reports[0]['lighthouseVersion']}, {form}: {told}; layout shift {shift:.3f}")
        finally:
            server.stop()
    return int(least < LEAST)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
