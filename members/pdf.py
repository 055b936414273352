"""PDF from a template: the one door to WeasyPrint.

WeasyPrint needs libraries of the system. Without them the product starts and works; only a PDF is refused,
with the names of the packages.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import gettext as _

from members.errors import Refused

try:
    from weasyprint import HTML, URLFetcher
    from weasyprint.urls import URLFetcherResponse
except (ImportError, OSError):
    # OSError: the Python package is there, a library of the system is not.
    HTML, URLFetcher, URLFetcherResponse = None, object, None

PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"
# A name that no network knows (RFC 2606): what a template refers to is looked up among our own files.
_BASE = "https://static.invalid/"


class PdfUnavailable(Refused):
    """The system's libraries are missing; installing `PACKAGES` is the cure."""


class StaticOnly(URLFetcher):
    """Lets a document use the product's own style sheets and pictures, and nothing else: no network, no other file."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        try:
            path = local_file(url)
        except ValueError:
            self.refused.append(url)
            raise
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})


def local_file(url: str) -> Path:
    """The static file an address in a document stands for. Raise ValueError for every other address."""
    parts = urlsplit(url)
    prefix = urlsplit(static("")).path
    path = unquote(parts.path)
    if f"{parts.scheme}://{parts.netloc}/" != _BASE or not path.startswith(prefix):
        raise ValueError(f"not one of our static files: {url}")
    name = path.removeprefix(prefix)
    try:
        found = finders.find(name)
    except SuspiciousFileOperation:
        raise ValueError(f"outside the static files: {url}") from None
    # Names with a digest in them exist only where collectstatic has put them.
    collected = (Path(settings.STATIC_ROOT) / name).resolve()
    if not found and collected.is_file() and collected.is_relative_to(Path(settings.STATIC_ROOT).resolve()):
        found = str(collected)
    if not found:
        raise ValueError(f"no such static file: {url}")
    return Path(found)


def is_available() -> bool:
    return HTML is not None


def render_pdf(template: str, context: Mapping[str, Any]) -> bytes:
    """Render a template to PDF. Raise PdfUnavailable when the system's libraries are missing.

    A template that refers to anything but our static files is a mistake of ours, and fails aloud: WeasyPrint
    alone would print without the style sheet.
    """
    if HTML is None:
        raise PdfUnavailable(
            _("服务器缺少生成 PDF 的组件，请系统管理员安装 %s，然后重新启动。其他功能不受影响。") % PACKAGES
        )
    fetcher = StaticOnly()
    document = HTML(string=render_to_string(template, dict(context)), base_url=_BASE, url_fetcher=fetcher)
    content: bytes = document.write_pdf()
    if fetcher.refused:
        raise ValueError(f"{template} refers to {', '.join(fetcher.refused)}")
    return content
