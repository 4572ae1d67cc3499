"""The four mini tasks: generated, with the shapes and metrics of their models in GLUE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dpsrun.tasks.glue import GLUE
from dpsrun.tasks.task import Task


def _mini(name: str, summary: str, options: Mapping[str, object]) -> Task:
    shape = next(task for task in GLUE if task.name == name)
    mini = f"mini-{name}"
    return replace(
        shape, name=mini, family="mini", config=mini, summary=summary, options=dict(options)
    )


MINI: tuple[Task, ...] = (
    _mini("cola", "Generated: is the sentence grammatical?", {"difficulty": 0.0}),
    _mini("mrpc", "Generated: do two sentences say the same?", {"difficulty": 0.3}),
    _mini("rte", "Generated: does a quantified sentence entail another?", {"difficulty": 0.0}),
    _mini("stsb", "Generated: how similar are two sentences, from 0 to 5?", {"difficulty": 0.2}),
)
"""Difficulties were set with vanilla fine-tuning of MiniLM alone, before any other method was run:
its mean lies between chance and perfection, and its seeds differ. Options: `generate.Options`."""
