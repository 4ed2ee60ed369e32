"""The pages of the documentation, as the tests read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from support.paths import ROOT

CARD = ROOT / "rag" / "models" / "reader" / "CARD.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md"), CARD])
_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def named(path: Path) -> str:
    """A page's name, for messages."""
    return path.relative_to(ROOT).as_posix()


def prose(page: str) -> str:
    """A page without its fenced and its indented code."""
    return re.sub(r"^    .*$", "", _FENCED.sub("", page), flags=re.MULTILINE)


def links(page: str) -> list[str]:
    """What a page links to and the pictures it shows, without other sites."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(page)) + re.findall(r'(?:src|srcset|href)="([^"]+)"', page)
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(page: str) -> set[str]:
    """The names that headings can be linked to by, as they are made of Markdown on the usual sites."""
    headings = re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def sessions(page: str) -> Iterator[tuple[str, str]]:
    """The commands that a page shows with their output: each line after `$ ` and what follows it."""
    for block in _FENCED.findall(page):
        for found in re.finditer(r"^\$ (?P<command>.+)\n(?P<output>(?:(?!\$ |```).*\n)*)", block, re.MULTILINE):
            yield found["command"], found["output"]


def posted(page: str) -> list[tuple[str, str]]:
    """The bodies that a page posts with curl, each with its route behind /api/."""
    return re.findall(
        r"/api/(\S+) -H 'Content-Type: application/json' \\?\s*-d '(.*?)'$", page, re.DOTALL | re.MULTILINE
    )


def commands(page: str) -> list[str]:
    """The lines of code that call the program."""
    lines = [line.strip().removeprefix("$ ") for line in page.splitlines() if re.match(r"(?:    |\$ )", line)]
    return [line for line in lines if re.match(r"citeqa [a-z]+ ", line + " ") and "COMMAND" not in line]


def section(page: str, heading: str) -> str:
    """What stands below a heading of the second level."""
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """The first cell of each row of the tables in a text, without their heads."""
    rows = [line.strip("| ").split(" | ")[0] for line in text.splitlines() if line.startswith("|")]
    return [row.strip("` ") for row, below in zip(rows, [*rows[1:], ""], strict=True) if "---" not in (row, below)]
