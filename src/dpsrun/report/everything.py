"""One manifest over all runs of a results folder, whatever grids they came from; pure.

Two grids may give the same label to different settings. Runs are put into one cell only where
their specs are equal except for the seeds; else the method's label says which grid is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from dpsrun.report.named import RowKey, row_key
from dpsrun.runs.frozen import digest
from dpsrun.runs.spec import Labels, RunSpec
from dpsrun.runs.store import EVERYTHING, Manifest, Member

Specs = Mapping[str, RunSpec | None]
"""Id of a run that has a folder -> its spec; None where it cannot be read."""

SHOWN = {"task", "data", "architecture", "method", "scenario", "seeds"}
"""The parts of a spec that the labels of a run without a grid show."""


def combine(manifests: Iterable[Manifest], specs: Specs) -> Manifest:
    """Merge the grids, and the runs of `specs` that are in none of them, into one manifest."""
    sourced = [(grid.name, member) for grid in manifests for member in grid.members]
    in_grids = {member.id for _, member in sourced}
    sourced += [_stray(run, specs[run]) for run in sorted(specs) if run not in in_grids]
    clashing = set(_clashing((member for _, member in sourced), specs))
    members = (
        _marked(member, source) if row_key(member.labels) in clashing else member
        for source, member in sourced
    )
    return Manifest(name=EVERYTHING, members=tuple(dict.fromkeys(members)))


def _stray(run_id: str, spec: RunSpec | None) -> tuple[str, Member]:
    """Label a run that no grid names after its spec; a digest tells its settings apart."""
    if spec is None:
        unknown = Labels(task="unknown", model="unknown", method=run_id, scenario="full", seed="-")
        return "no grid", Member(id=run_id, labels=unknown, total_steps=0)
    settings = {name: value for name, value in spec.content().items() if name not in SHOWN}
    labels = Labels(
        task=spec.task,
        model=spec.architecture,
        method=f"{spec.method} {digest(settings, 6)}",
        scenario=str(spec.scenario),
        seed=spec.seeds.slug,
    )
    names = tuple(further.name for further in spec.evaluate)
    stray = Member(id=run_id, labels=labels, total_steps=0, evaluate=names)
    return f"data {spec.data[:6]}", stray


def _clashing(members: Iterable[Member], specs: Specs) -> Iterator[RowKey]:
    """Name the rows that have different settings in the same cell."""
    settings: dict[tuple[RowKey, str], str] = {}
    for member in members:
        if member.id in specs:
            mine = _settings(member.id, specs[member.id])
            if settings.setdefault((row_key(member.labels), member.labels.task), mine) != mine:
                yield row_key(member.labels)


def _settings(run_id: str, spec: RunSpec | None) -> str:
    """Hash all of a spec but its seeds; an unreadable spec equals no other."""
    return run_id if spec is None else digest(spec.model_dump(mode="json", exclude={"seeds"}))


def _marked(member: Member, source: str) -> Member:
    labels = member.labels.model_copy(update={"method": f"{member.labels.method} ({source})"})
    return member.model_copy(update={"labels": labels})
