"""For the site: links to files of the repository that are no pages become plain text."""

from __future__ import annotations

import posixpath
import re
from typing import Any


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """MkDocs calls it with each page's text."""
    folder = posixpath.dirname(page.file.src_uri)

    def shown(link: re.Match[str]) -> str:
        outside = posixpath.normpath(posixpath.join(folder, link[2])).startswith("..")
        return link[1] if outside else link[0]

    return re.sub(r"\[([^]]+)\]\((?!\w+:)([^)\s#]+)[^)]*\)", shown, markdown)
