"""Further evaluation sets of a grid: which runs get which, and what is refused."""

from __future__ import annotations

from tests.config.grids import faults, grid, runs, small


def sets(text: str) -> dict[str, tuple[str, ...]]:
    """The further sets of the cells, by task."""
    return {cell.task: cell.evaluate for cell in grid(text).cells}


def test_a_task_stands_for_its_evaluation_splits() -> None:
    found = sets(small(tasks="[rte]", evaluate="[mnli, wnli]"))
    names = ("mnli:validation_matched", "mnli:validation_mismatched", "wnli:validation")
    assert found == {"rte": names}


def test_a_split_can_be_named_and_a_lone_item_needs_no_list() -> None:
    assert sets(small(tasks="[rte]", evaluate="mnli:test_matched")) == {
        "rte": ("mnli:test_matched",)
    }


def test_test_stands_for_each_runs_own_test_splits() -> None:
    assert sets(small(tasks="[cola, mnli]", evaluate="[test]")) == {
        "cola": ("cola:test",),
        "mnli": ("mnli:test_matched", "mnli:test_mismatched"),
    }


def test_what_a_run_is_scored_on_anyway_is_not_done_twice() -> None:
    assert sets(small(tasks="[rte, wnli]", evaluate="[rte, 'rte:validation', 'rte:train']")) == {
        "rte": (),
        "wnli": ("rte:validation", "rte:train"),
    }


def test_overrides_give_tasks_sets_of_their_own() -> None:
    overrides = "[{match: {task: rte}, evaluate: [wnli]}, {match: {task: cola}, evaluate: []}]"
    text = small(tasks="[cola, rte, stsb]", evaluate="[test]", overrides=overrides)
    assert sets(text) == {"cola": (), "rte": ("wnli:validation",), "stsb": ("stsb:test",)}


def test_faults_name_the_item_and_the_nearest_choice() -> None:
    assert faults(small(evaluate="[mnly, 'rte:tset', 3]")) == [
        "5: evaluate[0]: there is no task 'mnly': did you mean 'mnli'?",
        "5: evaluate[1]: rte has no split 'tset'; did you mean 'test'?",
        "5: evaluate[2]: must be a task, task:split or test; found 3",
    ]


def test_a_set_whose_classes_a_model_does_not_know_is_refused() -> None:
    (fault,) = faults(small(tasks="[rte]", evaluate="[cola]"))
    assert fault.startswith("5: evaluate[0]: a model of rte (entailment, not_entailment) cannot be")
    assert fault.endswith("'overrides' can give tasks sets of their own")


def test_the_sets_and_their_contents_are_part_of_a_runs_identity() -> None:
    plain = small(tasks="[rte]")
    (without,) = runs(plain)
    (one,) = runs(plain + "evaluate: [wnli]\n", sets={"wnli:validation": "a"})
    (other,) = runs(plain + "evaluate: [wnli]\n", sets={"wnli:validation": "b"})
    assert len({without.id, one.id, other.id}) == 3
    assert [each.name for each in one.spec.evaluate] == ["wnli:validation"]


def test_a_run_without_further_sets_keeps_the_id_that_it_had_before_there_were_any() -> None:
    (run,) = runs(small(methods="[dps-mix]"))
    assert "evaluate" not in run.spec.content()
    assert {"cycle_over", "mask", "stage_two"}.isdisjoint(run.spec.params)
