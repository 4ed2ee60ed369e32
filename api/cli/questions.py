"""Makes a question set for your own documents in the terminal: ask, mark the right words, next question."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from citeqa.api.cli.help import App
from citeqa.api.cli.options import IndexDir, ReaderName, StoreAddress, command_settings, out, with_index
from citeqa.api.cli.printable import on_one_line, printable
from citeqa.api.tasks import open_service
from citeqa.rag.options import AskOptions

if TYPE_CHECKING:
    from citeqa.api.service import Service
    from citeqa.index.types import Document
    from citeqa.rag.evaluation.judgements import DocumentSpan

app = App()
_HELP = """For each question you see what the service finds. Then say what is right:
  a number    the answer, sentence or place with this number; a passage lists its sentences to choose from
  words       exactly as in one of the documents shown; @ID words for another document; quote a number: "42"
  -           no document answers this question
  nothing     go on to the next question, or end"""


@app.command()
def questions(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The question set to add to.")] = Path("questions.jsonl"),
    index: IndexDir = None,
    store: StoreAddress = None,
    reader: ReaderName = None,
) -> None:
    """Make a question set for your own documents: ask, mark the right words in a document, or say that none answers.
    Each question is saved before the next one is asked. `citeqa evaluate FILE` reads the set.

    Example: [bold]citeqa questions reports.questions.jsonl[/]
    """
    if not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"{file} cannot be written: its folder does not exist", param_hint="FILE")
    with open_service(command_settings(index=index, store=store, reader=reader)) as service:
        out.print(_HELP, style="dim", markup=False)
        added = Session(service, file).run()
    out.print(f"{added} added to {file}", markup=False)
    if added:
        out.print(f"to measure with it: {with_index(f'citeqa evaluate {shlex.quote(str(file))}', index)}", markup=False)


class Session:
    """One session: asks until an empty line or the end of the input."""

    def __init__(self, service: Service, file: Path) -> None:
        self._service, self._file = service, file

    def run(self) -> int:
        """Run the session; returns how many questions were added."""
        from citeqa.index.appending import append_row
        from citeqa.rag.evaluation.judgements import judgement_row

        added = 0
        while (question := _read("\nquestion")) is not None:
            marked = self._marked(question)
            if marked is not None:
                append_row(self._file, judgement_row(question, "right" if marked else "missing", marked))
                out.print(f"kept: {len(marked)} accepted" if marked else "kept: unanswerable", style="dim")
                added += 1
        return added

    def _marked(self, question: str) -> list[DocumentSpan] | None:
        """The spans that the user marked; empty for an unanswerable question, None if the user skipped it."""
        choices, documents = self._shown(question)
        marked: list[DocumentSpan] = []
        while (reply := _read("also right" if marked else "right")) is not None:
            if reply == "-" and not marked:
                return []
            place = self._understood(reply, choices, documents)
            if place and place not in marked:
                marked.append(place)
                out.print(_in_context(place))
        return marked or None

    def _shown(self, question: str) -> tuple[list[Choice], list[Document]]:
        """Print what the service finds, numbered: answers, then passages. Returns a choice for each number, and the
        documents."""
        from citeqa.rag.evaluation.judgements import DocumentSpan
        from citeqa.rag.evaluation.locate import sentences_in

        response = self._service.answerer.ask(question, AskOptions(min_confidence=0.0))
        documents: dict[str, Document] = {}

        def document(document_id: str) -> Document:
            return documents.setdefault(document_id, self._service.index.document(document_id))

        cited = [response.answer.citation] if response.answer else []
        cited += [alternative.citation for alternative in response.conflicts + response.alternatives]
        places = [DocumentSpan(document(one.source.document_id), one.quote.span) for one in cited]
        choices: list[Choice] = [lambda place=place: place for place in places]  # type: ignore[misc]
        _list([_in_context(place) for place in places], "answers", 1)
        passages = [DocumentSpan(document(found.source.document_id), found.quote.span) for found in response.evidence]
        _list([_whole(place) for place in passages], "passages", len(choices) + 1)
        choices += [lambda place=place: _chosen(sentences_in(*place), "sentence") for place in passages]  # type: ignore[misc]
        return choices, list(documents.values())

    def _understood(self, reply: str, choices: Sequence[Choice], documents: Sequence[Document]) -> DocumentSpan | None:
        from citeqa.index.errors import UnknownDocumentError
        from citeqa.rag.evaluation.locate import occurrences

        if reply.isdecimal():
            if 1 <= int(reply) <= len(choices):
                return choices[int(reply) - 1]()
            out.print(f"there is no number {reply}")
            return None
        if reply.startswith("@"):
            name, _, reply = reply[1:].partition(" ")
            try:
                documents = [self._service.index.document(name)]
            except UnknownDocumentError as error:
                out.print(printable(str(error)), markup=False)
                return None
        found = occurrences(documents, _unquoted(reply))
        if not found:
            out.print("none of the documents shown contains exactly these words; @ID names another document")
            return None
        return found[0] if len(found) == 1 else _chosen(found, "place")


Choice = Callable[[], "DocumentSpan | None"]


def _chosen(places: Sequence[DocumentSpan], what: str) -> DocumentSpan | None:
    """One of several spans, chosen by its number, or words inside one of them."""
    from citeqa.rag.evaluation.locate import occurrences

    _list([_in_context(place) for place in places], f"{what}s", 1)
    reply = _read(f"which {what}, or words in it")
    if reply is None:
        return None
    if reply.isdecimal() and 1 <= int(reply) <= len(places):
        return places[int(reply) - 1]
    inside = [one for place in places for one in occurrences([place.document], reply, place.span)]
    if not inside:
        out.print("none of them contains exactly these words")
    return inside[0] if inside else None


def _unquoted(reply: str) -> str:
    """Words without double quotes around them. Quotes mark text as words if it would otherwise mean something else."""
    return reply[1:-1] if len(reply) > 2 and reply[0] == reply[-1] == '"' else reply


def _read(prompt: str) -> str | None:
    """A line without the white space around it; None for an empty line and at the end of the input."""
    out.print(Text(f"{prompt}: "), end="")
    try:
        line = input().strip()
    except EOFError:
        return None
    return line or None


def _list(lines: Sequence[Text], what: str, first: int) -> None:
    if lines:
        out.print(f"{what}:", style="dim")
    for number, line in enumerate(lines, first):
        out.print(Text(f"{number:>3} ") + line)


def _in_context(place: DocumentSpan) -> Text:
    from citeqa.rag.evaluation.locate import in_context

    before, words, behind = (on_one_line(part) for part in in_context(place))
    return Text(before) + Text(words, style="bold") + Text(behind) + _named(place)


def _whole(place: DocumentSpan) -> Text:
    return Text(on_one_line(place.document.quote(place.span))) + _named(place)


def _named(place: DocumentSpan) -> Text:
    return Text(f" — {printable(place.document.id)} [{place.span.start}, {place.span.end})", style="dim")
