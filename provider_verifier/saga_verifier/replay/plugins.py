"""Are the plugins installed that a pact needs? Looked for where Pact's own verifier would, and never fetched.

Each folder of PACT_PLUGIN_DIR (by default `~/.pact/plugins`) holds one plugin, with its name and version in `pact-plugin.json`.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from saga_verifier.replay.results import ReplayError

FOLDER = "PACT_PLUGIN_DIR"
_MANIFEST = "pact-plugin.json"


def needed(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give name and version of each plugin that a pact names."""
    metadata = document.get("metadata")
    plugins = metadata.get("plugins") if isinstance(metadata, Mapping) else None
    named = [one for one in plugins if isinstance(one, Mapping) and one.get("name")] if isinstance(plugins, list) else []
    return [(str(one["name"]), str(one.get("version") or "")) for one in named]


def check_installed(document: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> None:
    """Return when each plugin that a pact needs is there, in whatever version: Pact's verifier chooses.

    Raises:
        ReplayError: when one is not.
    """
    wanted = needed(document)
    if not wanted:
        return
    folder = Path(environ.get(FOLDER) or Path.home() / ".pact" / "plugins")
    installed = set(_installed(folder))
    missing = [f"{name} {version}".strip() for name, version in wanted if name not in installed]
    if missing:
        raise ReplayError(
            f"The pact needs the Pact plugin {', '.join(missing)}, which is not installed here, so nothing about it can be "
            f"verified. Install it (pact-plugin-cli install {wanted[0][0]}), or name the folder that holds it by {FOLDER}."
        )


def _installed(folder: Path) -> Iterator[str]:
    for manifest in sorted(folder.glob(f"*/{_MANIFEST}")):
        try:
            yield str(json.loads(manifest.read_text(encoding="utf-8"))["name"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
