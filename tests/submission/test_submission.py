"""Runs' test predictions become the files of the GLUE server."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dpsrun.errors import UserError
from dpsrun.runs.store import Store
from dpsrun.submission.archive import validate, write
from dpsrun.submission.files import FILES, File
from dpsrun.submission.submit import submit
from dpsrun.tasks import registry
from dpsrun.tasks.encoded import Encoded
from dpsrun.training.files import write_predictions
from tests.report.builder import Wanted, make_results

Outputs = NDArray[np.float32]

SMALL = [file.task for file in FILES if file.rows < 10_000]
BY_NAME = {file.name: file for file in FILES}


def run_of(store: Store, task: str) -> str:
    """Name the run of a task."""
    (found,) = [run for run in store.run_ids() if run.startswith(f"{task}-bert")]
    return found


def outputs_of(file: File, rows: int | None = None) -> Outputs:
    """Give outputs of which row r means class r mod classes, or the score r / 100."""
    count = file.rows if rows is None else rows
    if not file.words:
        return np.arange(count, dtype=np.float32).reshape(-1, 1) / np.float32(100)
    return np.eye(file.outputs, dtype=np.float32)[np.arange(count) % file.outputs]


def predict(store: Store, run: str, *sets: tuple[str, Outputs], row: int | None = None) -> None:
    """Write predictions as a worker does, rows from the last to the first.

    `row` stands instead of the first row's index.
    """
    (attempt,) = store.attempts(run)
    splits, outputs = {}, {}
    for split, values in sets:
        index = np.arange(len(values))[::-1].copy()
        index[-1] = index[-1] if row is None else row
        none = np.zeros(0, np.int32)
        labels = np.full(len(values), -1)
        splits[split] = Encoded(none, none.astype(np.int8), none.astype(np.int64), labels, index)
        outputs[split] = values[::-1].copy()
    write_predictions(
        store.attempt_folder(run, attempt) / "predictions.parquet", {"last": outputs}, splits
    )


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., tuple[Store, dict[str, str]]]:
    """Makes a results folder with a run of each task that predicts its test sets."""

    def make(*tasks: str, outcome: Wanted = 0.6) -> tuple[Store, dict[str, str]]:
        store = make_results(tmp_path, {(task, "vanilla", 0): outcome for task in tasks})
        runs = {task: run_of(store, task) for task in tasks}
        for task, run in runs.items():
            own = [file for file in FILES if file.task == task and not file.optional]
            predict(store, run, *((file.split, outputs_of(file)) for file in own))
        return store, runs

    return make


Made = Callable[..., tuple[Store, dict[str, str]]]


def lines(path: Path, name: str) -> list[str]:
    """Read a file of a submission."""
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode().splitlines()


def fault(store: Store, *runs: str) -> str:
    """Say why runs cannot be submitted; nothing may be left behind."""
    out = store.root.parent / "glue.zip"
    with pytest.raises(UserError) as caught:
        submit(store, runs, out)
    assert list(out.parent.glob("*glue.zip*")) == []
    return str(caught.value)


def test_every_small_task_becomes_the_servers_file(made: Made, tmp_path: Path) -> None:
    store, runs = made(*dict.fromkeys(SMALL))
    out = tmp_path / "glue.zip"
    submission = submit(store, runs.values(), out)
    assert submission.absent == ("QQP.tsv", "AX.tsv")
    assert validate(out) == tuple(sorted(submission.origins))
    assert lines(out, "CoLA.tsv")[:3] == ["index\tprediction", "0\t0", "1\t1"]
    assert lines(out, "RTE.tsv")[1:3] == ["0\tentailment", "1\tnot_entailment"]
    assert lines(out, "MNLI-mm.tsv")[2:4] == ["1\tneutral", "2\tcontradiction"]
    assert lines(out, "WNLI.tsv")[1:3] == ["0\t0", "1\t1"]
    assert len(lines(out, "SST-2.tsv")) == 1 + 1821


def test_scores_have_three_decimals_and_stay_within_the_scale(made: Made, tmp_path: Path) -> None:
    store, runs = made("stsb")
    scores = outputs_of(BY_NAME["STS-B.tsv"])
    scores[:2] = [[-0.0001], [1.23456]]
    predict(store, runs["stsb"], ("stsb:test", scores))
    submit(store, runs.values(), tmp_path / "glue.zip")
    written = lines(tmp_path / "glue.zip", "STS-B.tsv")
    assert written[1:4] == ["0\t0.000", "1\t1.235", "2\t0.020"]
    assert written[-1] == "1378\t5.000"


def test_the_diagnostic_set_comes_from_a_model_of_mnli(made: Made, tmp_path: Path) -> None:
    store, runs = made("mnli")
    own = [file for file in FILES if file.task == "mnli"]
    predict(store, runs["mnli"], *((file.split, outputs_of(file)) for file in own))
    submission = submit(store, runs.values(), tmp_path / "glue.zip")
    assert set(submission.origins) == {"MNLI-m.tsv", "MNLI-mm.tsv", "AX.tsv"}
    assert lines(tmp_path / "glue.zip", "AX.tsv")[-1] == "1103\tcontradiction"


def test_the_same_predictions_give_the_same_bytes(made: Made, tmp_path: Path) -> None:
    store, runs = made("rte", "wnli")
    one, other = tmp_path / "one.zip", tmp_path / "other.zip"
    submit(store, [runs["rte"], runs["wnli"]], one)
    submit(store, [runs["wnli"], runs["rte"], runs["rte"]], other)
    assert one.read_bytes() == other.read_bytes()


def test_the_words_are_the_classes_of_the_tasks() -> None:
    for file in FILES:
        labels = registry.find(file.task).labels
        assert len(labels) == len(file.words)
        assert file.words in {labels, tuple(map(str, range(len(labels))))}, file.name


def test_the_splits_are_test_splits_of_the_tasks() -> None:
    for file in FILES:
        task, _, split = file.split.partition(":")
        assert split in registry.find(task).test, file.name


def test_a_run_without_test_predictions_is_told_how_to_get_them(made: Made) -> None:
    store, runs = made("rte")
    predict(store, runs["rte"], ("validation", outputs_of(BY_NAME["RTE.tsv"])))
    said = fault(store, runs["rte"])
    assert said.startswith(runs["rte"])
    assert "no predictions of rte:test: add `evaluate: [test]` to its grid" in said


def test_two_runs_of_one_task_are_too_many(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("wnli", "vanilla", seed): 0.6 for seed in (0, 1)})
    for run in store.run_ids():
        predict(store, run, ("wnli:test", outputs_of(BY_NAME["WNLI.tsv"])))
    one, other = store.run_ids()
    assert fault(store, one, other) == f"WNLI.tsv comes from two runs, {one} and {other}: name one"


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("diverged", "ended as diverged, without predictions; name another run"),
        ("error", "ended as error, without predictions; name another run"),
        (None, "has no result yet; run its grid"),
    ],
)
def test_a_run_that_was_not_trained_is_refused(tmp_path: Path, outcome: Wanted, said: str) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): outcome})
    assert fault(store, run_of(store, "rte")).endswith(said)


def test_a_shortened_test_set_is_refused(made: Made) -> None:
    store, runs = made("rte")
    predict(store, runs["rte"], ("rte:test", outputs_of(BY_NAME["RTE.tsv"], 200)))
    said = "has 200 predictions of rte:test, the server wants 3000"
    assert said in fault(store, runs["rte"])


def test_a_row_that_comes_twice_is_refused(made: Made) -> None:
    store, runs = made("wnli")
    predict(store, runs["wnli"], ("wnli:test", outputs_of(BY_NAME["WNLI.tsv"])), row=7)
    assert "not one for each row of the test set" in fault(store, runs["wnli"])


def test_outputs_of_other_classes_are_refused(made: Made) -> None:
    store, runs = made("wnli")
    predict(store, runs["wnli"], ("wnli:test", np.zeros((146, 3), np.float32)))
    assert "are not 2 numbers for each row" in fault(store, runs["wnli"])


def test_outputs_that_are_not_finite_are_refused(made: Made) -> None:
    store, runs = made("stsb")
    scores = outputs_of(BY_NAME["STS-B.tsv"])
    scores[5] = np.nan
    predict(store, runs["stsb"], ("stsb:test", scores))
    assert "are not finite" in fault(store, runs["stsb"])


def test_generated_tasks_are_not_glues(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("mini-rte", "vanilla", 0): 0.6})
    said = fault(store, run_of(store, "mini-rte"))
    assert "the server takes no predictions of mini-rte; it takes cola, sst2" in said


def test_damaged_files_are_named(made: Made) -> None:
    store, runs = made("rte", "cola", "wnli")
    (attempt,) = store.attempts(runs["rte"])
    predictions = store.attempt_folder(runs["rte"], attempt) / "predictions.parquet"
    predictions.write_text("no parquet", encoding="utf-8")
    spec = store.folder(runs["cola"]) / "spec.json"
    spec.write_text("{", encoding="utf-8")
    result = store.folder(runs["wnli"]) / "result.json"
    result.unlink()
    result.write_text("{", encoding="utf-8")
    said = fault(store, *runs.values()).splitlines()
    assert [line.partition(":")[0] for line in said] == list(runs.values())
    assert f"{predictions} cannot be read" in said[0]
    assert f"{spec} is absent or damaged" in said[1]
    assert f"{result} is damaged" in said[2]


@pytest.mark.parametrize("place", ["nowhere/a.zip", "results", "results/grids/demo.json/a.zip"])
def test_a_zip_that_cannot_be_written_is_the_users_to_mend(
    made: Made, tmp_path: Path, place: str
) -> None:
    store, runs = made("wnli")
    with pytest.raises(UserError, match=f"--out .*{place}: cannot be written"):
        submit(store, runs.values(), tmp_path / place)


GOOD = {"WNLI.tsv": "index\tprediction\n" + "".join(f"{i}\t{i % 2}\n" for i in range(146))}


def check(path: Path, contents: dict[str, str]) -> str:
    """Write a zip with these texts and say what is wrong with it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in contents.items():
            archive.writestr(name, text)
    with pytest.raises(UserError) as caught:
        validate(path)
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("index\tprediction\n", "", "must begin with the line 'index\\tprediction'"),
        ("145\t1\n", "145\t1", "end with a line break"),
        ("145\t1\n", "", "has 145 predictions, the server wants 146"),
        ("\n3\t1", "\n2\t1", "row 3: must be 3, a tab and a prediction; found '2\\t1'"),
        ("\n3\t1", "\n3 1", "row 3: must be 3"),
        ("\n3\t1", "\n3\tentailment", "row 3: 'entailment' is not 0 or 1"),
    ],
)
def test_a_damaged_file_is_found(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD["WNLI.tsv"]
    assert said in check(tmp_path / "a.zip", {"WNLI.tsv": GOOD["WNLI.tsv"].replace(old, new, 1)})


@pytest.mark.parametrize("score", ["5.001", "-0.100", "nan", "1.5", "1e0"])
def test_a_score_off_the_scale_is_found(tmp_path: Path, score: str) -> None:
    rows = "".join(f"{i}\t{score if i == 9 else '1.000'}\n" for i in range(1379))
    said = check(tmp_path / "a.zip", {"STS-B.tsv": f"index\tprediction\n{rows}"})
    assert said == f"STS-B.tsv: row 9: {score!r} is not a score from 0.000 to 5.000"


def test_a_foreign_file_is_found(tmp_path: Path) -> None:
    said = check(tmp_path / "a.zip", {**GOOD, "glue/WNLI.tsv": "", "wnli.tsv": ""})
    assert said.count("the server knows no such file") == 2


def test_an_empty_zip_and_what_is_no_zip_are_found(tmp_path: Path) -> None:
    assert check(tmp_path / "a.zip", {}) == "holds no files"
    (tmp_path / "b.zip").write_text("no zip", encoding="utf-8")
    with pytest.raises(UserError, match=r"b\.zip: no zip of text files"):
        validate(tmp_path / "b.zip")


def test_bytes_that_have_changed_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write(path, {"WNLI.tsv": ["0"] * 146})
    content = bytearray(path.read_bytes())
    content[50] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(UserError, match="no zip of text files"):
        validate(path)


def test_a_faulty_submission_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has 3 predictions"):
        write(tmp_path / "glue.zip", {"WNLI.tsv": ["0", "1", "0"]})
    assert list(tmp_path.iterdir()) == []
