"""What the page names to be fetched at once is what it imports before the first question, and no more."""

from __future__ import annotations

import re

from citeqa.api.http.app import STATIC

IMPORT = re.compile(r'^(?:import|export) (?:[^;"]* from )?"\./(.+?)";', re.MULTILINE)


def imported(name: str, found: frozenset[str] = frozenset()) -> frozenset[str]:
    """The modules that one imports, and those that these import; not what is loaded later."""
    for other in IMPORT.findall((STATIC / name).read_text(encoding="utf-8")):
        if other not in found:
            found = imported(other, found | {other})
    return found


def test_the_page_names_every_module_that_is_needed_at_once() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'<link rel="modulepreload" href="static/(.+?)">', page)
    assert len(named) > 10
    assert named == sorted(imported("app.js"))
    assert "documents.js" not in named
