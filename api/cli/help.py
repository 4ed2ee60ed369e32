"""How the program's help looks, and how it says what is wrong with a command line.

Help is wrapped to the width of the terminal, with no word broken and no option cut: where there is little room, what an
option does stands below it.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from citeqa.api.cli.printable import printable

NARROW = 70  # columns; with fewer, what an option does stands below it
_WIDEST_NAME = 30  # columns that names may take where what they do stands beside them
_QUOTE = "'"
Function = TypeVar("Function", bound=Callable[..., Any])
UsageError: Any = typer.BadParameter.__base__


class Command(TyperCommand):
    """A command whose help is laid out as this module says."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _print_help(self, ctx)


class Group(TyperGroup):
    """The program itself, whose help lists its commands."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _print_help(self, ctx)


class App(typer.Typer):
    """A collection of commands with this help."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[Function], Function]:
        return super().command(name, **({"cls": Command} | options))


def usage(command: Any, ctx: Any) -> str:
    """How a command is written: `citeqa ask [OPTIONS] [QUESTION]`."""
    arguments = [written(one) for one in command.get_params(ctx) if one.param_type_name == "argument"]
    commands = ["COMMAND"] if isinstance(command, TyperGroup) else []
    return " ".join([ctx.command_path, "[OPTIONS]", *arguments, *commands])


def written(argument: Any) -> str:
    """An argument as the usage shows it: `FOLDER`, `[PATHS...]`."""
    name = (argument.metavar or argument.name).upper() + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _print_help(command: Any, ctx: Any) -> None:
    out = Console(highlight=False, width=None if sys.stdout.isatty() else _columns())
    out.print(Text("Usage: ", style="bold") + Text(usage(command, ctx)))
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        out.print()
        _print_indented(out, list(_lines(" ".join(paragraph.split()))), 2)
    parameters = [one for one in command.get_params(ctx) if not getattr(one, "hidden", False)]
    arguments = [
        (Text(written(one).strip("[]")), _does(one)) for one in parameters if one.param_type_name == "argument"
    ]
    options = [(_named(one), _does(one)) for one in parameters if one.param_type_name == "option"]
    _print_list(out, "Arguments", [one for one in arguments if one[1]])
    _print_list(out, "Options", options)
    if isinstance(command, TyperGroup):
        found = [(name, command.get_command(ctx, name)) for name in command.list_commands(ctx)]
        _print_list(out, "Commands", [(Text(name), _first_sentence(one)) for name, one in found if one])


def _columns() -> int:
    """The width where the help does not go to a terminal."""
    return Console().width


def _lines(paragraph: str) -> Iterator[Text]:
    """A paragraph as one line; examples, each in bold, as a line each."""
    label, _, examples = paragraph.partition(": ")
    if label not in ("Example", "Examples"):
        yield Text.from_markup(paragraph)
        return
    yield Text(f"{label}:")
    yield from (Text("  ") + Text(example, style="bold") for example in re.findall(r"\[bold\](.*?)\[/\]", examples))


def _named(option: Any) -> Text:
    """The names of an option, the short one first, and what stands for its value."""
    names = sorted([*option.opts, *option.secondary_opts], key=lambda name: name.startswith("--"))
    value = "" if option.is_flag else f" {option.metavar or 'TEXT'}"
    return Text(", ".join(names) + value, style="bold")


def _does(parameter: Any) -> Text:
    """What an argument or an option does, with its default where it has one that says something."""
    found = Text.from_markup(" ".join((parameter.help or "").split()))
    default = parameter.default
    if default not in (None, False, "") and not callable(default) and not parameter.secondary_opts:
        found += Text(f" ({default})", style="dim")
    return found


def _first_sentence(command: Any) -> Text:
    first = " ".join(inspect.cleandoc(command.help or "").partition("\n\n")[0].split())
    return Text.from_markup(re.split(r"(?<=[.]) (?=[A-Z])", first)[0])


def _print_list(out: Console, title: str, rows: Sequence[tuple[Text, Text]]) -> None:
    """Names and what they do: side by side, or below each other where there is little room."""
    if not rows:
        return
    out.print()
    out.print(title, style="bold")
    beside = out.width >= NARROW
    column = 2 + min(_WIDEST_NAME, max(name.cell_len for name, _ in rows)) + 2
    for name, does in rows:
        if not beside or name.cell_len > column - 4:
            _print_indented(out, [name], 2)
            _print_indented(out, [does], column if beside else 6)
            continue
        first, *more = does.wrap(out, out.width - column) or [Text()]
        first.rstrip()
        out.print(Text("  ") + name + Text(" " * (column - 2 - name.cell_len)) + first)
        _print_indented(out, more, column)


def _print_indented(out: Console, lines: Sequence[Text], by: int) -> None:
    """Lines, wrapped at spaces; the spaces that a line begins with stand before each piece of it."""
    for line in lines:
        own = len(line.plain) - len(line.plain.lstrip())
        indent = Text(" " * (by + own))
        for piece in line[own:].wrap(out, out.width - len(indent)):
            piece.rstrip()
            out.print(indent + piece, soft_wrap=True)


# What the library says of a value in its several versions, and what this program says instead.
_SAID = (
    (r"(?:Value error, )?(.+) is not in the range (\S+)<=x<=(\S+)", r"\1 is not between \2 and \3"),
    (r"(.+) is not in the range x>=(\S+)", r"\1 is less than \2"),
    (r"(.+) is not in the range x<=(\S+)", r"\1 is more than \2"),
    (r"Input should be greater than or equal to (\S+)", r"it is less than \1"),
    (r"Input should be less than or equal to (\S+)", r"it is more than \1"),
    (r"Input should be a valid integer.*|.* is not a valid int\w*", "it is not a whole number"),
    (r"Input should be a (?:valid|finite) number.*|.* is not a valid float\w*", "it is not a number"),
    (r"(?:Value error, )?(.+) does not match the formats? .*", r"\1 is not a day as YYYY-MM-DD"),
    (r"(?:path|file|directory|dir) (.+) does not exist", r"\1 does not exist"),
    (r"(.+): no such file or directory", r"\1 does not exist"),
    (r"(.+): is a directory", r"\1 is a folder, not a file"),
    (r"(?:path|file) (.+) is a directory", r"\1 is a folder, not a file"),
    (r"(?:path|directory|dir) (.+) is a file", r"\1 is a file, not a folder"),
    (r"no such command (.+)", r"there is no command \1"),
    (r"option '?(.+?)'? requires .*", r"\1 needs a value"),
    (r"got unexpected extra arguments?(?:\(s\))? \((.+)\)", r"there is no place for \1"),
    (r"Value error, (.+)", r"\1"),
)


def _in_words(said: str) -> str:
    for pattern, words in _SAID:
        if found := re.fullmatch(pattern, said.removesuffix("."), re.IGNORECASE):
            return found.expand(words)
    return said


def wrong_usage(error: Any) -> list[str]:
    """What is wrong with a command line, and the command that says how it is written."""
    said = _in_words(str(error.message))
    name, command = type(error).__name__, [one for one in sys.argv[1:2] if not one.startswith("-")]
    parameter, hint = getattr(error, "param", None), getattr(error, "param_hint", None)
    if parameter is not None and hint is None:
        hint = (
            written(parameter).strip("[]") if parameter.param_type_name == "argument" else max(parameter.opts, key=len)
        )
    hint = hint.strip(_QUOTE).removesuffix("...") if isinstance(hint, str) else hint and ", ".join(hint)
    if name == "MissingParameter":
        said = f"{hint or 'an argument'} is missing"
    elif name == "NoSuchOption":
        near = f"; did you mean {' or '.join(sorted(error.possibilities))}?" if error.possibilities else ""
        said = f"there is no option {error.option_name}{near}"
    elif hint:
        said = f"{hint}: {said}"
    path = error.ctx.command_path if error.ctx else " ".join(["citeqa", *command])
    return [f"error: {printable(said)}", f"{printable(path)} --help shows how it is written"]
