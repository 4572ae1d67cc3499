"""BitFit freezes everything but biases and the head."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from dpsrun.errors import nearest
from dpsrun.methods.bitfit.spec import BitFitParams
from dpsrun.methods.freezing import describe_trained, of_pooler, train_only
from dpsrun.methods.hooks import Hooks


class BitFitHooks(Hooks[BitFitParams]):
    """Trains the chosen biases, the pooler's bias, and all of the new head."""

    def prepare(self) -> None:
        """Freeze the rest; raises ValueError for terms that are in the name of no bias."""
        if not self.params.freeze:
            return
        model = self.context.model
        biases = {name for name, _ in model.named_parameters() if self.is_old_bias(name)}
        self.check_terms(biases)
        chosen = {name for name in biases if self.is_chosen(name) or of_pooler(name)}
        train_only(model, lambda name: model.is_new(name) or name in chosen)

    def is_old_bias(self, name: str) -> bool:
        """Say whether a parameter is a bias that pre-training made (XLNet's: `r_w_bias`)."""
        return "bias" in name.rpartition(".")[2] and not self.context.model.is_new(name)

    def is_chosen(self, bias: str) -> bool:
        """Say whether the name of a bias contains one of the terms."""
        return any(term in bias.removeprefix("encoder.") for term in self.params.bias_terms)

    def check_terms(self, biases: Collection[str]) -> None:
        """Raise ValueError unless each term is in the name of a bias."""
        if not biases:
            raise ValueError("bitfit trains biases, and the encoder has none but the new head's")
        names = [name.removeprefix("encoder.") for name in biases]
        for term in self.params.bias_terms:
            if not any(term in name for name in names):
                hint = nearest(term, {".".join(name.split(".")[-2:]) for name in names})
                raise ValueError(f"bias_terms: {term!r} is in the name of no bias: {hint}")

    def describe(self) -> dict[str, Any]:
        """Name the parameters that are trained, count entries."""
        return describe_trained(self.context.model)
