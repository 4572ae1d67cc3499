"""Inference sets outside GLUE: to train on, or to put a model to that was trained on another.

SNLI is Bowman et al. 2015 (arXiv 1508.05326), SICK Marelli et al. 2014 (LREC), SciTail Khot et al.
2018 (AAAI), HANS McCoy et al. 2019 (arXiv 1902.01007). Columns are those of the hub's Parquet files
(`stanfordnlp/snli`, `allenai/scitail`), or of its former loaders (`sick`, `hans`).
"""

from __future__ import annotations

from dpsrun.tasks.task import Task

THREE = ("entailment", "neutral", "contradiction")
TWO = ("entailment", "not_entailment")

INFERENCE: tuple[Task, ...] = (
    Task(
        name="snli",
        family="snli",
        config="plain_text",
        summary="Does the caption entail, leave open or contradict the hypothesis?",
        text=("premise", "hypothesis"),
        labels=THREE,
        drop_unlabelled=True,
    ),
    Task(
        name="sick",
        family="sick",
        config="sick",
        summary="Does the first sentence entail, leave open or contradict the second?",
        text=("sentence_A", "sentence_B"),
        labels=THREE,
        aliases={label.upper(): label for label in THREE},
    ),
    # Not the hub's `tsv_format`: read as if quoted, it has lost 499 of the 23596 training pairs.
    Task(
        name="scitail",
        family="scitail",
        config="snli_format",
        summary="Does the sentence entail the answer to a science question?",
        text=("sentence1", "sentence2"),
        labels=TWO,
        label="gold_label",
        aliases={"entails": "entailment", "neutral": "not_entailment"},
    ),
    Task(
        name="hans",
        family="hans",
        config="hans",
        summary="Does the premise entail the hypothesis, or only share its words?",
        text=("premise", "hypothesis"),
        labels=TWO,
        test=(),
        aliases={"non-entailment": "not_entailment"},
    ),
)
