"""Writing files: all of them, or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from kgen.errors import ExportError
from kgen.render.owners import Owners

Files: TypeAlias = dict[str, str | bytes]
"""{file name: text, or the bytes of a file that is none}"""


def write(
    files: Mapping[str, str | bytes], out: str | Path, *, model: str, stale: Iterable[str] = ()
) -> list[Path]:
    """Writes {file name: text} into a folder, which is made if need be; returns their paths.

    model: the name that they are exported under. Files of another model's export, and those that
        are not kgen's, are never replaced.
    stale: glob patterns of files that an earlier export of the model may have left; those not
        written now go.
    Raises ExportError, with the folder as it was, if anything fails.
    """
    folder = Path(out)
    staging: Path | None = None
    try:
        owners = Owners(folder, model)
        for name in files:
            if (folder / name).is_file():
                owners.check(name)
        made = _first_missing(folder)
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".kgen-", dir=folder))
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_bytes(data)
        found = (path for pattern in stale for path in folder.glob(pattern) if path.is_file())
        old = {path.relative_to(folder).as_posix() for path in found} - set(files)
        old = {name for name in old if owners.may_change(name)}
        _exchange(staging, folder, list(files), sorted(old))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExportError(
            f"Can't write to {str(folder)!r}: {reason}; nothing was changed.", exit_code=2
        ) from None
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
            _remove_if_empty(made, folder)
    return [folder / name for name in files]


def _exchange(staging: Path, folder: Path, names: list[str], old: list[str]) -> None:
    """Moves the new files in and the old ones out; puts all back if one move fails."""
    saved = staging / "old"
    saved.mkdir()
    done: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        done.append((source, target))

    try:
        for name in [*names, *old]:
            if (folder / name).exists():
                move(folder / name, saved / name)
        for name in names:
            move(staging / name, folder / name)
    except OSError:
        for source, target in reversed(done):
            target.replace(source)
        raise


def _first_missing(folder: Path) -> Path | None:
    """The outermost folder that has to be made."""
    missing = None
    for path in (folder, *folder.parents):
        if path.exists():
            break
        missing = path
    return missing


def _remove_if_empty(made: Path | None, folder: Path) -> None:
    """Takes away the folders made for files that could not be written."""
    if made is None:
        return
    path = folder
    while not any(path.iterdir()):
        path.rmdir()
        if path == made:
            break
        path = path.parent
