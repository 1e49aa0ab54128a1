"""TextVectorization: text to the indices of its words, or to counts of them."""

from __future__ import annotations

from typing import Any

from keras import ops

from kgen.ir.value import Constant, Value
from kgen.ops.vectorize_text import VectorizeText
from kgen.trace.builder import Builder, UnsupportedError
from kgen.trace.graph_operation import apply
from kgen.trace.lookups import INDICES_NOTE, WORDS_NOTE, has_vocabulary, vocabulary, weighted
from kgen.trace.table import lowers_layer

LOWER = ("lower", "lower_and_strip_punctuation")
STRIP = ("strip_punctuation", "lower_and_strip_punctuation")


@lowers_layer("TextVectorization")
def text_vectorization(layer: Any, inputs: Any) -> Any:
    _check(layer)
    lookup = layer._lookup_layer
    mode, split, ngrams = layer._output_mode, layer._split or "none", tuple(layer._ngrams or (1,))
    one_word = len(inputs.shape) == 1 and split == "none"
    if one_word and (mode, ngrams, layer._output_sequence_length) != ("int", (1,), None):
        raise UnsupportedError(
            "it would count, join or cut the texts of a batch as if they were one sample's words; "
            "give its input an axis of one"
        )
    if len(inputs.shape) == 1:
        inputs = ops.expand_dims(inputs, -1)
    elif split != "none" and inputs.shape[-1] != 1:
        raise UnsupportedError(
            f"the last axis of its input has {inputs.shape[-1]} texts, and it splits one; give it "
            "an input of shape (1,), or split=None"
        )
    if mode == "int":
        size = layer._output_sequence_length or _words_of(inputs.shape[-1], ngrams)
    else:
        size = lookup.max_tokens if lookup.pad_to_max_tokens else lookup.vocabulary_size()
    result = apply(_lowering(layer, split, ngrams, size), inputs)
    if one_word:
        return ops.squeeze(result, -1)
    return weighted(lookup, result) if mode == "tf_idf" else result


def _check(layer: Any) -> None:
    for option in ("standardize", "split"):
        if callable(getattr(layer, f"_{option}")):
            raise UnsupportedError(
                f"its {option} is a Python function, which can't become source; what works is "
                f"{option}=None, or the names of Keras's own, and the rest before the model"
            )
    if layer._ragged or getattr(layer, "_sparse", False):
        raise UnsupportedError("its output is ragged or sparse; set ragged=False, sparse=False")
    if layer._output_mode == "int" and layer._split and layer._output_sequence_length is None:
        raise UnsupportedError(
            "the length of its output depends on the text; set output_sequence_length"
        )
    has_vocabulary(layer._lookup_layer)


def _words_of(texts: int, ngrams: tuple[int, ...]) -> int:
    """How many runs of words there are among unsplit texts."""
    return sum(max(texts - n + 1, 0) for n in ngrams)


def _lowering(layer: Any, split: str, ngrams: tuple[int, ...], size: int) -> Any:
    words, indices, default = vocabulary(layer._lookup_layer)
    mode = "count" if layer._output_mode == "tf_idf" else layer._output_mode

    def lower(builder: Builder, x: Any) -> Value:
        path = builder.origin.path
        return builder.add(
            VectorizeText,
            x=builder.value(x),
            words=Constant.of(f"{path}/vocabulary", words, WORDS_NOTE),
            indices=Constant.of(f"{path}/indices", indices, INDICES_NOTE),
            default=default,
            lower=layer._standardize in LOWER,
            strip=layer._standardize in STRIP,
            split=split,
            ngrams=ngrams,
            size=size,
            mode=mode,
        )

    return lower
