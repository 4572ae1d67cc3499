"""What LoRA declares of itself."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Literal

from pydantic import Field

from dpsrun.methods.spec import MethodSpec, Params, Setting


class LoraParams(Params):
    """The rank of the updates, their scale, and where they are."""

    rank: Annotated[int, Field(ge=0)] = Field(
        default=8, description="r: rank of an update. 0: none, and nothing is frozen: vanilla."
    )
    lora_alpha: Annotated[float, Field(gt=0)] = Field(
        default=8.0, description="The update is multiplied by lora_alpha / rank."
    )
    lora_dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.0, description="Dropout on what goes into the updates."
    )
    updated: Literal["query-value", "attention", "all"] = Field(
        default="query-value",
        description="Which matrices get an update: queries and values, all of the attention, or "
        "all of the blocks.",
    )
    train_pooler: bool = Field(
        default=False, description="Train a pre-trained pooler too; else it is frozen."
    )

    def check(self, setting: Setting) -> None:  # noqa: ARG002 (any run will do)
        """Raise ValueError if the peft library is not installed."""
        if self.rank and find_spec("peft") is None:
            raise ValueError("lora needs the peft library: pip install 'dpsrun[lora]'")


SPEC = MethodSpec(
    name="lora",
    summary="Trains low-rank updates of frozen matrices, and the head.",
    sources=("Hu et al. 2022, arXiv 2106.09685", "github.com/huggingface/peft at 5d602fdbf"),
    params=LoraParams,
    hooks="dpsrun.methods.lora.hooks:LoraHooks",
    acts=frozenset({"freezing", "frozen-blocks"}),
    notes=(
        "By the peft library (pip install 'dpsrun[lora]'); defaults are peft's.",
        "A is drawn from the init stream, B is 0: training begins at the pre-trained encoder.",
        "Learning rates of 1e-4 to 5e-4 are usual.",
    ),
)
