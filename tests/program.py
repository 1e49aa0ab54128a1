"""A C program of its own around an exported model: each array in a block of the heap of just its
size, so that AddressSanitizer sees every element read or written beside it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import orjson

CTYPES = {"bool": "bool", "float32": "float", "float64": "double"} | dict.fromkeys(
    ("float16", "bfloat16"), "uint16_t"
)

HEAD = """\
#include "{name}.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *in, *out;

static void *block(size_t bytes)
{{
    void *p = malloc(bytes ? bytes : 1);
    if (!p || fread(p, 1, bytes, in) != bytes)
        exit(100);
    return p;
}}

/* A string, after its length. */
static char *text(void)
{{
    uint32_t *length = block(sizeof *length);
    char *s = block(*length);
    free(length);
    return s;
}}

int main(int argc, char **argv)
{{
    if (argc != 3 || !(in = fopen(argv[1], "rb")) || !(out = fopen(argv[2], "wb")))
        return 101;
    {name}_workspace *w[{sequences}];
    for (int i = 0; i < {sequences}; ++i) {{
        w[i] = malloc(sizeof **w);
        {reset}
    }}
    for (int sample = 0; sample < {count}; ++sample) {{
"""

TAIL = """\
        const int code = {name}_run(w[sample % {sequences}], {arguments});
        if (code)
            return code;
"""


def source(
    manifest: Mapping[str, object],
    given: Sequence[np.ndarray],
    like: Sequence[np.ndarray],
    sequences: int,
    lengths: Sequence[int],
) -> str:
    """main.c: reads samples from a file, and writes their outputs to another.

    given, like: arrays of the inputs' and outputs' shapes.
    sequences: how many a stateful model has in progress at once; sample i belongs to i % sequences.
    """
    count = len(like[0])
    name = str(manifest["name"])
    inputs, outputs = list(manifest["inputs"]), list(manifest["outputs"])  # type: ignore[call-overload]
    arguments = [str(length) for length in lengths]
    arguments += [f"x{i}" for i in range(len(inputs))] + [f"y{i}" for i in range(len(outputs))]
    lines = []
    for i, spec in enumerate(inputs):
        size = _size(given[i])
        if spec["dtype"] == "string":
            lines += [f"const char **x{i} = malloc({max(size, 1)} * sizeof *x{i});"]
            lines += [f"for (int i = 0; i < {size}; ++i)", f"    x{i}[i] = text();"]
        else:
            lines.append(f"{_ctype(spec)} *x{i} = block({size} * sizeof(*x{i}));")
    for i, spec in enumerate(outputs):
        size = _size(like[i])
        lines.append(f"{_ctype(spec)} *y{i} = malloc({max(size, 1)} * sizeof(*y{i}));")
    after = []
    for i, spec in enumerate(outputs):
        size = _size(like[i])
        if spec["dtype"] == "string":
            after.append(f"for (int i = 0; i < {size}; ++i)")
            after.append(f"    fwrite(y{i}[i], 1, strlen(y{i}[i]) + 1, out);")
        else:
            after.append(f"fwrite(y{i}, sizeof(*y{i}), {size}, out);")
        after.append(f"free(y{i});")
    for i, spec in enumerate(inputs):
        if spec["dtype"] == "string":
            after.append(f"for (int i = 0; i < {_size(given[i])}; ++i)")
            after.append(f"    free((void *)(uintptr_t)x{i}[i]);")
        after.append(f"free(x{i});")
    reset = f"{name}_reset(w[i]);" if manifest.get("states") else ""
    head = HEAD.format(name=name, count=count, sequences=sequences, reset=reset)
    tail = TAIL.format(name=name, sequences=sequences, arguments=", ".join(arguments))
    body = "".join(f"        {line}\n" for line in lines)
    end = "".join(f"        {line}\n" for line in after)
    frees = f"    for (int i = 0; i < {sequences}; ++i)\n        free(w[i]);\n"
    return f"{head}{body}{tail}{end}    }}\n{frees}    return fclose(in) | fclose(out);\n}}\n"


def _size(batch: np.ndarray) -> int:
    """Elements of a sample: one of strings is no array if it is one string."""
    return int(np.prod(batch.shape[1:]))


def _ctype(spec: Mapping[str, str]) -> str:
    if spec["dtype"] == "string":
        return "const char *"
    return CTYPES.get(spec["dtype"], f"{spec['dtype']}_t")


def run(
    files: Mapping[str, str],
    inputs: Sequence[np.ndarray],
    like: Sequence[np.ndarray],
    folder: Path,
    *,
    flags: Sequence[str],
    sequences: int = 1,
    lengths: Sequence[int] = (),
) -> list[np.ndarray]:
    """Builds the files with a main of their own, runs it, and returns the outputs.

    inputs: batches. like: arrays of the outputs' dtypes and shapes.
    Raises AssertionError, with what the program said, if it ends with another code than 0.
    """
    manifest = orjson.loads(next(text for name, text in files.items() if name.endswith(".json")))
    count = len(like[0])
    texts = {**files, "main.c": source(manifest, inputs, like, sequences, lengths)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    sources = [name for name in texts if name.endswith(".c")]
    command = ["cc", *flags, "-o", "program", *sources, "-lm"]
    subprocess.run(command, check=True, cwd=folder)
    (folder / "in").write_bytes(
        b"".join(_bytes(x[i : i + 1]) for i in range(count) for x in inputs)
    )
    result = subprocess.run(
        ["./program", "in", "out"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{result.returncode}: {result.stderr[:3000]}"
    return _outputs((folder / "out").read_bytes(), like)


def _bytes(array: np.ndarray) -> bytes:
    if array.dtype != object:
        return np.ascontiguousarray(array).tobytes()
    words = [word.encode() if isinstance(word, str) else word for word in array.flat]
    return b"".join(np.uint32(len(word) + 1).tobytes() + word + b"\0" for word in words)


def _outputs(data: bytes, like: Sequence[np.ndarray]) -> list[np.ndarray]:
    results = [np.empty_like(array) for array in like]
    for sample in range(len(like[0])):
        for result in results:
            size = _size(result)
            if result.dtype == object:
                *words, data = data.split(b"\0", size)
                result[sample] = np.array([*words, None], object)[:-1].reshape(result.shape[1:])
            else:
                end = size * result.dtype.itemsize
                part = np.frombuffer(data[:end], result.dtype)
                result[sample] = part.reshape(result.shape[1:])
                data = data[end:]
    assert not data
    return results
