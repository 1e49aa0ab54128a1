"""TensorFlow's start without the lines that it logs, which no setting of its own stops any more."""

from __future__ import annotations

import os
import re
import sys
import tempfile

LOGGED = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|[IWE]\d{4} |\d{4}-\d\d-\d\d .{,40}: [IWE] "
)
"""How a line begins that TensorFlow logs: what it found or lacks on this machine."""


def import_tensorflow() -> None:
    """Imports it, which takes seconds. Fatal messages, other libraries' and those of an import that
    fails are printed as ever.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" in sys.modules:
        return
    try:
        sys.stderr.flush()
        saved = os.dup(2)
    except (OSError, AttributeError):  # there is no standard error to keep quiet
        import tensorflow

        return
    failed = True
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            import tensorflow  # noqa: F401

            failed = False
        finally:
            os.dup2(saved, 2)
            said.seek(0)
            kept = [line for line in said if failed or not LOGGED.match(line)]
            os.write(saved, b"".join(kept))
            os.close(saved)
