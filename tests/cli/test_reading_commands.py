"""`report`, `status`, `show`, `tasks` and `methods` through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dpsrun.cli.app import app
from dpsrun.errors import UserError
from dpsrun.runs.store import Store
from tests.report.builder import Key, Wanted, make_results

SCORES: dict[Key, Wanted] = {
    ("rte", "vanilla", 0): 0.6,
    ("rte", "vanilla", 1): (0.7, 0.75),
    ("rte", "dps-mix[p=0.3]", 0): "error",
    ("rte", "dps-mix[p=0.3]", 1): "diverged",
    ("rte", "dps-mix[p=0.3]", 2): None,
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_results(tmp_path, SCORES)


def say(*words: str | Path) -> str:
    """Run a command and give what it prints."""
    ended = CliRunner().invoke(app, list(map(str, words)))
    if ended.exception is not None:
        raise ended.exception
    return ended.stdout


def data(*words: str | Path) -> Any:
    return json.loads(say(*words, "--json"))


def run_named(store: Store, seed: int, method: str) -> str:
    (grid,) = store.manifests()
    (found,) = [
        member.id
        for member in grid.members  # type: ignore[union-attr]
        if member.labels.seed == f"s{seed}" and member.labels.method == method
    ]
    return found


def test_report_prints_the_headline_and_says_where_the_files_are(store: Store) -> None:
    printed = say("report", store.root)
    assert "65.0 ± 7.1 (n=2)" in printed
    assert "5 runs: 1 diverged, 1 error, 1 missing, 2 ok" in printed
    for name in ("stability.md", "stability.csv", "runs.csv"):
        path = store.root / "tables" / "demo" / name
        assert str(path) in printed
        assert path.is_file()


def test_brackets_in_a_label_are_printed_as_they_are(store: Store) -> None:
    assert "dps-mix[p=0.3]" in say("report", store.root)


def test_report_gives_raw_numbers_to_machines(store: Store) -> None:
    (grid,) = data("report", store.root)["grids"]
    best = [cell for cell in grid["cells"] if cell["selection"] == "best"]
    assert best[0]["mean"] == pytest.approx(0.675)
    assert grid["outcomes"] == {"diverged": 1, "error": 1, "missing": 1, "ok": 2}
    assert any("missing s2; errors s0; diverged s1" in note for note in grid["notes"])


def test_report_can_be_told_which_grid(tmp_path: Path) -> None:
    make_results(tmp_path, {("rte", "vanilla", 0): 0.6}, grid="one")
    store = make_results(tmp_path, {("mrpc", "vanilla", 0): 0.8}, grid="two")
    assert [grid["grid"] for grid in data("report", store.root, "--no-figures")["grids"]] == [
        "one",
        "two",
    ]
    assert [g["grid"] for g in data("report", store.root, "--grid", "two")["grids"]] == ["two"]
    (everything,) = data("report", store.root, "--all")["grids"]
    assert (everything["grid"], len(everything["runs"])) == ("all", 2)
    with pytest.raises(UserError, match="did you mean 'two'"):
        say("report", store.root, "--grid", "twoo")
    with pytest.raises(UserError, match="exclude each other"):
        say("report", store.root, "--grid", "two", "--all")


@pytest.mark.parametrize("command", ["report", "status"])
def test_a_folder_without_runs_is_the_users_to_mend(tmp_path: Path, command: str) -> None:
    with pytest.raises(UserError, match="no such folder"):
        say(command, tmp_path / "nowhere")
    with pytest.raises(UserError, match="no runs in this folder"):
        say(command, tmp_path)


def test_runs_without_a_grid_are_reported_with_all(store: Store) -> None:
    (store.root / "grids" / "demo.json").unlink()
    with pytest.raises(UserError, match="--all"):
        say("report", store.root)
    assert len(data("report", store.root, "--all")["grids"][0]["runs"]) == 5


def test_tables_that_cannot_be_written_end_the_report(store: Store) -> None:
    (store.root / "tables").write_text("in the way", encoding="utf-8")
    with pytest.raises(UserError, match="cannot be written"):
        say("report", store.root)


def test_status_counts_states_and_lists_failures_with_their_logs(store: Store) -> None:
    found = data("status", store.root)
    (grid,) = found["grids"]
    assert (grid["runs"], grid["new"], grid["done"], grid["failed"]) == (5, 1, 3, 1)
    assert grid["outcomes"] == {"diverged": 1, "error": 1, "ok": 2}
    assert {failure["outcome"] for failure in found["failures"]} == {"error", "diverged"}
    assert all(Path(failure["log"]).read_text() == "step 1\n" for failure in found["failures"])


def test_status_is_readable(store: Store) -> None:
    result = store.folder(run_named(store, 0, "vanilla")) / "result.json"
    result.unlink()
    result.write_text("{", encoding="utf-8")
    printed = say("status", store.root)
    assert "1 diverged, 1 error, 1 ok" in printed
    assert ": error: ended by error" in printed
    assert f"{result} is damaged" in printed


def test_show_tells_everything_about_a_run(store: Store) -> None:
    run = run_named(store, 1, "vanilla")
    printed = say("show", run, "--results", store.root)
    for part in (
        f"{run}: done",
        "in grid demo",
        "training.learning_rate: 0.0001",
        "epoch 1, step 3: primary 0.75, validation.accuracy 0.75 (best)",
        "epoch 2, step 6: primary 0.7, validation.accuracy 0.7 (last)",
        "optimizer.name: AdamW",
        "kept: 0.7",
        "torch: 2.13",
        "ok in 3.5 s",
    ):
        assert part in printed


def test_show_gives_the_traceback_of_a_failure(store: Store) -> None:
    printed = say("show", run_named(store, 0, "dps-mix[p=0.3]"), "--results", store.root)
    assert "error: ended by error" in printed
    assert "  Traceback\n    line 1" in printed
    assert "log.txt" in printed


def test_show_gives_a_machine_the_whole_record(store: Store) -> None:
    run = run_named(store, 1, "vanilla")
    found = data("show", run, "--results", store.root)
    assert found["order"]["spec"]["seeds"]["init"] == 1
    assert found["result"]["evaluations"][1]["primary"] == 0.7
    assert [attempt["outcome"] for attempt in found["attempts"]] == ["ok"]


def test_show_knows_a_run_that_has_not_begun_and_one_that_never_ended(store: Store) -> None:
    run = run_named(store, 2, "dps-mix[p=0.3]")
    assert data("show", run, "--results", store.root)["state"] == "new"
    store.begin(run)
    (attempt,) = data("show", run, "--results", store.root)["attempts"]
    assert attempt["outcome"] == "unfinished"


def test_show_survives_damaged_files(store: Store) -> None:
    run = run_named(store, 0, "vanilla")
    for name in ("spec.json", "result.json"):
        (store.folder(run) / name).unlink()
        (store.folder(run) / name).write_text("{", encoding="utf-8")
    assert "is damaged" in say("show", run, "--results", store.root)
    found = data("show", run, "--results", store.root)
    assert found["order"] is None
    assert "damaged" in found["result"]


def test_show_takes_a_part_of_the_id_if_it_means_one_run(store: Store) -> None:
    run = run_named(store, 0, "vanilla")
    assert data("show", run[-8:], "--results", store.root)["run"] == run
    with pytest.raises(UserError, match="'vanilla-s0' means 2 runs") as caught:
        say("show", "vanilla-s0", "--results", store.root)
    assert run in str(caught.value)
    with pytest.raises(UserError, match="did you mean 'rte-"):
        say("show", run.replace("vanilla", "vanila"), "--results", store.root)


def test_an_unknown_run_of_many_does_not_list_them_all(tmp_path: Path) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", seed): 0.5 for seed in range(11)})
    with pytest.raises(UserError, match="its 11 runs lie in"):
        say("show", "zzz", "--results", store.root)


def test_tasks_says_what_a_grid_can_name() -> None:
    printed = say("tasks")
    assert "mean of pearson and spearman" in printed
    assert "regression" in printed
    by_name = {task["name"]: task for task in data("tasks")}
    assert by_name["cola"]["primary"] == ["matthews"]


def test_methods_shows_the_parameters_of_one() -> None:
    assert "dps-dense" in say("methods")
    printed = say("methods", "dps-mix")
    (line,) = [line for line in printed.splitlines() if "drop_fraction" in line and ">=" in line]
    assert "< 1" in line
    assert "arXiv 2211.01642" in printed
    (mix,) = data("methods", "dps-mix")
    assert mix["parameters"]["drop_fraction"]["exclusiveMaximum"] == 1
    with pytest.raises(UserError, match="did you mean 'dps-mix'"):
        say("methods", "dps-mixx")


def test_methods_shows_where_one_acts_and_what_in_it_is_unverified() -> None:
    printed = say("methods", "top-k-layers")
    assert "what it does to a run\n  trains only some parameters\n" in printed
    assert "unverified\n  top-k-layers: which K" in printed
    assert "unverified" not in say("methods", "dps-mix")
    vanilla, bitfit = (data("methods", name)[0] for name in ("vanilla", "bitfit"))
    assert (vanilla["acts"], vanilla["unverified"]) == ([], "")
    assert bitfit["acts"] == ["freezing", "frozen-blocks"]


def test_methods_shows_several_as_one() -> None:
    (both,) = data("methods", "dps-dense+llrd")
    assert both["name"] == "llrd+dps-dense"
    assert both["parameters"].keys() == {
        name
        for part in data("methods", "llrd") + data("methods", "dps-dense")
        for name in part["parameters"]
    }
    assert "llrd+dps-dense: Lets lower blocks" in say("methods", "dps-dense+llrd")
    with pytest.raises(UserError, match="each of them masks"):
        say("methods", "dps-dense+dps-mix")


def test_a_method_takes_at_most_two_lines_of_a_terminal() -> None:
    found = data("methods")
    room = 80 - max(len(method["name"]) for method in found) - len("       ")
    assert all(len(textwrap.wrap(method["summary"], room)) <= 2 for method in found)
    assert "dpsrun methods NAME" in say("methods")


def test_a_pipe_gets_whole_lines_without_colour(tmp_path: Path) -> None:
    tasks = [f"a-task-with-quite-a-long-name-{number}" for number in range(12)]
    store = make_results(tmp_path, {(task, "vanilla", 0): 0.5 for task in tasks})
    command = [sys.executable, "-m", "dpsrun", "report", str(store.root), "--no-figures"]
    environment = {**os.environ, "COLUMNS": "40", "NO_COLOR": "1"}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    header = next(line for line in ended.stdout.splitlines() if tasks[0] in line)
    assert all(task in header for task in [*tasks, "average"])
    assert "\x1b" not in ended.stdout


HEAVY = ("torch", "transformers", "datasets", "pandas")
NO_HEAVY = f"""
import sys
from dpsrun.cli.app import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words",
    [
        ["report", "--no-bootstrap"],
        ["report", "--all", "--no-bootstrap"],
        ["status"],
        ["show", "vanilla-s1"],
        ["tasks"],
        ["methods"],
    ],
    ids=" ".join,
)
def test_reading_needs_no_heavy_library(tmp_path: Path, words: list[str]) -> None:
    store = make_results(tmp_path, {("rte", "vanilla", 0): 0.6, ("rte", "vanilla", 1): 0.6})
    place = {"report": [str(store.root)], "status": [str(store.root)]}
    folder = ["--results", str(store.root)] if words[0] == "show" else place.get(words[0], [])
    command = [sys.executable, "-c", NO_HEAVY, *words, *folder]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stderr.splitlines()[-1] == "[]"
