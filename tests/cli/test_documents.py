"""Every command and every grid of README and CONTRIBUTING works as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from dpsrun.config.load import load
from tests.command import Bench
from tests.places import ROOT
from tests.tasks.hub_layout import write_task

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROWS = 112
"""So many that the paper's update ratio gives every stage a step in three epochs of 16."""


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def commands(text: str) -> list[list[str]]:
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


@pytest.fixture
def place(bench: Bench) -> Bench:
    """A folder with what the README's reader has: a grid, a model, GLUE."""
    (bench.folder / "BERT").symlink_to((bench.folder / "tiny").resolve())
    _write_glue(bench.folder / "GLUE")
    shutil.copytree(ROOT / "experiments", bench.folder / "experiments")
    grid = blocks(README, "yaml")[0]
    for stated, small in (
        ("[bert-base-cased]", "[./BERT]"),
        ("low-resource(1000)", f"low-resource({ROWS})"),
        ("[0, 1, 2, 3, 4]", "[0]"),
        ("epochs: 10", "epochs: 4"),
    ):
        assert stated in grid
        grid = grid.replace(stated, small)
    (bench.folder / "mine.yaml").write_text(f"{grid}data: {{glue: ./GLUE}}\n", encoding="utf-8")
    return bench


def _write_glue(folder: Path) -> None:
    one = [f"The number {number} is green." for number in range(ROWS)]
    other = [f"It is number {number // 2}." for number in range(ROWS)]
    classes, rows = [number % 2 for number in range(ROWS)], list(range(ROWS))
    pair = {"sentence1": one, "sentence2": other, "idx": rows}
    write_task(folder, "cola", {"sentence": one, "idx": rows, "label": classes})
    write_task(folder, "mrpc", {**pair, "label": classes})
    write_task(folder, "rte", {**pair, "label": classes})
    write_task(folder, "stsb", {**pair, "label": [number % 6 / 1 for number in rows]})


def test_the_commands_of_the_readme_work_in_their_order(place: Bench) -> None:
    said = [w for w in commands(README) if w[0] == "dpsrun" and not needs(w)]
    assert len(said) >= 9
    for words in sorted(said, key=is_refused):
        bench = place.quick if trains_often(words) else place
        ended = bench.say(*_filled(words[1:], place))
        if is_refused(words):
            assert (ended.code, "evaluate: [test]" in ended.err) == (2, True), ended.err
        else:
            assert ended.code == 0, (words, ended.err)


def is_refused(words: list[str]) -> bool:
    """A real test set would take too long here; this one comes last, when something is trained."""
    return words[1] == "submit"


def trains_often(words: list[str]) -> bool:
    """A stand-in trains where the order of the commands is the point, a training for the last."""
    return words[1] in {"grid", "verify"} and "experiments/glue.yaml" not in words


def needs(words: list[str]) -> str:
    """Name the engine that a command is for, if any; these are tested with the engines."""
    if words[1] == "cancel":
        return "slurm"
    return next((name for name in ("slurm", "ray") if name in words), "")


def _filled(words: list[str], place: Bench) -> list[str]:
    """Put a run's id for RUN, a trained one to be submitted; of the paper's 160 runs do one."""
    files = "attempts/*/predictions.parquet" if words[0] == "submit" else "spec.json"
    found = (place.folder / "results" / "runs").glob(f"*/{files}")
    runs = sorted(path.relative_to(place.folder).parts[2] for path in found)
    small = ["--only", "task=rte,method=vanilla,seed=0"] if "experiments/glue.yaml" in words else []
    return [runs[0] if word == "RUN" else word for word in words] + small


def test_the_readmes_grid_says_what_it_says(place: Bench) -> None:
    (grid,) = load([place.folder / "mine.yaml"])
    assert {cell.task for cell in grid.cells if cell.label == "dps-mix"} == {"rte"}
    assert {cell.training.epochs for cell in grid.cells if cell.task == "rte"} == {4}


def test_the_readmes_own_task_and_further_sets_are_what_it_says(tmp_path: Path) -> None:
    for name in ("train.csv", "dev.csv"):
        (tmp_path / name).touch()
    (tmp_path / "tickets.yaml").write_text(blocks(README, "yaml")[1], encoding="utf-8")
    (grid,) = load([tmp_path / "tickets.yaml"])
    assert grid.find("kind").labels == ("bug", "question", "other")
    assert grid.sets == ("wnli:validation", "mnli:validation_matched", "rte:test")


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["readme", "contributing"])
def test_every_documented_make_target_exists(text: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {words[1] for words in commands(text) if words[0] == "make"}
    assert targets
    assert targets <= set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))


def test_the_first_two_commands_do_all_the_setting_up() -> None:
    assert commands(README)[:2] == [["make", "demo"], ["make", "test"]]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_path_that_is_mentioned_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"`((?:experiments|results|src|tests)/[\w./-]*)`", text)
    lacking = [path for path in named if not (ROOT / path).exists() and "<" not in path]
    made = ("results/runs/", "results/engine/")
    assert [path for path in lacking if not path.startswith(made)] == []
