"""IntegerLookup and StringLookup: vocabularies as sorted tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from kgen.ir.program import Arg, Number, Program, Step, Temp
from kgen.ir.value import STRING, Constant, Value
from kgen.ops.elementwise import Elementwise
from kgen.ops.lookup import Lookup
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.graph_operation import apply
from kgen.trace.hashing import bucket
from kgen.trace.preprocessing import encode
from kgen.trace.table import lowers_layer

LONGEST_WORD = 4095
"""C99 compilers need not take longer string literals."""

WORDS_NOTE, INDICES_NOTE = "the vocabulary, sorted", "the index of each word"

DROPPED = np.iinfo(np.int64).max
"""The index of masked words where the indices are counted; no vocabulary is so large."""


@lowers_layer("IntegerLookup", "StringLookup")
def index_lookup(layer: Any, inputs: Any) -> Any:
    has_vocabulary(layer)
    if layer.invert:
        return inverted(layer, inputs)
    return encoded(layer, looked_up(layer, inputs))


def has_vocabulary(layer: Any) -> None:
    """Raises UnsupportedError if the lookup has none."""
    if layer.vocabulary_size() <= layer._token_start_index():
        raise UnsupportedError("it has no vocabulary; call adapt, or pass vocabulary")


def encoded(layer: Any, indices: Any) -> Any:
    """Indices as the lookup's output_mode says."""
    if layer.output_mode == "int":
        return indices
    depth = layer.max_tokens if layer.pad_to_max_tokens else layer.vocabulary_size()
    mode = "count" if layer.output_mode == "tf_idf" else layer.output_mode
    result = encode(layer, indices, mode, depth, "int64")
    return weighted(layer, result) if layer.output_mode == "tf_idf" else result


def weighted(layer: Any, counts: Any) -> Any:
    """Counts of words, each times how much the word says about a document."""
    weights = np.asarray(layer.idf_weights_const)
    return ops.multiply(ops.cast(counts, str(weights.dtype)), weights)


def vocabulary(layer: Any) -> tuple[np.ndarray, np.ndarray, int | None]:
    """(keys, indices, default): the words in order, each one's index, and that of unknown ones
    (None: an error; -1: what depends on the word).

    The mask token is a word with the index that masked words get.
    """
    first = layer._token_start_index()
    tokens = layer.get_vocabulary(include_special_tokens=False)
    table = {_key(layer, token): first + i for i, token in enumerate(tokens)}
    if layer.mask_token is not None:
        masked = 0 if layer.output_mode == "int" else DROPPED
        table[_key(layer, layer.mask_token)] = masked
    keys = sorted(table)
    count = layer.num_oov_indices
    default = {0: None, 1: layer._oov_start_index()}.get(count, -1)
    dtype = object if layer.vocabulary_dtype == STRING else np.int64
    return np.array(keys, dtype), np.array([table[key] for key in keys], np.int64), default


def _key(layer: Any, token: Any) -> Any:
    if layer.vocabulary_dtype != STRING:
        return int(token)
    word = token if isinstance(token, bytes) else str(token).encode()
    if b"\0" in word:
        raise UnsupportedError(
            f"the word {word!r} holds a zero byte, where C strings end; leave it out of the "
            "vocabulary"
        )
    if len(word) > LONGEST_WORD:
        raise UnsupportedError(
            f"a word of its vocabulary has more than {LONGEST_WORD} bytes; use Hashing for such "
            "words"
        )
    return word


def looked_up(layer: Any, inputs: Any) -> Any:
    """The index of each number or word."""
    keys, indices, default = vocabulary(layer)

    def lower(builder: Builder, x: Any) -> Value:
        value = builder.value(x)
        if value.dtype != STRING:
            value = builder.cast(value, "int64")
        path = builder.origin.path
        found = builder.add(
            Lookup,
            x=value,
            keys=Constant.of(f"{path}/vocabulary", keys, WORDS_NOTE),
            values=Constant.of(f"{path}/indices", indices, INDICES_NOTE),
            default=default,
        )
        if default != -1:
            return found
        steps = (
            Step("equal", (Arg(0), Number(-1, "int64")), "bool"),
            Step("where", (Temp(0), Arg(1), Arg(0)), "int64"),
        )
        other = _unknown(builder, layer, value)
        program = Program(("int64", "int64"), steps)
        return builder.add(Elementwise, args=(found, other), program=program)

    return apply(lower, inputs)


def _unknown(builder: Builder, layer: Any, value: Value) -> Value:
    """The index of a word that is not in the vocabulary: one of several, by its hash."""
    count, first = layer.num_oov_indices, layer._oov_start_index()
    if value.dtype != STRING and layer.oov_method != "farmhash":
        place = builder.map("mod", value, count, dtype="int64")
    else:
        place = bucket(builder, value, count, layer.salt)
    return builder.map("add", place, first, dtype="int64") if first else place


def inverted(layer: Any, inputs: Any) -> Any:
    """The word of each index; the out-of-vocabulary token where there is none."""
    tokens = layer.get_vocabulary()
    words = [_key(layer, token) for token in (*tokens, layer.oov_token)]
    dtype = object if layer.vocabulary_dtype == STRING else np.int64

    def lower(builder: Builder, x: Any) -> Value:
        index, size = builder.value(x, "int64"), Number(len(tokens), "int64")
        steps = (
            Step("greater_equal", (Arg(0), Number(0, "int64")), "bool"),
            Step("less", (Arg(0), size), "bool"),
            Step("logical_and", (Temp(0), Temp(1)), "bool"),
            Step("where", (Temp(2), Arg(0), size), "int64"),
        )
        place = builder.add(Elementwise, args=(index,), program=Program(("int64",), steps))
        note = "the vocabulary, then the word for any other index"
        name = f"{builder.origin.path}/vocabulary"
        return builder.gather(Constant.of(name, np.array(words, dtype), note), place, 0)

    return apply(lower, inputs)
