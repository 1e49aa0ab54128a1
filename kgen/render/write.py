"""Writing files: all of them, or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from kgen.errors import ExportError

Files: TypeAlias = dict[str, str | bytes]
"""{file name: text, or the bytes of a file that is none}"""


MARK = b"exported by kgen"
"""In every file that has a name which others have too (README.md, CMakeLists.txt)."""


def write(
    files: Mapping[str, str | bytes], out: str | Path, *, own: str = "", stale: Iterable[str] = ()
) -> list[Path]:
    """Writes {file name: text} into a folder, which is made if need be; returns their paths.

    own: OWN.c, OWN_weights.c, the folder OWN and the like are kgen's alone; files of other names
        are only replaced if they are kgen's.
    stale: glob patterns of files that an earlier export may have left; those not written now go.
    Raises ExportError, with the folder as it was, if anything fails.
    """
    folder = Path(out)
    staging: Path | None = None
    _keep_foreign(folder, files, own)
    try:
        made = _first_missing(folder)
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".kgen-", dir=folder))
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_bytes(data)
        found = (path for pattern in stale for path in folder.glob(pattern))
        old = {path.relative_to(folder).as_posix() for path in found} - set(files)
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


def _keep_foreign(folder: Path, files: Iterable[str], own: str) -> None:
    """Raises ExportError if a file that kgen did not write would be replaced."""
    for name in files:
        path = folder / name
        alone = (
            not own or name.startswith(f"{own}/") or path.name.startswith((f"{own}.", f"{own}_"))
        )
        if alone or not path.is_file():
            continue
        if MARK not in path.read_bytes():
            raise ExportError(
                f"{str(path)!r} is there already, and not kgen's; export to a folder of its own.",
                exit_code=2,
            )


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
