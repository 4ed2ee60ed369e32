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

# Where the questions of each set are from; NOTICE names the same sets.
SETS = {
    "clapnq": "CLAPnq, search queries (Rosenthal et al. 2024; Apache-2.0)",
    "conditionalqa": "ConditionalQA, policy (Sun et al. 2022; BSD-2-Clause)",
    "covidqa": "COVID-QA, medicine (Möller et al. 2020; Apache-2.0)",
    "cuad": "CUAD, contracts (Hendrycks et al. 2021; CC BY 4.0)",
    "fairytaleqa": "FairytaleQA, stories (Xu et al. 2022; Apache-2.0)",
    "qamr_wikinews": "QAMR, Wikinews (Michael et al. 2018; MIT)",
    "qed_nq": "QED on Natural Questions (Lamm et al. 2021; CC BY-SA 3.0)",
    "sleepqa": "SleepQA, health (Bojic et al. 2022; MIT)",
    "squad_train": "SQuAD 2.0, Wikipedia (Rajpurkar et al. 2016, 2018; CC BY-SA 4.0)",
    "squadshifts_amazon": "SQuADShifts, product reviews (Miller et al. 2020; CC BY 4.0)",
    "squadshifts_newwiki": "SQuADShifts, newer Wikipedia (Miller et al. 2020; CC BY 4.0)",
    "squadshifts_reddit": "SQuADShifts, forum posts (Miller et al. 2020; CC BY 4.0)",
    "tatqa": "TAT-QA, financial reports with tables (Zhu et al. 2021; CC BY 4.0)",
    "timeqa": "TimeQA, dates (Chen et al. 2021; BSD-3-Clause)",
    "wikitablequestions": "WikiTableQuestions, tables (Pasupat and Liang 2015; CC BY-SA 4.0)",
}

_TEXT = """# {name}

Reads a passage for a question: start and end scores for every token, and those of the first token for "no answer here".
Six layers, 384 wide, 12 heads; {precision}; one ONNX file of {megabytes:.1f} MB, run by onnxruntime without torch.

- **Made from** the weights of {encoder} (Apache-2.0; SHA-256 `{encoder_sha256}`) and questions of SQuAD 2.0
  (Rajpurkar et al. 2016, 2018; CC BY-SA 4.0), file `{data}`, SHA-256 `{data_sha256}`{more}.
- **Licence** of these weights: CC BY-SA 4.0, as of the data they were trained on; see NOTICE.
- **SHA-256** of `{model}`: `{model_sha256}`.
- **Made by** `python -m citeqa.rag.training {data}`{then}.
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
{notes}{further}{figures}"""

_FURTHER = """
## Further training

The reader of the last row above then learned from {items:,} questions of SQuAD and fourteen sets of other kinds of
text, in {windows:,} windows of our chunker's passages ({whole:.0%} of SQuAD's in whole paragraphs), tables as rows that
carry their labels, {changed:.0%} of the questions without capitals, as keywords or misspelt. The passages of one
question compete: every token against the "no answer" of its own window, normalised over all of them (Clark and Gardner
2018). Up to {wrong} wrong ones are what BM25 finds in the training parts of all sets, in Wikinews and in news articles;
no answer is marked in those. A fifth of each set, by article, contract, story or table, is kept aside and listed in
`rag/training/aside.json`. AdamW as above, batches of {batch} questions, no dropout; the rate rises over the first
{warmup:.0%} and falls to 0 from there.

Results on up to {measured} kept-aside questions of each set, by the 8-bit reader: F1 of forced answers where it sees
only passages with the answer, F1 where up to {wrong} wrong passages are read beside them, AUROC of the highest margin
with the answer against that of the wrong passages alone. The mean of the sets, step by step:

| step | questions | peak rate | F1 | F1 among wrong ones | AUROC |
| --- | --- | --- | --- | --- | --- |
{steps}

By set, before and after:

| set | learned from | F1 | F1 among wrong ones | AUROC |
| --- | --- | --- | --- | --- |
{sets}
{notes}"""


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
        more=" and of fourteen more sets, named below" if "further" in about else "",
        then=", then `python -m citeqa.rag.training.further`" if "further" in about else "",
        further=_further(about["further"], about.get("further notes", [])) if "further" in about else "",
        max_tokens=described["max_tokens"],
        **{name: about["trainings"][0][name] for name in ("warmup", "decay", "dropout", "weight_decay", "clip")},
    )
    (folder / CARD).write_text(text, encoding="utf-8")


def _row(training: dict[str, Any]) -> str:
    """One training as a table row: its name, settings and results."""
    settings = [f"{training['windows']:,}", training["batch"], training["peak"]] if "windows" in training else [""] * 3
    found = [f"{training[name]:.3f}" for name in ("em", "f1", "auroc", "overall_f1")]
    return _table_row([training["what"], *settings, *found])


def _further(steps: Sequence[dict[str, Any]], notes: Sequence[str]) -> str:
    """The section on further training; each step says what it learned from, and its figures before and after."""
    from citeqa.rag.training.further import MEASURED
    from citeqa.rag.training.items import WHOLE, WRONG
    from citeqa.rag.training.judging import EVERY
    from citeqa.rag.training.phrasing import KEYWORDS, LOWER, MISSPELT

    before, after = steps[0]["before"], steps[-1]["after"]
    rows = [["before", "", "", *_figures(before[EVERY])]]
    for number, one in enumerate(steps, 1):
        rows.append([one.get("what", number), f"{one['windows']:,}", one["peak"], *_figures(one["after"][EVERY])])
    by_set = []
    for name in sorted((before.keys() & after.keys()) - {EVERY}):
        used = sum(one["sets"].get(name, 0) for one in steps)
        changes = [f"{old} → {new}" for old, new in zip(_figures(before[name]), _figures(after[name]), strict=True)]
        by_set.append([SETS[name], f"{used:,}", *changes])
    return _FURTHER.format(
        items=sum(one["windows"] for one in steps),
        windows=sum(one["read"] for one in steps),
        whole=WHOLE,
        changed=LOWER + KEYWORDS + MISSPELT,
        wrong=WRONG,
        batch=steps[0]["batch"],
        warmup=steps[0]["warmup"],
        measured=MEASURED,
        steps="\n".join(map(_table_row, rows)),
        sets="\n".join(map(_table_row, by_set)),
        notes="".join(f"\n{note}\n" for note in notes),
    )


def _figures(figures: dict[str, float]) -> list[str]:
    return [f"{figures[name]:.3f}" for name in ("alone", "among", "auroc")]


def _table_row(values: Sequence[Any]) -> str:
    return "| " + " | ".join(map(str, values)) + " |"


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
