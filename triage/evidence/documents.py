"""Which paths are documents, and which issues are about them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SUFFIXES = frozenset(
    (".md", ".markdown", ".mdown", ".rst", ".adoc", ".asciidoc", ".org", ".textile", ".pdf", ".docx", ".odt")
)
_BESIDE = frozenset((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".drawio", ".puml", ".mmd"))
_FOLDERS = frozenset(("doc", "docs", "documentation"))
_NAMES = re.compile(
    r"(?i)(?:readme|changelog|changes|history|news|authors|contributors|copying|licen[cs]e|notice|todo|security|"
    r"contributing|code_of_conduct)(?:[.-][a-z0-9]+)?(?:\.txt)?"
)
_CODE_TEXTS = re.compile(r"(?i)(?:requirements|constraints|cmakelists|robots|llms|humans|runtime).*\.txt")
_CODE_TYPE = re.compile(r"(?i)(?:fix|feat|feature|bugfix|hotfix|perf|refactor)(?:\([^()]*\))?!?:")
_DOCUMENT_TYPE = re.compile(r"(?i)docs?(?:\([^()]*\))?!?:")
_ABOUT_DOCUMENTS = re.compile(
    r"(?i)\b(?:docs?|documentation|readme|changelog|typos?)\b|\b(?:in|from|to|of)\s+(?:the|our)\s+(?:\w+\s+)?"
    r"(?:guide|tutorial|manual|wiki)\s*(?:$|[.:,;?!])|\b(?:user|developer|migration|install(?:ation)?|style|upgrade)\s+"
    r"(?:guide|manual|tutorial)\b|^(?:guide|tutorial|manual|wiki):|"
    r"^document\s+(?:the|how|why|what|when|where|which|that|all|our|an?|every|each)\b"
)


def is_document(path: str) -> bool:
    """Whether a path is a document and not code, configuration or data that a program reads."""
    name = PurePosixPath(path)
    suffix = name.suffix.lower()
    if suffix in _SUFFIXES:
        return True
    if suffix == ".txt":
        return not _CODE_TEXTS.fullmatch(name.name)
    if _NAMES.fullmatch(name.name) and suffix not in (".py", ".js", ".ts", ".go", ".rs", ".c", ".java", ".rb", ".sh"):
        return True
    return suffix in _BESIDE and bool(_FOLDERS & {part.lower() for part in name.parts[:-1]})


def of_documents(glob: str) -> bool:
    """Whether a glob selects documents only, by its ending or its folder."""
    return is_document(glob) or glob.lstrip("/").partition("/")[0].lower() in _FOLDERS


def only_documents(paths: Iterable[str]) -> bool:
    """Whether there are paths, and all of them are documents."""
    listed = list(paths)
    return bool(listed) and all(is_document(path) for path in listed)


def typed_as_code(subject: str) -> bool:
    """Whether a subject says by its type that code was changed (`fix:`, `feat(scope):` …)."""
    return _CODE_TYPE.match(subject) is not None


def about_documents(title: str | None) -> bool:
    """Whether an issue's title says that documents are what it is about."""
    return title is not None and (_ABOUT_DOCUMENTS.search(title) is not None or _DOCUMENT_TYPE.match(title) is not None)
