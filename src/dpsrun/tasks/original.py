"""The data sets as their authors publish them: which file holds a split, and in what form.

Files and columns are those that public loaders name: for GLUE, SNLI, SICK, HANS and SciTail the
ones in github.com/huggingface/datasets (folder `datasets` at 02bb18c and 16a466f), for SICK's files
of SemEval 2014 that task's own scorer, which reads `entailment_judgment`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dpsrun.tasks.table import Layout, Values

Choice = Callable[[Values], bool]
"""Whether a row belongs to the split."""


@dataclass(frozen=True)
class Original:
    """One form of a data set.

    Attributes:
        files: split -> name of its file.
        layout: what is in the file.
        chooses: tells the rows of a split, where a file holds those of several, by the split and
            the file.
        beside: name of a further file that `chooses` reads.
    """

    files: Mapping[str, str]
    layout: Layout
    chooses: Callable[[str, Path], Choice] | None = None
    beside: str = ""


@dataclass(frozen=True)
class Published:
    """The names of a data set's folder, and its forms: the first whose file is there counts."""

    folders: tuple[str, ...]
    forms: tuple[Original, ...]


SEMEVAL_SETS = {"train": "TRAIN", "validation": "TRIAL", "test": "TEST"}
MRPC_DEV_IDS = "dev_ids.tsv"


def _by_semeval_set(split: str, _: Path) -> Choice:
    wanted = SEMEVAL_SETS[split]
    return lambda row: str(row.get("SemEval_set")).strip() == wanted


def _by_mrpc_ids(split: str, file: Path) -> Choice:
    """Tell validation from training by pairs of ids; the test file is whole."""
    if split == "test":
        return lambda _: True
    with (file.parent / MRPC_DEV_IDS).open(encoding="utf-8-sig", errors="replace") as stream:
        rows = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        chosen = {tuple(row[:2]) for row in rows}
    return lambda row: ((row.get("#1 ID"), row.get("#2 ID")) in chosen) == (split == "validation")


def _named(pattern: str, **names: str) -> dict[str, str]:
    return {split: pattern.format(name) for split, name in names.items()}


DEV = {"train": "train", "validation": "dev", "test": "test"}
GLUE = _named("{}.tsv", **DEV)
MNLI = _named(
    "{}.tsv",
    train="train",
    validation_matched="dev_matched",
    validation_mismatched="dev_mismatched",
    test_matched="test_matched",
    test_mismatched="test_mismatched",
)
MRPC = Layout(("#1 String", "#2 String"), "Quality")
PAIR = ("sentence1", "sentence2")
SICK = ("sentence_A", "sentence_B")
GOLD = Layout(PAIR, "gold_label")


def _glue(folder: str, text: tuple[str, ...], label: str = "label") -> Published:
    return Published((folder,), (Original(GLUE, Layout(text, label)),))


PUBLISHED: Mapping[str, Published] = {
    "cola": Published(
        ("CoLA",),
        (
            Original({"train": "train.tsv", "validation": "dev.tsv"}, Layout((3,), 1)),
            Original({"test": "test.tsv"}, Layout(("sentence",), "label")),
        ),
    ),
    "sst2": _glue("SST-2", ("sentence",)),
    "mrpc": Published(
        ("MRPC",),
        (
            Original(GLUE, MRPC),
            Original(
                _named("msr_paraphrase_{}.txt", train="train", validation="train", test="test"),
                MRPC,
                _by_mrpc_ids,
                MRPC_DEV_IDS,
            ),
        ),
    ),
    "qqp": _glue("QQP", ("question1", "question2"), "is_duplicate"),
    "stsb": _glue("STS-B", PAIR, "score"),
    "mnli": Published(("MNLI",), (Original(MNLI, GOLD),)),
    "qnli": _glue("QNLI", ("question", "sentence")),
    "rte": _glue("RTE", PAIR),
    "wnli": _glue("WNLI", PAIR),
    "ax": Published(
        ("diagnostic", "AX", "MNLI"),
        tuple(
            Original({"test": name}, Layout(PAIR, "label")) for name in ("diagnostic.tsv", "AX.tsv")
        ),
    ),
    "snli": Published(
        ("snli_1.0", "SNLI"),
        tuple(Original(_named(f"snli_1.0_{{}}{kind}", **DEV), GOLD) for kind in (".jsonl", ".txt")),
    ),
    "sick": Published(
        ("SICK",),
        (
            Original(
                dict.fromkeys(SEMEVAL_SETS, "SICK.txt"),
                Layout(SICK, "entailment_label"),
                _by_semeval_set,
            ),
            Original(
                _named("SICK_{}.txt", train="train", validation="trial", test="test_annotated"),
                Layout(SICK, "entailment_judgment"),
            ),
        ),
    ),
    "scitail": Published(
        ("tsv_format", "SciTailV1.1/snli_format", "SciTailV1.1/tsv_format"),
        (
            Original(_named("scitail_1.0_{}.txt", **DEV), Layout(PAIR, "gold_label", ".jsonl")),
            Original(_named("scitail_1.0_{}.tsv", **DEV), Layout((0, 1), 2)),
        ),
    ),
    "hans": Published(
        ("HANS",),
        tuple(
            Original(
                _named(f"heuristics_{{}}_set{kind}", train="train", validation="evaluation"), GOLD
            )
            for kind in (".txt", ".jsonl")
        ),
    ),
}
"""Task -> how its authors publish it.

Fields never stand in quotation marks, and the texts hold unbalanced ones. SciTail's loader took
them for such, and lost 499 training pairs.
"""
