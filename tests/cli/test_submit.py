"""`submit`, `presets` and `schema` through the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dpsrun.cli.app import app
from dpsrun.config.presets import presets
from dpsrun.errors import UserError
from dpsrun.submission.files import FILES
from tests.report.builder import make_results
from tests.submission.test_submission import outputs_of, predict, run_of


def say(*words: str | Path) -> str:
    """Run a command and give what it prints."""
    ended = CliRunner().invoke(app, list(map(str, words)))
    if ended.exception is not None:
        raise ended.exception
    return ended.stdout


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder with a run of WNLI that has predicted the test set."""
    store = make_results(tmp_path, {("wnli", "vanilla", 0): 0.6})
    (file,) = [file for file in FILES if file.task == "wnli"]
    predict(store, run_of(store, "wnli"), (file.split, outputs_of(file)))
    return store.root


def test_submit_says_what_it_wrote_and_what_is_absent(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.zip"
    printed = say("submit", "wnli", "--results", results, "--out", out)
    assert "WNLI.tsv" in printed
    assert "absent: CoLA.tsv, SST-2.tsv, MRPC.tsv, STS-B.tsv, MNLI-m.tsv" in printed
    assert "the server wants all eleven files" in printed
    assert out.is_file()


def test_submit_tells_machines(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.zip"
    found = json.loads(say("submit", "wnli", "--results", results, "--out", out, "--json"))
    assert found["out"] == str(out)
    assert found["files"] == {"WNLI.tsv": next((results / "runs").iterdir()).name}
    assert len(found["absent"]) == 10


def test_submit_needs_a_run_that_there_is(results: Path) -> None:
    with pytest.raises(UserError, match="there is no run 'cola'"):
        say("submit", "cola", "--results", results)


def test_presets_are_listed_with_their_sources() -> None:
    printed = say("presets")
    assert "facebookresearch/fairseq examples/roberta/README.glue.md" in printed
    assert [preset["name"] for preset in json.loads(say("presets", "--json"))] == list(presets())


def test_a_preset_is_shown_with_its_values_and_what_differs() -> None:
    printed = say("presets", "roberta-large")
    assert "max_grad_norm: null" in printed
    (line,) = [line for line in printed.splitlines() if line.strip().startswith("qqp")]
    assert "warmup_fraction: 0.25" in line
    assert "best checkpoint" in printed
    with pytest.raises(UserError, match="did you mean 'roberta-large'"):
        say("presets", "roberta")


def test_schema_is_printed_as_json() -> None:
    assert json.loads(say("schema"))["required"] == ["tasks", "models", "methods", "seeds"]
