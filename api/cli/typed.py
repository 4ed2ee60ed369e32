"""Questions that come from standard input: one that is piped in, or many that are typed at a prompt."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator

import typer

_MOST = 100_000  # characters read of standard input; a question has fewer by far


def piped() -> str:
    """All of standard input as one question.

    Raises:
        typer.BadParameter: if it is not text in UTF-8.
    """
    try:
        return sys.stdin.read(_MOST).strip()
    except UnicodeDecodeError:
        raise typer.BadParameter("standard input is not text in UTF-8", param_hint="QUESTION") from None


def at_prompt() -> bool:
    """Whether somebody sits at standard input and output."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def questions() -> Iterator[str]:
    """The questions typed at a prompt, until the end of the input (Ctrl-D) or an empty line. The arrow keys recall
    those typed before in this sitting; nothing of them is stored."""
    if importlib.util.find_spec("readline"):
        import readline  # noqa: F401 - `input` uses it from now on
    while True:
        try:
            line = input("question: ").strip()
        except EOFError:
            sys.stdout.write("\n")
            return
        if not line:
            return
        yield line
