"""A machine of a corpus in PostgreSQL: it writes, follows, and kills itself with SIGKILL where it is told to.

    PYTHONPATH=tests python -m support.killed_machine '{"address": ..., "seed": 3, "rounds": 5, "phase": "number",
        "count": 2, "mode": "before" | "during" | "after"}'

It prints one JSON value a line: {"trying": {id: digest or null}} before each step, {"acknowledged": the same} after it,
{"killed": phase}, {"done": true}.
"""

from __future__ import annotations

import json
import os
import random
import sys
from contextlib import closing
from typing import Any

import psycopg
from support.corpora import CHUNKER, made
from support.embedders import WordLengths
from support.killed_writer import Killer, say

from citeqa.index.ranking.dense import DensePart
from citeqa.index.ranking.lexical import LexicalIndex
from citeqa.index.storage import generations
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.database import Database
from citeqa.index.storage.postgresql import deriving, replica, starting, tables
from citeqa.index.storage.postgresql.writer import PostgresWriter
from citeqa.index.storage.stores import open_store

FUNCTIONS: list[tuple[Any, str, str]] = [
    (tables, "version_of", "tables"),
    (PostgresWriter, "_check", "locked"),
    (PostgresWriter, "_put", "put"),
    (PostgresWriter, "_finish", "number"),
    (psycopg.Transaction, "__exit__", "commit"),
    (WordLengths, "embed_passages", "embed"),
    (deriving, "_put", "replica: put"),
    (replica, "write_json", "replica: current"),
    (starting, "_copy", "start: copy"),
    (replica, "check_like_store", "start: check"),
    (deriving, "delete_generations", "replica: delete"),
    (Catalog, "set_replica", "replica: state"),
    (Database, "purge", "replica: purge"),
    (DensePart, "save", "replica: FAISS"),
    (LexicalIndex, "write", "replica: tantivy"),
    (generations, "_digests", "replica: digests"),
    (os, "fsync", "replica: fsync"),
]
PHASES = sorted(phase for _, _, phase in FUNCTIONS)
IDS = ["a", "b", "c/d", "c/e", "f"]


def main() -> None:
    given = json.loads(sys.argv[1])
    killer = Killer(given["phase"], given["count"], given["mode"])
    for owner, name, phase in FUNCTIONS:
        killer.watch(owner, name, phase)
    chance, store = random.Random(given["seed"]), open_store(given["address"])
    say({"began": True})
    for number in range(given["rounds"]):
        put = [made(i, f"The fox of {given['seed']} {number} in {i}. " * 3) for i in chance.sample(IDS, 2)]
        with store.reading() as records:
            free = sorted(set(records.ids()) - {one.id for one in put})
        gone = chance.sample(free, 1) if len(free) > 1 else []
        step: dict[str, str | None] = {one.id: one.sha256 for one in put} | dict.fromkeys(gone)
        say({"trying": step})
        with store.writing(WordLengths, CHUNKER, "testing") as writer:
            for document_id in gone:
                writer.remove(document_id)
            for one in put:
                writer.put(one)
            writer.commit()
        say({"acknowledged": step})
        with closing(store.open(change=writer.change)):
            pass
    say({"done": True})


if __name__ == "__main__":
    main()
