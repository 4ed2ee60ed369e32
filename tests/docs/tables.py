"""The tables of the reference that are made from the code. `python tests/docs/tables.py` writes them into the pages.

A page marks where a table stands; what lies between the two marks is replaced, the rest is written by hand:

    <!-- table: settings -->
    <!-- end -->
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import typer
from pydantic import SecretStr

import citeqa
from citeqa import errors
from citeqa.api.cli.main import app as program
from citeqa.api.http import limits
from citeqa.api.http.app import create_app
from citeqa.api.http.needs import RouteTable
from citeqa.api.settings import Settings

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
_BLOCK = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_EVERYWHERE = {401, 421, 429}  # statuses that any route may answer, by the settings


def filled(page: str, tables: Mapping[str, str]) -> str:
    """The page with every marked table as it should be.

    Raises:
        KeyError: if a mark names no table.
    """
    return _BLOCK.sub(lambda found: f"{found[1]}\n{tables[found['name']]}\n\n{found[3]}", page)


def names(page: str) -> list[str]:
    """The tables that a page marks."""
    return [found["name"] for found in _BLOCK.finditer(page)]


def tables() -> dict[str, str]:
    """Every table by its name."""
    service = create_app(cast(Any, None))
    openapi = service.openapi()
    return {
        "settings": _settings(),
        "commands": "\n\n".join(_commands()),
        "routes": _routes(openapi, service.state.routes),
        "schemas": "\n\n".join(_schemas(openapi)),
        "errors": _errors(),
        "names": _names(),
        "limits": _limits_of_http(),
        "costliest": _costliest(),
        "qaindex": _methods(citeqa.QAIndex),
        "client": _methods(citeqa.Client),
    }


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def _settings() -> str:
    rows = [
        [f"`{name}`", _default(field.default), _sentence(field.description or "")]
        for name, field in Settings.model_fields.items()
    ]
    return _table(["setting", "default", "what it does"], rows)


def _default(value: object) -> str:
    if value is None or value == () or isinstance(value, SecretStr):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:,}`" if isinstance(value, int | float) and value > 9999 else f"`{value}`"


def _sentence(text: str) -> str:
    """A description as it stands in a table: on one line, without a full stop at its end."""
    return " ".join(text.split()).removesuffix(".")


def _commands() -> Iterator[str]:
    commands: Mapping[str, Any] = typer.main.get_command(program).commands  # type: ignore[attr-defined]
    for name in sorted(commands):
        command = commands[name]
        what, *more = _unmarked(inspect.cleandoc(command.help)).split("\n\n")
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        usage = " ".join([f"citeqa {name}", *map(_argument, arguments), "[OPTIONS]"])
        parts = [f"### {name}", f"    {usage}", " ".join(what.split()), *(" ".join(one.split()) for one in more)]
        rows = [[_option(one), _unmarked(one.help or "")] for one in command.params if one.name != "help"]
        yield "\n\n".join([*parts, _table(["argument or option", "what it does"], rows)])


def _argument(parameter: Any) -> str:
    name = parameter.name.upper() + ("..." if parameter.nargs == -1 else "")
    return name if parameter.required else f"[{name}]"


def _option(parameter: Any) -> str:
    """An argument or an option as it is written, with its default where it has one that says something."""
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    written = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    shown = parameter.default not in (None, False, "") and not parameter.secondary_opts
    return f"{written} ({parameter.default})" if shown else written


def _unmarked(text: str) -> str:
    """A help text without the marks of the terminal: what is bold there is code here."""
    text = re.sub(r"\[bold\](.*?)\[/\]", r"`\1`", text)
    text = re.sub(r"\[dim\]\((.*?)\)(?:\[/\])?", lambda found: f"({_coded(found[1])})", text)
    return re.sub(r"\[/?[a-z]*\]", "", text)


def _coded(given: str) -> str:
    """The variable and the default that a help text names: `CITEQA_PORT`; `8000`."""
    return "; ".join(f"`{part}`" if re.fullmatch(r"\S+", part) else part for part in given.split("; "))


def _routes(openapi: Mapping[str, Any], declared: RouteTable) -> str:
    rows = []
    for path, methods in openapi["paths"].items():
        for method, route in methods.items():
            statuses = sorted(map(int, route["responses"]))
            good = [status for status in statuses if status < 400]
            bad = [status for status in statuses if status >= 400 and status not in _EVERYWHERE]
            needs = declared.needs({"type": "http", "path": path, "method": method.upper()})
            what = " ".join(route["description"].split())
            rows.append([f"`{method.upper()} {path}`", what, needs.key, _listed(good), _listed(bad)])
    return _table(["route", "what it does", "key", "answers", "problems"], rows)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _schemas(openapi: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in sorted(openapi["components"]["schemas"].items()):
        said = inspect.cleandoc(schema.get("description", ""))
        needed = schema.get("required", [])
        rows = [
            [f"`{field}`", _kind(of), _needed(field in needed, of), _sentence(of.get("description", ""))]
            for field, of in schema.get("properties", {}).items()
        ]
        parts = [f"### {name}", said, _table(["field", "type", "default", "what it says"], rows)]
        yield "\n\n".join(part for part in parts if part)


def _needed(needed: bool, schema: Mapping[str, Any]) -> str:
    if needed:
        return ""
    default = schema.get("default")
    return f"`{'null' if default is None else str(default).lower() if isinstance(default, bool) else repr(default)}`"


def _kind(schema: Mapping[str, Any]) -> str:
    """The type of a field, with its limits."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(f'`"{value}"`' for value in schema.get("enum", [schema.get("const")]))
    kind = str(schema.get("format", schema.get("type", "any")))
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}{_limits(schema, 'minItems', 'maxItems')}"
    if kind == "string":
        return kind + _limits(schema, "minLength", "maxLength", " characters")
    return kind + _limits(schema, "minimum", "maximum")


def _limits(schema: Mapping[str, Any], least: str, most: str, of: str = "") -> str:
    low, high = schema.get(least), schema.get(most)
    if high is None:
        return "" if low is None else f" ({low:,g} or more{of})"
    return f" (at most {high:,g}{of})" if low is None else f" ({low:,g} to {high:,g}{of})"


def _errors() -> str:
    rows = [
        [f"{'&emsp;' * depth}`{error.__name__}`", _sentence((error.__doc__ or "").partition("\n\n")[0])]
        for depth, error in _below(citeqa.CiteqaError)
    ]
    return _table(["error", "when"], rows)


def _below(error: type[citeqa.CiteqaError], depth: int = 0) -> Iterator[tuple[int, type[citeqa.CiteqaError]]]:
    """A public error and all that derive from it, each before those below it, with their depths."""
    yield depth, error
    for below in sorted(error.__subclasses__(), key=lambda one: one.__name__):
        if below.__name__ in errors.__all__ and below.__module__.startswith("citeqa."):
            yield from _below(below, depth + 1)


def _names() -> str:
    rows = []
    for name in citeqa.__all__:
        value = getattr(citeqa, name)
        if name == "__version__":
            rows.append([f"`{name}`", "The version of citeqa"])
        else:
            shown = name + str(_signature(value)) if inspect.isfunction(value) else name
            rows.append([f"`{shown}`", _sentence(_summary(value))])
    return _table(["name", "what it is"], rows)


def _limits_of_http() -> str:
    return _table(["what", "at most", "beyond"], limits.table())


def _costliest() -> str:
    """The costliest request of each route, as `tests/benchmarks/costliest.py --write` measured them."""
    measured = json.loads((Path(__file__).parents[1] / "benchmarks" / "costliest.json").read_text(encoding="utf-8"))
    rows = [
        [
            f"`{row['route']}`",
            row["request"],
            *(_measured(row[name]) for name in ("seconds", "megabytes", "health_ms", "question")),
        ]
        for row in measured
    ]
    head = [
        "route",
        "its costliest request",
        "seconds",
        "MB above idle",
        "`/api/health`, worst ms",
        "another's question",
    ]
    return _table(head, rows)


def _measured(value: float | None) -> str:
    return "not measured" if value is None else f"{value:,}"


def _methods(of: type[Any]) -> str:
    rows = []
    for name, value in vars(of).items():
        if name.startswith("_") and name != "__init__":
            continue
        if isinstance(value, property):
            rows.append([f"`{name}`", _sentence(_summary(value))])
        elif inspect.isfunction(value) and value.__doc__:
            shown = of.__name__ if name == "__init__" else name
            rows.append([f"`{shown}{_signature(value)}`", _sentence(_summary(value))])
    return _table(["method", "what it does"], rows)


def _signature(function: Callable[..., Any]) -> str:
    """The parameters with their defaults, without types."""
    parameters = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "self":
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            parameters.append(f"**{name}")
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parameters:
            parameters.append("*")
        plain = parameter.default is None or isinstance(parameter.default, str | int | float)
        shown = repr(parameter.default) if plain else "..."
        parameters.append(name if parameter.default is parameter.empty else f"{name}={shown}")
    return f"({', '.join(parameters)})"


def _summary(value: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split())


def main() -> None:
    """Write every table into its page."""
    made = tables()
    for path in sorted(REFERENCE.glob("*.md")):
        before = path.read_text(encoding="utf-8")
        after = filled(before, made)
        if after != before:
            path.write_text(after, encoding="utf-8")
            sys.stdout.write(f"{path} is up to date again\n")


if __name__ == "__main__":
    main()
