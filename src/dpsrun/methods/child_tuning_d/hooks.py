"""Child-Tuning-D rates the blocks' entries on the task, then trains the best of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from dpsrun.methods.child_tuning_d.spec import ChildDParams
from dpsrun.methods.dps.selection import keep_, worst_kept
from dpsrun.methods.hooks import Context, Group, Hooks, State
from dpsrun.models.batch import Batch


class ChildDHooks(Hooks[ChildDParams]):
    """Finds the child network before the first step and masks all other gradients of the blocks.

    Attributes:
        rated: the parameters of the blocks, biases and norms included.
        mask: per parameter of the blocks bool, True where an entry is trained.
        gradients: how many squared gradients the entries were rated by.
    """

    def __init__(self, params: ChildDParams, context: Context) -> None:
        super().__init__(params, context)
        self.neutral = params.keep_fraction == 1
        depths, top = context.model.depths(), context.model.count_blocks()
        self.rated: dict[str, nn.Parameter] = {
            name: parameter
            for name, parameter in context.model.named_parameters()
            if 1 <= depths[name] <= top
        }
        self.mask: dict[str, Tensor] = {}
        self.gradients = 0

    def before_training(self) -> None:
        """Rate all entries and keep the best ceil(n p) of n, and those that tie with the last."""
        if self.neutral:
            return
        information = self._information()
        keep = math.ceil(information.numel() * self.params.keep_fraction)
        self.mask = self._apart(information >= worst_kept(information, keep))

    def _information(self) -> Tensor:
        """Sum the squared gradients of one pass, `[entries]`; as a mean they would rank alike."""
        sizes = [parameter.numel() for parameter in self.rated.values()]
        information = next(iter(self.rated.values())).new_zeros(sum(sizes))
        sums = self._apart(information)
        for batch in self._batches():
            self._backward(batch)
            self.gradients += 1
            for name, parameter in self.rated.items():
                if parameter.grad is not None:
                    sums[name].addcmul_(parameter.grad, parameter.grad)
                    parameter.grad = None
        return information

    def _batches(self) -> Iterator[list[Batch]]:
        """Go through the examples one by one or by batches; each is given as its micro-batches."""
        training = self.context.training
        size = 1 if self.params.fisher == "examples" else training.batch_size
        micro = math.gcd(size, training.micro_batch_size or size)
        parts = self.context.one_pass(micro, self.context.noise)
        while batch := list(islice(parts, size // micro)):
            yield batch

    def _backward(self, parts: Sequence[Batch]) -> None:
        """Leave the gradient of the mean loss; the released code clips each parameter's own."""
        examples = sum(len(part.labels) for part in parts)
        for part in parts:
            loss = self.loss(self.context.model, part) / examples
            loss.backward(inputs=list(self.rated.values()))
        limit = self.context.training.max_grad_norm
        if self.params.fisher == "batches" and limit is not None:
            for parameter in self.rated.values():
                clip_grad_norm_(parameter, limit)

    def _apart(self, row: Tensor) -> dict[str, Tensor]:
        """Part one row of all entries into views of the parameters' shapes."""
        sizes = [parameter.numel() for parameter in self.rated.values()]
        parts = zip(self.rated.items(), row.split(sizes), strict=True)
        return {name: part.view(parameter.shape) for (name, parameter), part in parts}

    @torch.no_grad()
    def after_clipping(self, groups: Sequence[Group]) -> None:  # noqa: ARG002 (all alike)
        """Set to zero what is not of the child network."""
        for name, mask in self.mask.items():
            gradient = self.rated[name].grad
            if gradient is not None:
                keep_(gradient, mask)

    def describe(self) -> dict[str, Any]:
        """Give how the entries were rated, and the fraction of each parameter that is trained."""
        kept = {name: int(mask.sum()) for name, mask in self.mask.items()}
        entries = sum(mask.numel() for mask in self.mask.values())
        return {
            "gradients": self.gradients,
            "entries": entries,
            "kept_fraction": sum(kept.values()) / entries if entries else None,
            "kept": {name: count / self.mask[name].numel() for name, count in kept.items()},
        }

    def state_dict(self) -> State:
        """Give the masks, live tensors, and how many gradients they come from."""
        return {"mask": dict(self.mask), "gradients": self.gradients}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        self.gradients = state["gradients"]
        masks = state["mask"].items()
        self.mask = {name: mask.to(self.rated[name].device, copy=True) for name, mask in masks}
