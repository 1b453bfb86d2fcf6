"""The files that pages need: a style sheet, a script, a picture; each is served under its hash, and kept for ever."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Response

from saga_broker.http.errors import NotFoundError

FOLDER = Path(__file__).parents[1] / "static"
KEPT = "public, max-age=31536000, immutable"
_TYPES = {"broker.css": "text/css", "drawings.css": "text/css", "broker.js": "text/javascript", "icon.svg": "image/svg+xml"}
router = APIRouter(tags=["pages"])


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is served.

    Attributes:
        name: In its address; without an ending that would be taken for a wish for another media type.
        digest: The beginning of its SHA-256.
    """

    name: str
    digest: str
    media_type: str
    content: bytes


def _read(name: str, media_type: str) -> File:
    content = (FOLDER / name).read_bytes()
    return File(name.removesuffix(".svg"), hashlib.sha256(content).hexdigest()[:16], media_type, content)


FILES = {file.name: file for file in (_read(name, media_type) for name, media_type in _TYPES.items())}


def address(root: str, name: str) -> str:
    """Give the address of a file; it changes with the content."""
    return f"{root}/ui/files/{FILES[name].digest}/{name}"


@router.get("/ui/files/{digest:seg}/{file:seg}")
def show(digest: str, file: str) -> Response:
    """Give a file that pages need."""
    found = FILES.get(file)
    if found is None or found.digest != digest:
        raise NotFoundError
    headers = {"Cache-Control": KEPT, "X-Content-Type-Options": "nosniff"}
    return Response(found.content, headers=headers, media_type=found.media_type)
