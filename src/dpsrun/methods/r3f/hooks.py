"""R3F asks a pass with noise on the word embeddings to agree with one without."""

from __future__ import annotations

from contextlib import ExitStack
from typing import ClassVar, TypeVar

import torch
from torch import Tensor, nn

from dpsrun.methods.r3f.spec import R3fParams
from dpsrun.methods.two_passes.hooks import TwoPassHooks
from dpsrun.models.batch import Batch
from dpsrun.models.classifier import Classifier

R = TypeVar("R", bound=R3fParams)


class R3fHooks(TwoPassHooks[R]):
    """Scores the pass without noise: CE1 + noise_weight (KL(1, 2) + KL(2, 1)) for each example.

    For regression MSE1 + noise_weight MSE(1, 2), or vanilla.

    Attributes:
        lookups: the modules that give words their vectors.
    """

    scores_both: ClassVar[bool] = False

    def prepare(self) -> None:
        """Find where words are looked up; raises ValueError if that is nowhere."""
        self.lookups = word_lookups(self.context.model)

    def weight(self, *, regression: bool) -> float:
        """Give the weight of both divergences together, or of a squared difference."""
        spared = regression and self.params.noisy_regression == "none"
        return 0 if spared else self.params.noise_weight

    def second_pass(self, model: Classifier, batch: Batch) -> Tensor:
        """Give the logits of the pass with noise."""
        with ExitStack() as noise:
            for lookup in self.lookups:
                noise.enter_context(lookup.register_forward_hook(self.add_noise))
            return super().second_pass(model, batch)

    def add_noise(self, _lookup: nn.Module, _ids: tuple[Tensor, ...], vectors: Tensor) -> Tensor:
        """Add noise to the vectors of words, `[..., width]`, and let no gradient through to them.

        Vectors are float32 under autocast too, so it is not rounded away.
        """
        noise, scale = torch.empty_like(vectors), self.params.noise_scale
        if self.params.noise_kind == "uniform":
            noise.uniform_(-scale, scale)
        else:
            noise.normal_(std=scale)
        return vectors.detach() + noise


def word_lookups(model: Classifier) -> list[nn.Embedding]:
    """List the modules that look words up: one, but for BART's encoder and decoder one each.

    Raises ValueError if the encoder does so in a way of its own.
    """
    table = getattr(model.embedding(), "weight", None)
    found = [
        module
        for module in model.modules()
        if isinstance(module, nn.Embedding) and module.weight is table
    ]
    if not found:
        raise ValueError("this encoder has no word embedding that noise could be added to")
    return found
