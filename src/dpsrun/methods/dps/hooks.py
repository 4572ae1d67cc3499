"""The steps of DPS that do not depend on the variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import torch
from torch import Generator, Tensor, nn

from dpsrun.methods.dps.cycle import Cycle, Stage, stage_length
from dpsrun.methods.dps.params import DpsParams
from dpsrun.methods.dps.selection import keep_, select
from dpsrun.methods.dps.turnover import count, describe_cycles, pack
from dpsrun.methods.hooks import Context, Group, Hooks, State

D = TypeVar("D", bound=DpsParams)


class DpsHooks(Hooks[D]):
    """Counts steps, gathers statistics in stage I, selects and masks in stage II.

    Steps are optimiser steps started, the first is 1: the micro-batches of a step count once,
    and a step skipped for a gradient that is not finite counts as well, but leaves the
    statistics alone. With a drop fraction of 0 nothing at all happens. Entries are selected
    whatever the shape of their matrix: XLNet's have three axes (`models/matrices.py`).

    Attributes:
        step: the step at work, or the last one.
        gam: per matrix `[out, in]`, squared gradients summed over this stage I.
        mask: per matrix bool, the entries that the step at work trains; all if absent.
        anchor: per matrix `[out, in]`, the weights as this stage II began, where needed.
        selected: per matrix uint8, in stage I: the last selection, a bit an entry.
        counts: per matrix `[selections, 2]`, how many entries each kept, and how many of them the
            one before had not kept; on the device.
    """

    saved: ClassVar[tuple[str, ...]] = ("gam", "mask", "anchor", "selected", "counts")
    counters: ClassVar[tuple[str, ...]] = ("step", "selections", "non_finite_steps")

    def __init__(self, params: D, context: Context) -> None:
        super().__init__(params, context)
        self.matrices: dict[str, nn.Parameter] = context.model.matrices()
        cycle_steps = params.cycle_steps(context.total_steps, context.epoch_steps)
        self.cycle = Cycle(stage_length(cycle_steps, params.update_ratio))
        self.neutral = params.drop_fraction == 0
        self.step = self.selections = self.non_finite_steps = 0
        self.gam: dict[str, Tensor] = {}
        self.mask: dict[str, Tensor] = {}
        self.anchor: dict[str, Tensor] = {}
        self.selected: dict[str, Tensor] = {}
        self.counts: dict[str, Tensor] = {}

    @property
    def stage(self) -> Stage:
        """The stage of the step at work."""
        return self.cycle.stage(self.step) if self.params.stage_two else 1

    @property
    def needs_anchor(self) -> bool:
        """Whether stage II must remember the weights it began with."""
        return self.params.freeze_masked

    def prepare(self) -> None:
        """Re-draw the head where asked; raises ValueError if a stage would have no step."""
        self.params.check(self.context.setting)
        if self.params.head_init == "published":
            for layer in self.context.model.head_modules():
                draw_published_head(layer, self.context.head)

    @torch.no_grad()
    def before_step(self, examples: int) -> None:  # noqa: ARG002 (all steps alike)
        """Count the step; begin its stage if it is the first of one."""
        if self.neutral:
            return
        self.step += 1
        if self.cycle.first(self.step):
            self.begin_stage()

    def begin_stage(self) -> None:
        """Start new statistics (stage I) or turn those gathered into masks (stage II)."""
        if self.stage == 1:
            if self.selections:
                self.selected = {name: pack(mask) for name, mask in self.mask.items()}
            self.mask, self.anchor = {}, {}
            self.gam = {name: torch.zeros_like(each) for name, each in self.matrices.items()}
        else:
            for name in self.matrices:
                self.select(name)
            self.selections += 1

    def select(self, name: str) -> None:
        """Choose the entries of one matrix that stage II trains; its statistics go."""
        random = self.params.mask == "random"
        score = self.luck(name) if random else self.score(name)
        mask = select(score, self.params.drop_fraction, exact=self.params.exact_k or random)
        self.mask[name] = mask
        self.count(name)
        spent = self.gam.pop(name)
        if self.needs_anchor:
            self.anchor[name] = spent.copy_(self.matrices[name].detach())

    def count(self, name: str) -> None:
        """Count what a selection keeps of one matrix, and how much of that is new."""
        row = count(self.mask[name], self.selected.pop(name, None))
        self.counts[name] = torch.cat([self.counts.get(name, row[:0]), row])

    def luck(self, name: str) -> Tensor:
        """Rate the entries of a matrix, `[out, in]`, by chance, from the method's own stream."""
        matrix = self.matrices[name]
        return torch.rand(matrix.shape, generator=self.context.noise).to(matrix.device)

    def score(self, name: str) -> Tensor:
        """Rate the entries of a matrix, `[out, in]`; may use up its statistics."""
        return self.gam[name]

    @torch.no_grad()
    def after_backward(self, *, finite: bool) -> None:
        """Mask the gradients, and in stage I take them into the statistics."""
        if self.neutral:
            return
        if not finite:
            self.non_finite_steps += 1
            return
        for name, gradient in self.gradients():
            if name in self.mask:
                self.mask_gradient(gradient, self.mask[name])
            if self.stage == 1:
                self.observe(name, gradient)

    def gradients(self) -> Iterator[tuple[str, Tensor]]:
        """Give the gradients of the matrices that have one."""
        for name, matrix in self.matrices.items():
            if matrix.grad is not None:
                yield name, matrix.grad

    def mask_gradient(self, gradient: Tensor, mask: Tensor) -> None:
        """Set to zero what is not trained, without rescaling the rest."""
        keep_(gradient, mask)

    def observe(self, name: str, gradient: Tensor) -> None:
        """Add a step of stage I to the statistics of a matrix."""
        self.gam[name].addcmul_(gradient, gradient)

    @torch.no_grad()
    def after_update(self, groups: Sequence[Group]) -> None:  # noqa: ARG002 (the rates are no matter)
        """Undo what the optimiser did to dropped weights, if they are to be frozen."""
        if self.neutral or not self.params.freeze_masked or self.stage == 1:
            return
        for name, weight in self.matrices.items():
            torch.where(self.mask[name], weight, self.anchor[name], out=weight)

    def stages(self) -> list[tuple[int, int, Stage]]:
        """List the stages so far: first step, last step, stage."""
        if self.params.stage_two and not self.neutral:
            return self.cycle.stages(self.step)
        return [(1, self.step, 1)] if self.step else []

    def cycles(self) -> list[dict[str, Any]]:
        """Tell of each finished selection its step, kept fraction and turnover."""
        begun = [first for first, _, stage in self.stages() if stage != 1]
        counts = [each[: self.selections] for each in self.counts.values()]
        entries = sum(matrix.numel() for matrix in self.matrices.values())
        return describe_cycles(begun[: self.selections], counts, entries)

    def describe(self) -> dict[str, Any]:
        """Give stages, selections, kept fractions and wrapped matrices of the steps so far."""
        stages = self.stages()
        sizes = {name: matrix.numel() for name, matrix in self.matrices.items()}
        kept = {name: int(counts[-1, 0]) for name, counts in self.counts.items()}
        selected = sum(sizes[name] for name in kept)
        return {
            "us": self.cycle.us,
            "steps": self.step,
            "stage_steps": {
                name: sum(last - first + 1 for first, last, stage in stages if stage == number)
                for name, number in (("I", 1), ("II", 2))
            },
            "stages": [list(stage) for stage in stages],
            "selections": self.selections,
            "cycles": self.cycles(),
            "non_finite_steps": self.non_finite_steps,
            "kept_fraction": sum(kept.values()) / selected if selected else None,
            "kept": {name: entries / sizes[name] for name, entries in kept.items()},
            "matrices": {name: list(matrix.shape) for name, matrix in self.matrices.items()},
            "weights": sum(sizes.values()),
            "switches": self.params.model_dump(mode="json"),
        }

    def state_dict(self) -> State:
        """Give counters, statistics, masks, anchors and the state of the noise generator.

        Tensors are the live ones: save or copy them before the next step.
        """
        state: State = {name: getattr(self, name) for name in self.counters}
        state |= {name: dict(getattr(self, name)) for name in self.saved}
        return state | {"noise": self.context.noise.get_state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back copies of what `state_dict` gave, after `prepare`."""
        for name in self.counters:
            setattr(self, name, state[name])
        for name in self.saved:
            setattr(self, name, self._copies(state[name]))
        self.context.noise.set_state(state["noise"])

    def _copies(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {
            name: tensor.to(self.matrices[name].device, copy=True)
            for name, tensor in tensors.items()
        }


@torch.no_grad()
def draw_published_head(layer: nn.Linear, generator: Generator) -> None:
    """Draw weights and biases uniformly within 1/sqrt(inputs), on the CPU, weights first.

    The published code's classifier is no `nn.Linear`, so the encoder's own initialisation of new
    layers passes it by; PyTorch's default for linear layers is what it gets.
    """
    bound = layer.in_features**-0.5
    for parameter in layer.parameters():
        drawn = torch.empty(parameter.shape).uniform_(-bound, bound, generator=generator)
        parameter.copy_(drawn)
