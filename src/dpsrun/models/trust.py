"""What a checkpoint of others must not do: lead out of its folder, or run code unasked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dpsrun.errors import UserError
from dpsrun.models.files import CODE, CONFIG, INDEX, WEIGHTS

MODEL_TYPE = re.compile(r"[A-Za-z0-9._-]+")
ADAPTER = "adapter_config.json"
TABLES = ("auto_mappings.py", "configuration_auto.py")
"""Where transformers lists the model types that it knows, in newer versions and in older ones."""
OTHER_REPOSITORY = "--"
"""How `auto_map` writes a class of another repository: `owner/name--module.Class`."""


def check(folder: Path, config: Mapping[str, Any], source: str, *, remote_code: bool) -> None:
    """Raise UserError for a checkpoint that must not be loaded, or not without `remote_code`."""
    _check_model_type(config.get("model_type"), folder, source)
    _check_weights(folder, source)
    _check_adapter(folder, source)
    if config.get("auto_map") and (remote_code or not is_native(str(config["model_type"]))):
        _check_code(config["auto_map"], folder, source, remote_code=remote_code)


def read_json(path: Path, source: str) -> dict[str, Any]:
    """Read a JSON object of a checkpoint; raises UserError if there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"model {source!r}: cannot read {path}") from error
    if not isinstance(content, dict):
        raise UserError(f"model {source!r}: {path} is no JSON object")
    return content


def own_code(folder: Path) -> set[Path]:
    """Find the Python files of a checkpoint whose configuration names code of its own."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    named = isinstance(config, dict) and config.get("auto_map")
    return set(folder.rglob(CODE)) if named else set()


def is_native(model_type: str) -> bool:
    """Say whether transformers has code for such an encoder; then no other code need run.

    Reads the source of its table of configurations: to import it takes seconds, and torch.
    """
    found = find_spec("transformers")
    assert found is not None  # noqa: S101 (a requirement of ours)
    assert found.origin is not None  # noqa: S101
    folder = Path(found.origin).parent / "models" / "auto"
    entry = re.compile(rf'"{re.escape(model_type)}", "\w+Config"')
    tables = (folder / name for name in TABLES)
    return any(entry.search(path.read_text(encoding="utf-8")) for path in tables if path.is_file())


def _check_model_type(model_type: object, folder: Path, source: str) -> None:
    """It becomes a part of run ids, which are names of folders."""
    if model_type is None:
        raise UserError(f"model {source!r}: {folder / CONFIG} names no model_type")
    if not (isinstance(model_type, str) and MODEL_TYPE.fullmatch(model_type)):
        allowed = "letters, digits, '.', '_' and '-' only"
        raise UserError(
            f"model {source!r}: {folder / CONFIG}: model_type {model_type!r}: expected {allowed}"
        )


def _check_weights(folder: Path, source: str) -> None:
    if not any(folder.glob(WEIGHTS)):
        convert = f"AutoModel.from_pretrained({source!r}).save_pretrained('NEW FOLDER')"
        raise UserError(
            f"model {source!r}: {folder} holds no {WEIGHTS} weights. Others, such as "
            f"pytorch_model.bin, are not read, for they can run code. Where you trust them:\n"
            f'python -c "from transformers import AutoModel; {convert}"\n'
            f"and copy the tokeniser's files to the new folder"
        )
    for path in sorted(folder.glob(INDEX)):
        parts = read_json(path, source).get("weight_map")
        for part in parts.values() if isinstance(parts, dict) else [parts]:
            _check_part(part, path, source)


def _check_part(part: object, index: Path, source: str) -> None:
    known = sorted(path.name for path in index.parent.glob(WEIGHTS))
    if part not in known:
        raise UserError(f"model {source!r}: {index} names weights in {part!r}; there are {known}")


def _check_adapter(folder: Path, source: str) -> None:
    """With peft installed, transformers would add the adapter and freeze all; else pass it by."""
    if (folder / ADAPTER).is_file():
        raise UserError(
            f"model {source!r}: {folder / ADAPTER} is of an adapter beside the weights: merge it "
            "(peft's merge_and_unload) and save the encoder in a folder of its own"
        )


def _check_code(auto_map: object, folder: Path, source: str, *, remote_code: bool) -> None:
    config, named = folder / CONFIG, sorted(set(_names(auto_map)))
    if not remote_code:
        raise UserError(
            f"model {source!r}: {config} asks for code of its own ({', '.join(named)}), which "
            f"would run with your rights: read it, then set remote_code: true for this model"
        )
    for name in named:
        if OTHER_REPOSITORY in name:
            raise UserError(
                f"model {source!r}: {config} asks for code of another repository ({name}), which "
                f"no commit pins: copy it into a folder with the model and name it there"
            )


def _names(auto_map: object) -> Iterable[str]:
    """List the classes that `auto_map` names; tokenisers have lists of two, one may be null."""
    if isinstance(auto_map, dict):
        auto_map = list(auto_map.values())
    if isinstance(auto_map, list):
        return [name for each in auto_map for name in _names(each)]
    return [] if auto_map is None else [str(auto_map)]
