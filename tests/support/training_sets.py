"""Question sets to train on, small enough to see through: SQuAD's form, and that of the other sets."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

PEOPLE = ["Ada", "Bohumil", "Chloé", "Dmitri", "Esi", "Farid", "Greta", "Hana", "Ivo", "Jun"]
TOWNS = ["Ostrava", "Galway", "Nîmes", "Kazan", "Accra", "Shiraz", "Graz", "Osaka", "Split", "Busan"]
FILLER = "The harbour was quiet that year and nobody came to the market. " * 9


def qa(number: str, question: str, context: str, answer: str | None) -> dict[str, Any]:
    answers = [{"text": answer, "answer_start": context.index(answer)}] * 2 if answer else []
    return {"id": number, "question": f" {question} ", "answers": answers, "is_impossible": not answer}


def squad() -> dict[str, Any]:
    """Ten articles of two paragraphs, the second too long for one passage; three answerable questions and one not."""
    articles = []
    for person, town in zip(PEOPLE, TOWNS, strict=True):
        first = f"{person} Novák was born in {town} 🦊 in 1{len(person)}0{len(town)}. The house of {person} was red."
        second = f"{FILLER}{person} Novák sold the house to a baker for {len(town)} crowns. {FILLER}"
        asked = [
            (first, f"Where was {person} Novák born?", town),
            (first, f"What colour was the house of {person}?", "red"),
            (second, f"To whom did {person} Novák sell the house?", "a baker"),
            (second, f"Why did {person} Novák leave the harbour market?", None),
        ]
        paragraphs = [
            {
                "context": context,
                "qas": [qa(f"{person}-{n}", q, context, a) for n, (c, q, a) in enumerate(asked) if c == context],
            }
            for context in (first, second)
        ]
        articles.append({"title": f"{person}_Novák", "paragraphs": paragraphs})
    return {"version": "v2.0", "data": articles}


def row(number: str, question: str, context: str, *answers: str) -> dict[str, Any]:
    found = [{"text": answer, "start": context.index(answer)} for answer in answers]
    return {"id": number, "question": f" {question} ", "context": context, "answers": found, "source": "test"}


STORY = "Once there was a fox 🦊 who sold a red hat."
TABLE = "Year | Team\n2001 | Reds\n2002 | Blues"
ROWS = {
    "fairytaleqa": [
        row("the-fox:1", "What did the fox sell?", STORY, "a red hat", "hat"),
        row("the-fox:2", "Who sold it?", STORY, "fox"),
        row("the-fox:3", "What then?", "Then it rained.", "it rained"),
        row("the-hen:1", "Who came?", "The hen came."),
    ],
    "wikitablequestions": [
        row("nt-1", "Which team in 2002?", TABLE, "Blues"),
        row("nt-2", "Which year had the Reds?", "Year: 2001; Team: Reds.\nYear: 2002; Team: Blues.", "2001"),
        row("nt-3", "What is the second column?", TABLE, "Team"),
    ],
}


def training_files(folder: Path) -> tuple[Path, Path]:
    """A file in SQuAD's form and a folder of two other sets, as `sources` reads them."""
    (folder / "squad.json").write_text(json.dumps(squad()), encoding="utf-8")
    extra = folder / "extra"
    extra.mkdir()
    for name, rows in ROWS.items():
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows)
        (extra / f"{name}.jsonl.xz").write_bytes(lzma.compress(lines.encode()))
    return folder / "squad.json", extra
