"""Whose the files of a folder are: an export's manifest lists its own."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import orjson

from kgen.errors import ExportError

MARK = b"exported by kgen"
"""In every text of kgen's that has a name which others have too (README.md, CMakeLists.txt)."""


class Owners:
    """The models whose exports are in a folder, by their manifests there.

    model: the one that is to be exported to it.
    """

    def __init__(self, folder: Path, model: str) -> None:
        self._folder = folder
        self._model = model
        self._listed = _manifests(folder)

    def _owner(self, file: str) -> str | None:
        """The model that a file belongs to; None if that's unknown.

        Files that no manifest lists, as after an export for another target, are a model's by their
        names.
        """
        for model, files in self._listed.items():
            if file in files:
                return model
        named = [model for model in self._listed if _named_after(model, file)]
        return self._model if self._model in named else next(iter(named), None)

    def may_change(self, file: str) -> bool:
        """Whether a file that is there is the model's, or kgen's and no other model's."""
        owner = self._owner(file)
        return owner == self._model or (
            owner is None and MARK in (self._folder / file).read_bytes()
        )

    def check(self, file: str) -> None:
        """Raises ExportError if the model's export may not replace a file that is there."""
        if self.may_change(file):
            return
        path, owner = str(self._folder / file), self._owner(file)
        if owner is None:
            reason = f"{path!r} is there already, and not kgen's; export to a folder of its own."
        else:
            renamed = ", or under another --name" if _named_after(self._model, file) else ""
            reason = (
                f"{path!r} belongs to the export of {owner!r}, and that of {self._model!r} has one "
                f"of this name too; export to another folder{renamed}."
            )
        raise ExportError(reason, exit_code=2)


def _manifests(folder: Path) -> dict[str, frozenset[str]]:
    """{model: the files that its manifest lists} of the exports in a folder."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            content = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            continue
        if isinstance(content, dict) and "kgen" in content and content.get("name") == path.stem:
            found[path.stem] = frozenset([path.name, *content.get("files", ())])
    return found


def _named_after(model: str, file: str) -> bool:
    """Whether it is NAME.c, NAME_weights.c or the like, or in the folder NAME."""
    path = PurePosixPath(file)
    return path.name.startswith((f"{model}.", f"{model}_")) or path.parts[0] == model
