"""Layer-wise learning-rate decay gives each depth a group of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from dpsrun.methods.hooks import Group, Hooks
from dpsrun.methods.llrd.spec import LlrdParams


class LlrdHooks(Hooks[LlrdParams]):
    """Learns at the rate lr d^k what lies k blocks below the head."""

    def parameter_groups(self, groups: list[Group]) -> list[Group]:
        """Split each group by depth."""
        if self.params.layer_decay == 1:
            return groups
        model = self.context.model
        depths = dict(zip(model.parameters(), model.depths().values(), strict=True))
        return [part for group in groups for part in self.split(group, depths)]

    def split(self, group: Group, depths: Mapping[nn.Parameter, int]) -> Iterator[Group]:
        """Give the parts of a group that lie equally deep, from below."""
        rates = self.rates()
        for depth, rate in enumerate(rates):
            parameters = [each for each in group["params"] if depths[each] == depth]
            spared = depth == len(rates) - 1 and not self.params.head_decays
            decay = 0.0 if spared else group["weight_decay"]
            if parameters:
                yield {**group, "params": parameters, "lr": rate, "weight_decay": decay}

    def rates(self) -> list[float]:
        """Give the learning rates by depth, from the embeddings to the head."""
        top = self.context.model.count_blocks() + 1
        full, factor = self.context.training.learning_rate, self.params.layer_decay
        return [full * factor ** (top - depth) for depth in range(top + 1)]

    def describe(self) -> dict[str, Any]:
        """Give the learning rates from the embeddings to the head."""
        return {"learning_rates": self.rates()}
