"""What padding costs: one training step packed, padded to the longest of the batch, and to 128."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from torch.nn import functional

from benchmarks.fresh import in_worker
from benchmarks.measure import Settings, Spread, ratios
from benchmarks.tables import Row, Table
from benchmarks.workload import MAX_LENGTH, Workload, make_loop, step_times
from dpsrun.models.batch import Batch
from dpsrun.training.data import Feed
from dpsrun.training.loop import Loop

PACKED, DYNAMIC, FULL = "packed", "padded to the longest", f"padded to {MAX_LENGTH}"
WARM_UP = 2


def measure(settings: Settings) -> Table:
    """Compare the three layouts on every task."""
    steps = settings.pick(24, 2)
    works = [Workload.of(task, settings) for task in settings.tasks]
    rows = [row for work in works for row in _rows(work, steps)]
    notes = (
        f"Batch {works[0].batch_size}, one thread, vanilla with the encoder's own dropout; median "
        f"(range) over {steps} steps, the layouts in turns, on equal batches. Padding: its share "
        "of the computed tokens."
    )
    return Table("padding", "Cost of padding", notes, rows)


def _rows(work: Workload, steps: int) -> Iterable[Row]:
    seconds, shares = in_worker(compare, work, steps + WARM_UP), padding(work, steps + WARM_UP)
    for name, values in seconds.items():
        yield {
            "task": work.task,
            "batches": name,
            "seconds a step": Spread.of(values),
            "step / packed": ratios(values, seconds[PACKED]),
            "padding": shares[name],
        }


def compare(work: Workload, steps: int) -> dict[str, list[float]]:
    """Give the seconds of the steps of all layouts, without the first two."""
    loops = {name: _loop(name, work, steps) for name in (PACKED, DYNAMIC, FULL)}
    return step_times(loops, work.rows(steps), warm_up=WARM_UP)


def _loop(name: str, work: Workload, steps: int) -> Loop:
    loaded, feed = work.load(dropout=None, batching="packed" if name == PACKED else "padded")
    batch = feed.batch if name != FULL else lambda rows: widened(feed, rows)
    return make_loop(loaded, batch, steps)


def widened(feed: Feed, rows: Sequence[int]) -> Batch:
    """Pad the batch of `rows` to the full length."""
    batch, fill = feed.batch(rows), {"input_ids": feed.layout.pad}
    inputs = {
        name: functional.pad(value, (0, MAX_LENGTH - value.shape[1]), value=fill.get(name, 0))
        for name, value in batch.inputs.items()
    }
    return replace(batch, inputs=inputs)


def padding(work: Workload, steps: int) -> dict[str, float]:
    """Give the share of padding among the tokens of the steps' batches."""
    batches = [work.split.lengths[rows] for rows in work.rows(steps)]
    real = sum(int(batch.sum()) for batch in batches)
    longest = sum(int(batch.max()) * len(batch) for batch in batches)
    full = MAX_LENGTH * sum(map(len, batches))
    return {PACKED: 0.0, DYNAMIC: 1 - real / longest, FULL: 1 - real / full}
