"""What top-K-layer tuning declares of itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dpsrun.methods.spec import MethodSpec, Params, Setting, check_blocks


class TopKParams(Params):
    """How many blocks are trained."""

    trained_blocks: Annotated[int, Field(ge=0)] | None = Field(
        default=3,
        description="K: the blocks that are trained, from above, with pooler and head; 0: these "
        "alone. Unset (null): everything, which is vanilla.",
    )

    def check(self, setting: Setting) -> None:
        """Raise ValueError if the encoder has fewer blocks."""
        check_blocks("trained_blocks", self.trained_blocks or 0, setting)


SPEC = MethodSpec(
    name="top-k-layers",
    summary="Trains the last blocks, the pooler and the head; the rest is frozen.",
    sources=("Houlsby et al. 2019, arXiv 1902.00751", "Xu et al. 2021, arXiv 2109.05687"),
    params=TopKParams,
    hooks="dpsrun.methods.top_k_layers.hooks:TopKHooks",
    acts=frozenset({"freezing"}),
    notes=("Embeddings are frozen for every K. Nothing is computed backwards below the blocks.",),
    unverified="top-k-layers: which K the papers searched was not seen; the default is our choice.",
)
