from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.measure import Settings
from tests.encoders import save_tiny_with_tokenizer


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DPSRUN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The smallest sizes, and an encoder of one narrow layer."""
    model = save_tiny_with_tokenizer(tmp_path_factory.mktemp("model") / "tiny")
    return Settings(quick=True, model=str(model))
