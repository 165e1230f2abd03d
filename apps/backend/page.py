"""The built dashboard as static files under a strict content policy. Serves nothing outside its folder."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from apps.backend.errors import ApiError
from apps.contracts.enums import ErrorCode

_NAME: Final = re.compile(r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$")
_HOST: Final = re.compile(r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$")
_TEXT: Final = re.compile(r"^(text/|application/(javascript|json|manifest\+json)|image/svg)")
NOT_BUILT: Final = "The dashboard is not built. Run `make setup`, then reload this page.\n"

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def content_policy(host: str) -> str:
    """CSP for a page reached under `host`; both WebSocket schemes, because a missing one hangs the client silently."""
    sockets = f" ws://{host} wss://{host}" if _HOST.match(host) else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'{sockets}; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


@dataclass(frozen=True, slots=True)
class _File:
    stamp: tuple[int, int]
    media: str
    tag: str
    plain: bytes
    packed: bytes | None


class PageFiles:
    """Files of the page's folder, kept in memory with their gzip form; a rebuilt file is noticed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}

    def answer(self, request: Request, path: str) -> Response:
        """The file, 304 when the browser has it, or an ApiError 404. `path` has no leading slash."""
        name = path or "index.html"
        headers = {**HEADERS, "Content-Security-Policy": content_policy(request.headers.get("host", ""))}
        found = self._file(name)
        if found is None:
            if name == "index.html":
                return PlainTextResponse(NOT_BUILT, 503, {**headers, "Cache-Control": "no-store"})
            raise ApiError(ErrorCode.NOT_FOUND, "There is nothing at this path")
        hashed = name.startswith("assets/")
        headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-store"
        headers |= {"ETag": found.tag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == found.tag:
            return Response(None, 304, headers)
        if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(found.packed, 200, {**headers, "Content-Encoding": "gzip"}, media_type=found.media)
        return Response(found.plain, 200, headers, media_type=found.media)

    def _file(self, name: str) -> _File | None:
        if not _NAME.match(name) or ".." in name:
            return None
        path = self._folder / name
        try:
            if not path.resolve().is_relative_to(self._folder.resolve()) or not path.is_file():
                return None
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._files.get(name)
            if known is None or known.stamp != stamp:
                known = self._files[name] = _read(path, stamp)
        except OSError:
            return None
        return known


def _read(path: Path, stamp: tuple[int, int]) -> _File:
    plain = path.read_bytes()
    media = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = gzip.compress(plain, 6, mtime=0) if _TEXT.match(media) else None
    return _File(stamp, media, f'"{hashlib.sha256(plain).hexdigest()[:24]}"', plain, packed)
