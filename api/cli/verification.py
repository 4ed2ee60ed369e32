"""The command that checks a citation, and the file that it comes in."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from citeqa.api.backend import client
from citeqa.api.cli import console as show
from citeqa.api.cli.help import App
from citeqa.api.cli.manuscripts import show_quotations
from citeqa.api.cli.options import IndexDir, Json, StoreAddress, Url, out, print_json, query_settings
from citeqa.api.tasks import progress
from citeqa.api.wording import fault_in_words
from citeqa.index.storage.stores import open_store

if TYPE_CHECKING:
    from citeqa.api.settings import Settings
    from citeqa.rag.citation.verification import Claim

app = App()
NO_CITATION = "a citation has document_id, document_sha256, start, end, quote and sentence"


@app.command()
def verify(
    citation: Annotated[
        typer.FileText | None,
        typer.Argument(encoding="utf-8", help="A citation or a whole answer as JSON; - reads standard input."),
    ] = None,
    quotes: Annotated[
        Path | None,
        typer.Option(
            "--quotes",
            "-q",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Look up every quotation of this manuscript instead, of any format that is read.",
        ),
    ] = None,
    index: IndexDir = None,
    store: StoreAddress = None,
    json: Json = False,
    url: Url = None,
) -> None:
    """Check whether a citation still holds (valid, moved, changed or gone), or whether a manuscript quotes what stands
    in the documents. The exit status is 0 if it is valid or moved, or if every quotation is exact; else 1.

    Examples: [bold]citeqa ask "Who met Rubio?" --json | citeqa verify -[/]   [bold]citeqa verify -q article.docx[/]
    """
    from citeqa.api.schemas import VerifyResponse
    from citeqa.rag.citation.verification import verify as compare

    if (quotes is None) == (citation is None):
        raise typer.BadParameter("give a citation, or a manuscript with --quotes", param_hint="CITATION")
    if quotes:
        _verify_quotes(quotes, query_settings(index, url, store=store), json=json)
        return
    assert citation
    claim = read_claim(citation)
    settings = query_settings(index, url, store=store)
    if settings.url:
        with client(settings) as service:
            verdict = service.verify(claim)
    else:
        with closing(open_store(settings.address).open()) as opened:
            verdict = VerifyResponse.of(compare(opened, claim))
    if json:
        print_json(verdict.model_dump(mode="json"))
    else:
        show.verdict(out, verdict)
    if verdict.status in ("changed", "gone"):
        raise typer.Exit(1)


def _verify_quotes(manuscript: Path, settings: Settings, *, json: bool) -> None:
    """Look up the quotations of a manuscript and print what was found. Exits with status 1 unless all are exact."""
    from citeqa.api.schemas import VerifyQuotesResponse

    if settings.url:
        with client(settings) as service:
            found = service.verify_quotes_in(manuscript)
    else:
        from citeqa.index.documents.corpus import load_one
        from citeqa.rag.manuscript.checking import Checker
        from citeqa.rag.manuscript.quotations import quotations_in

        with closing(open_store(settings.address).open()) as opened:
            document = load_one(manuscript)
            quotations = quotations_in(document.text, document.structure.quotations)
            checker = Checker(opened)
            with progress(len(quotations), "looking up", timed=True) as (advance, _):
                checked = []
                for quotation in quotations:
                    checked.append(checker.checked(document.text, quotation))
                    advance(1)
            found = VerifyQuotesResponse.of(document.text, checked, opened)
    if json:
        print_json(found.model_dump(mode="json"))
    else:
        show_quotations(out, found)
    if found.counts["altered"] or found.counts["absent"] or found.counts["unchecked"]:
        raise typer.Exit(1)


def read_claim(file: TextIO) -> Claim:
    """The claim of the citation in a file; the file may also hold a whole answer.

    Raises:
        typer.BadParameter: if there is no citation.
    """
    import json as reading

    from pydantic import ValidationError

    from citeqa.api.schemas import VerifyRequest

    try:
        value = reading.load(file)
        while isinstance(value, dict) and "document_sha256" not in value:
            if value.get("answered") is False:
                raise ValueError("the question was not answered")
            value = value.get("answer") or value.get("citation")
        if not isinstance(value, dict):
            raise ValueError(NO_CITATION)  # noqa: TRY004 - a fault of the file, not of the program
        return VerifyRequest.model_validate_json(reading.dumps({"citation": value})).claim()
    except ValidationError as error:
        faults = [(".".join(map(str, fault["loc"][1:])), fault_in_words(fault)) for fault in error.errors()]
        reason = "; ".join(f"{name}: {message}" if name else message for name, message in faults)
    except reading.JSONDecodeError as error:
        reason = f"it is not JSON from line {error.lineno}, column {error.colno} on"
    except UnicodeDecodeError:
        reason = "it is not text in UTF-8"
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError as error:
        reason = str(error)
    raise typer.BadParameter(f"it is not a citation: {reason}", param_hint="CITATION")
