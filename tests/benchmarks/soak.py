"""What a service must bear: hostile questions, many clients at once, clients that dawdle or leave, generated requests.

    make soak                                             # everything, as long as the figures demand
    make soak ARGS="--questions 500 --seconds 10"         # a taste

Ends with status 1 if anything was answered that may not be: a status 5xx other than 503 with Retry-After, an answer
after more than five seconds to a hostile question, memory that does not come back, a service that is not as before.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
from support.schemathesis import tried
from support.servers import PROGRAM, ConfiguredServer

ROOT = Path(__file__).resolve().parents[2]
JSON = {"content-type": "application/json"}
QUESTION = "How much aid did the US pledge to Cubans?"
SLOW = 5.0  # seconds that no hostile question may take
GROWTH = 1.15  # times the memory after warming up that may be held at the end

ODD = [
    *("\0", "\x1b[2J", "\x7f", "\u202e", "\u2066", "\ufeff", "\uffff", "🏴\u200d☠️", "e" + "\u0301" * 500, "漢字" * 50),
    *('title:(x OR y)^2 AND -z "', "* ? ~ [a TO z]", "../../etc/passwd", "' OR 1=1 --", "<script>alert(1)</script>"),
    *("{{7*7}}", "${jndi:ldap://x}", "%00%0a", "\r\n\r\nGET / HTTP/1.1", "NaN", "1e999", "-0", "[[[[", "\\u0000"),
]


def hostile(chance: random.Random) -> bytes:
    """A body that somebody might send to do harm."""
    kind = chance.randrange(10)
    words = " ".join(chance.choices([*ODD, "who", "Rubio", "when", "?"], k=chance.randint(1, 12)))
    if kind == 0:
        return b'{"question": "' + chance.choice([b"\\ud800", b"\\udfff\\ud800", b"\xed\xa0\x80", b"\xff\xfe"]) + b'"}'
    if kind == 1:
        value = chance.choice(["NaN", "Infinity", "1e400", "-1", "null", "true", '"5"', "1" * 400])
        return f'{{"question": "Who?", "{chance.choice(["k", "min_confidence"])}": {value}}}'.encode()
    if kind == 2:
        depth = chance.choice([10, 1000, 100_000])
        return b'{"question": ' + b"[" * depth + b"]" * depth + b"}"
    if kind == 3:
        return json.dumps({"question": words, "filters": {"document_ids": [words] * chance.randint(1, 900)}}).encode()
    if kind == 4 and chance.random() < 0.05:
        return json.dumps({"question": chance.choice("a \u0301漢") * 1_000_000}).encode()
    if kind == 5:
        return bytes(chance.randrange(256) for _ in range(chance.randint(0, 300)))
    if kind == 6:
        return json.dumps({"question": (words * 200)[:2000]}).encode()
    return json.dumps({"question": words, "min_confidence": chance.choice([0, None, 1])}).encode()


def memory(server: ConfiguredServer) -> float:
    """What the service holds, in MB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def bear_hostile(server: ConfiguredServer, count: int) -> dict[str, Any]:
    """Ask `count` hostile questions, one after another."""
    chance, statuses, slowest = random.Random(7), Counter[int](), 0.0
    with server.client() as http:
        for number in range(count):
            if number == min(500, count // 4):
                before = memory(server)
            start = time.perf_counter()
            statuses[http.post("/api/ask", content=hostile(chance), headers=JSON).status_code] += 1
            slowest = max(slowest, time.perf_counter() - start)
    after = memory(server)
    wrong = [status for status in statuses if status >= 500]
    bad = bool(wrong) or slowest > SLOW or after > GROWTH * before
    return {"statuses": statuses, "slowest_s": slowest, "mb_before": before, "mb_after": after, "failed": bad}


def bear_many(server: ConfiguredServer, clients: int, seconds: float) -> dict[str, Any]:
    """Let `clients` ask all the time, while others dawdle and leave."""
    statuses, times, broken = Counter[str](), list[float](), list[str]()
    with server.client() as http:
        expected = http.post("/api/ask", json={"question": QUESTION}).json()["answer"]
    end = time.monotonic() + seconds

    def ask() -> None:
        with server.client() as http:
            while time.monotonic() < end:
                start = time.perf_counter()
                try:
                    anew = {"question": QUESTION, "min_confidence": random.random() / 1e6}  # never asked before
                    answer = http.post("/api/ask", json=anew)
                except httpx.HTTPError as error:
                    broken.append(repr(error))
                    continue
                retry = "" if answer.status_code not in (429, 503) or "retry-after" in answer.headers else " no Retry"
                statuses[f"{answer.status_code}{retry}"] += 1
                if answer.status_code == 200:
                    times.append(time.perf_counter() - start)
                    if answer.json()["answer"] != expected:
                        broken.append("another answer")
                else:
                    time.sleep(min(1.0, max(0.0, end - time.monotonic())))

    def dawdle() -> None:
        head = b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 40\r\n"
        while time.monotonic() < end:
            for sent in (
                head[:30],
                head,
                head + b"\r\n{",
                head + b"\r\n" + b'{"question": "Who met Marco Rubio?  "}    ',
            ):
                with socket.create_connection(("127.0.0.1", server.port), timeout=20) as one:
                    one.sendall(sent)  # and leave
            time.sleep(0.05)

    threads = [threading.Thread(target=ask) for _ in range(clients)] + [threading.Thread(target=dawdle)] * 1
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    start = time.perf_counter()
    with server.client() as http:
        same = http.post("/api/ask", json={"question": QUESTION}).json()["answer"] == expected
    bad = bool(broken) or not same or bool(set(statuses) - {"200", "429", "503"})
    spread = quantiles(times, n=100) if len(times) > 1 else [0.0] * 99
    return {
        "statuses": statuses,
        "answers_a_second": len(times) / seconds,
        "median_s": median(times) if times else None,
        "p95_s": spread[94],
        "afterwards_s": time.perf_counter() - start,
        "broken": broken[:5],
        "failed": bad,
    }


def bear_generated(server: ConfiguredServer, count: int) -> dict[str, Any]:
    """Requests that schemathesis generates from the OpenAPI document, in all its phases."""
    done = tried(server.url, max(1, count // 17))  # of each of 17 routes
    return {"output": done.stdout[-2000:], "failed": done.returncode != 0}


def told(name: str, found: dict[str, Any]) -> bool:
    """Print what was found, at once; whether it failed."""
    print(json.dumps({name: found}, indent=2), flush=True)
    return bool(found["failed"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_000, help="hostile questions")
    parser.add_argument("--generated", type=int, default=50_000, help="generated requests")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=120)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="citeqa-soak-") as folder:
        index, log = Path(folder, "index"), Path(folder, "log")
        subprocess.run([*PROGRAM, "index", str(ROOT / "seeds"), "--index", str(index)], check=True)
        with ConfiguredServer(index, log, cache=0) as server:
            failed = [
                told("hostile questions", bear_hostile(server, chosen.questions)),
                told("many clients", bear_many(server, chosen.clients, chosen.seconds)),
                told("generated requests", bear_generated(server, chosen.generated)),
            ]
            status = server.stop()
        traces = log.read_text().count("Traceback")
    print(json.dumps({"status at the end": status, "tracebacks in the log": traces}))
    return int(status != 0 or traces > 0 or any(failed))


if __name__ == "__main__":
    sys.exit(main())
