"""Measure an index on your own questions, a JSON object a line as `citeqa questions` writes them:

    python examples/evaluate_own_questions.py reports.citeqa questions.jsonl

`citeqa evaluate` measures more, with intervals and a report; this is the idea.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from citeqa import open_index


def main(folder: str, questions: str) -> None:
    rows = [json.loads(line) for line in Path(questions).read_text(encoding="utf-8").splitlines() if line.strip()]
    given = right = refused = 0
    with open_index(folder) as index:
        for row in rows:
            answer = index.ask(row["question"]).answer
            given += answer is not None
            refused += answer is None and not row["answers"]
            if answer:
                good = any(accepted in answer.citation.sentence.text for accepted in row["answers"])
                right += good
                print(f"{'right' if good else 'wrong'}: {row['question']} {answer.text!r}")
    unanswerable = sum(not row["answers"] for row in rows)
    print(f"{right} of {given} answers given are right")
    print(f"{refused} of {unanswerable} questions without an answer were refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
