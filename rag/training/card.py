"""Writes the model card: what the reader is, how it was made, and its measured results.

    python -m citeqa.rag.training.card RECORD.json [RECORD.json ...]

rewrites the card with the figures of evaluations (`citeqa evaluate --output`, `python -m citeqa.rag.evaluation.reading
--output`) on data that nothing was fitted or chosen on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from citeqa.index.embedding.runtime import MODEL
from citeqa.rag.evaluation.report import format_figure
from citeqa.rag.reader.onnx_reader import DESCRIPTION, SHIPPED

TRAINING, CARD = "training.json", "CARD.md"

_TEXT = """# {name}

Reads a passage for a question: start and end scores for every token, and those of the first token for "no answer here".
Six layers, 384 wide, 12 heads; {precision}; one ONNX file of {megabytes:.1f} MB, run by onnxruntime without torch.

- **Made from** the weights of {encoder} (Apache-2.0; SHA-256 `{encoder_sha256}`) and questions of SQuAD 2.0
  (Rajpurkar et al. 2016, 2018; CC BY-SA 4.0), file `{data}`, SHA-256 `{data_sha256}`.
- **Licence** of these weights: CC BY-SA 4.0, as of the data they were trained on; see NOTICE.
- **SHA-256** of `{model}`: `{model_sha256}`.
- **Made by** `python -m citeqa.rag.training {data}`.
- **For** English passages of a few sentences, as citeqa retrieves them. It knows only the passage that it reads. It
  is not meant for questions that need arithmetic, several passages, or a yes or no.

## Training

Examples: {examples}. Passages come from our chunker, or are whole paragraphs ({whole:.0%}); a "retrieved"
one is one that our own retriever finds for an answerable question and that does not contain its answer.

Six teachers learned from the labels, with different seeds and learning rates. Students started as the best teacher and
learned the mean of the teachers' scores (Hinton et al. 2015), also on passages without labels: the same questions over
another passage ("again"), and more retrieved passages ("near"). The reader is the mean of the students' weights
(Wortsman et al. 2022). AdamW, weight decay {weight_decay}; batches of windows of similar
length, at most {max_tokens} tokens; the rate rises over the first {warmup:.0%}, stays constant, and falls to 0 over
the last {decay:.0%}; dropout {dropout}; gradients clipped at {clip}.

Results on 20 held-out articles of the training data, used to choose settings ({questions} questions, each with its
paragraph): EM and F1 of forced answers to the answerable ones, AUROC of the margin, overall F1 at the best threshold.

| training | windows | batch | peak rate | EM | F1 | AUROC | overall F1 |
| --- | --- | --- | --- | --- | --- | --- | --- |
{rounds}
{notes}{figures}"""


def write(folder: Path = SHIPPED, records: Sequence[Path] = ()) -> None:
    """Write the card of the reader in `folder`."""
    from citeqa.rag.training.windows import WHOLE_PARAGRAPHS

    described = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    about = json.loads((folder / TRAINING).read_text(encoding="utf-8"))
    text = _TEXT.format(
        name=described["name"],
        precision=described["precision"],
        megabytes=(folder / MODEL).stat().st_size / 1e6,
        encoder=about["encoder"]["name"],
        encoder_sha256=about["encoder"]["sha256"],
        data=about["data"]["file"],
        data_sha256=about["data"]["sha256"],
        model=MODEL,
        model_sha256=described["files"][MODEL],
        examples=", ".join(f"{count:,} {kind}" for kind, count in about["data"]["examples"].items()),
        whole=WHOLE_PARAGRAPHS,
        figures="".join(_section(json.loads(path.read_text(encoding="utf-8"))) for path in records),
        questions=about["trainings"][0]["questions"],
        rounds="\n".join(map(_row, about["trainings"])),
        notes="".join(f"\n{note}\n" for note in about.get("notes", [])),
        max_tokens=described["max_tokens"],
        **{name: about["trainings"][0][name] for name in ("warmup", "decay", "dropout", "weight_decay", "clip")},
    )
    (folder / CARD).write_text(text, encoding="utf-8")


def _row(training: dict[str, Any]) -> str:
    """One training as a table row: its name, settings and results."""
    settings = [f"{training['windows']:,}", training["batch"], training["peak"]] if "windows" in training else [""] * 3
    found = [f"{training[name]:.3f}" for name in ("em", "f1", "auroc", "overall_f1")]
    return "| " + " | ".join(map(str, [training["what"], *settings, *found])) + " |"


def _section(record: dict[str, Any]) -> str:
    """The figures of one record, for the split "report"."""
    figures = record["figures"].get("report") or next(iter(record["figures"].values()))
    about = record["about"]
    rows = "\n".join(f"| {name} | {format_figure(value)} |" for name, value in figures.items() if value is not None)
    return (
        f'\n## {about["what"]}\n\n{about["date"][:10]}, split "report".\n\n| figure | value |\n| --- | --- |\n{rows}\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, nargs="*")
    write(records=parser.parse_args().records)


if __name__ == "__main__":
    main()
