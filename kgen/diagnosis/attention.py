"""Recipes of attention, and of the products with three-dimensional kernels that it is made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgen.diagnosis.affine import activation_step, first_input
from kgen.diagnosis.formula import Formula
from kgen.diagnosis.recipe import (
    Choice,
    Mistake,
    Option,
    Part,
    Picks,
    Recipe,
    Step,
    double,
    formula_step,
)
from kgen.diagnosis.registry import recipe
from kgen.trace.calls import Call

HEAD = " of head {}"


@recipe("EinsumDense")
def einsum_dense(call: Call) -> Recipe | None:
    kernel, bias = call.weight("kernel"), call.weight("bias")
    equation = str(call.config.get("equation", ""))
    if kernel is None or not equation:
        return None
    names = {"W": double(kernel)}
    options = [Option(Formula(f"np.einsum('{equation}', {{z}}, W)", names))]
    for other, says in _kernels(double(kernel)):
        fix = f"W = {{layer}}.get_weights()[0]  # shape {kernel.shape}, as it is"
        mistake = Mistake("kernel reshaped", says, fix)
        options.append(Option(Formula(f"np.einsum('{equation}', {{z}}, W)", {"W": other}), mistake))
    steps = [first_input(), formula_step("product", *options)]
    if bias is not None:
        names = {"b": double(bias)}
        wrong = [("{z}", "bias left out", "the bias is left out")]
        wrong.append(("{z} + 2 * b", "bias added twice", "the bias is added twice"))
        others = [Option(Formula(text, names), Mistake(key, says)) for text, key, says in wrong]
        steps.append(formula_step("pre-activation", Option(Formula("{z} + b", names)), *others))
    return Recipe(call, (*steps, activation_step(call)), {"W": 0, "b": 1})


def _kernels(kernel: np.ndarray) -> list[tuple[np.ndarray, str]]:
    """A kernel (inputs, heads, size), or (heads, size, outputs), with its heads split wrongly."""
    if kernel.ndim != 3 or min(kernel.shape) < 2:
        return []
    a, b, c = kernel.shape
    inner = np.swapaxes(kernel.reshape(a, c, b), 1, 2)
    outer = np.swapaxes(kernel.reshape(b, a, c), 0, 1)
    says = "heads are split on the wrong axis: the kernel was reshaped to {}, then transposed"
    return [
        (inner, says.format((a, c, b))),
        (outer, says.format((b, a, c))),
    ]


@recipe("MultiHeadAttention")
def multi_head_attention(call: Call) -> Recipe | None:
    """x of shape (samples, steps, features); heads are the last axis but one of the kernels."""
    names = ("query", "key", "value", "attention_output")
    kernels = {name: call.weight(f"{name}/kernel") for name in names}
    if any(kernel is None or kernel.ndim != 3 for kernel in kernels.values()):
        return None
    if any(x.ndim != 3 for x in call.inputs) or "attention_mask" in call.arguments:
        return None
    weights = {name: double(kernel) for name, kernel in kernels.items() if kernel is not None}
    biases = {name: double(b) for name in names if (b := call.weight(f"{name}/bias")) is not None}
    causal = bool(call.arguments.get("use_causal_mask"))

    def attend(inputs: tuple[np.ndarray, ...], picks: Picks) -> tuple[np.ndarray, list[Part]]:
        """The output, and the values on the way; those of heads have the heads in front."""
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        given = {"query": query, "key": key, "value": value}
        q, k, v = (
            picks["split"](x, weights[name], picks["bias"].get(name, 0))
            for name, x in given.items()
        )
        if picks["exchanged"]:
            q, k = k, q
        products = np.einsum("nqhd,nkhd->nhqk", q, k)
        scores = masked = products * picks["scale"]
        if picks["causal"]:
            later = np.triu(np.ones(scores.shape[-2:], bool), 1)
            masked = np.where(later, -1e9, scores)
        weight = np.exp(masked - masked.max(axis=picks["axis"], keepdims=True))
        weight = weight / weight.sum(axis=picks["axis"], keepdims=True)
        context = np.einsum("nhqk,nkhd->nqhd", weight, v)
        out = picks["join"](context, weights["attention_output"])
        whole = np.asarray(out + picks["bias"].get("attention_output", 0))
        heads = {"the query": q, "the key": k, "the value": v, "the sums of values": context}
        found = [Part(name, np.swapaxes(one, 1, 2), 1, HEAD, 0) for name, one in heads.items()]
        found.append(Part("the sums of values", context))
        tables = {"the products of query and key": products, "the scores": scores}
        tables |= {"the masked scores": masked} if picks["causal"] else {}
        tables["the weights of attention"] = weight
        return whole, [*found, *(Part(name, one, 1, HEAD, 0) for name, one in tables.items())]

    def run(inputs: tuple[np.ndarray, ...], picks: Picks) -> np.ndarray:
        return attend(inputs, picks)[0]

    def parts(inputs: tuple[np.ndarray, ...], picks: Picks) -> list[Part]:
        return attend(inputs, picks)[1]

    features, _, size = weights["query"].shape
    choices = (
        _scale(size, features),
        _axis(),
        _split(weights["query"].shape),
        _join(weights["attention_output"].shape),
        _biases(biases),
        _causal(causal),
        _exchanged(),
    )
    inner = int(weights["query"].shape[1]) * _scores(call)
    return Recipe(call, (Step("output", choices, run, parts=parts),), inner=inner)


def _scores(call: Call) -> int:
    """How many numbers a head's scores are, those that are masked and their softmax."""
    query, value = call.inputs[:2]
    return int(4 * len(query) * query.shape[-2] * value.shape[-2])


def _scale(size: int, features: int) -> Choice:
    fix = f"scores = q @ k.T / np.sqrt({size})  # the size of a head"
    options = [Option(1 / np.sqrt(size))]
    for scale, says in (
        (1.0, f"the scores are not divided by sqrt({size}), the root of the size of a head"),
        (1 / np.sqrt(features), f"the scores are divided by sqrt({features}), of all features"),
        (1 / size, f"the scores are divided by {size}, not by its root"),
    ):
        if all(not np.isclose(scale, option.value) for option in options):
            options.append(Option(scale, Mistake("scale of attention", says, fix)))
    return Choice("scale", tuple(options))


def _axis() -> Choice:
    fix = "weights = softmax(scores, axis=-1)  # scores: (samples, heads, queries, keys)"
    says = "softmax of the scores is taken over the queries, not over the keys"
    heads = "softmax of the scores is taken over the heads, not over the keys"
    return Choice(
        "axis",
        (
            Option(-1),
            Option(-2, Mistake("softmax axis", says, fix)),
            Option(1, Mistake("softmax axis", heads, fix)),
            Option((-2, -1), Mistake("softmax axis", "softmax is taken over a whole head", fix)),
        ),
    )


def _split(shape: tuple[int, ...]) -> Choice:
    features, heads, size = shape

    def right(x: np.ndarray, kernel: np.ndarray, bias: Any) -> np.ndarray:
        return np.asarray(np.einsum("ntf,fhd->nthd", x, kernel) + bias)

    def flat(x: np.ndarray, kernel: np.ndarray, bias: Any) -> np.ndarray:
        made = right(x, kernel, bias)
        return made.reshape(*made.shape[:2], -1)

    def size_first(x: np.ndarray, kernel: np.ndarray, bias: Any) -> np.ndarray:
        made = flat(x, kernel, bias)
        return np.swapaxes(made.reshape(*made.shape[:2], -1, kernel.shape[1]), 2, 3)

    def no_transposition(x: np.ndarray, kernel: np.ndarray, bias: Any) -> np.ndarray:
        made = flat(x, kernel, bias)
        samples, steps, _ = made.shape
        return np.swapaxes(made.reshape(samples, kernel.shape[1], steps, -1), 1, 2)

    fix = (
        f"q = (x @ W.reshape({features}, {heads * size})).reshape(samples, steps, {heads}, {size})"
    )
    first = f"heads are split on the wrong axis: as ({size}, {heads}) instead of ({heads}, {size})"
    reshaped = (
        "heads are split on the wrong axis: reshaped to (samples, heads, steps, size), where steps "
        "and heads are to be transposed"
    )
    wrong = [(no_transposition, reshaped), *([(size_first, first)] if heads != 1 else [])]
    options = [Option(f, Mistake("heads split", says, fix)) for f, says in wrong]
    return Choice("split", (Option(right), *(options if heads > 1 else [])))


def _join(shape: tuple[int, ...]) -> Choice:
    heads, size, _ = shape

    def right(context: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        return np.asarray(np.einsum("nqhd,hdf->nqf", context, kernel))

    def heads_first(context: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        samples, steps = context.shape[:2]
        joined = np.moveaxis(context, 2, 1).reshape(samples, steps, -1)
        return np.asarray(joined @ kernel.reshape(heads * size, -1))

    def size_first(context: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        samples, steps = context.shape[:2]
        joined = np.swapaxes(context, 2, 3).reshape(samples, steps, -1)
        return np.asarray(joined @ kernel.reshape(heads * size, -1))

    if heads == 1:
        return Choice("join", (Option(right),))
    fix = f"context.reshape(samples, steps, {heads * size})  # from (samples, steps, heads, size)"
    says = "heads are joined on the wrong axis: (samples, heads, steps, size) was reshaped"
    other = "heads are joined on the wrong axis: the numbers of a head are not side by side"
    return Choice(
        "join",
        (
            Option(right),
            Option(heads_first, Mistake("heads split", says, fix)),
            Option(size_first, Mistake("heads split", other, fix)),
        ),
    )


def _biases(biases: dict[str, np.ndarray]) -> Choice:
    options = [Option(biases)]
    fix = "# get_weights(): query kernel, bias; key kernel, bias; value kernel, bias; output ones"
    if biases:
        mistake = Mistake("bias left out", "the biases are left out", fix)
        options.append(Option({}, mistake))
    for left_out in biases:
        rest = {name: bias for name, bias in biases.items() if name != left_out}
        mistake = Mistake("bias left out", f"the bias of {left_out!r} is left out", fix)
        options.append(Option(rest, mistake))
    return Choice("bias", tuple(options))


def _causal(causal: bool) -> Choice:
    says = "the causal mask is left out" if causal else "a causal mask is applied"
    fix = "scores[..., np.triu(np.ones((queries, keys), bool), 1)] = -np.inf"
    mistake = Mistake("mask ignored" if causal else "mask applied", says, fix)
    return Choice("causal", (Option(causal), Option(not causal, mistake)))


def _exchanged() -> Choice:
    fix = "scores = q @ k.T  # a row for each query"
    mistake = Mistake("query and key exchanged", "query and key are exchanged", fix)
    return Choice("exchanged", (Option(False), Option(True, mistake)))


@recipe("Attention")
def attention(call: Call) -> Recipe | None:
    """Attention without weights: Keras divides by no root here."""
    if call.config.get("score_mode", "dot") != "dot" or call.weights or len(call.inputs) < 2:
        return None
    size = call.inputs[0].shape[-1]

    def attend(inputs: tuple[np.ndarray, ...], picks: Picks) -> tuple[np.ndarray, list[Part]]:
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        scores = query @ np.swapaxes(key, -1, -2) * picks["scale"]
        weight = np.exp(scores - scores.max(axis=picks["axis"], keepdims=True))
        weight = weight / weight.sum(axis=picks["axis"], keepdims=True)
        parts = [Part("the scores", scores), Part("the weights of attention", weight)]
        return np.asarray(weight @ value), parts

    says = f"the scores are divided by sqrt({size}), which keras.layers.Attention does not do"
    fix = "scores = query @ key.T  # without 1 / sqrt(size)"
    scale = (Option(1.0), Option(1 / np.sqrt(size), Mistake("scale of attention", says, fix)))
    over = "softmax of the scores is taken over the queries, not over the keys"
    axes = (Option(-1), Option(-2, Mistake("softmax axis", over, "softmax(scores, axis=-1)")))
    choices = (Choice("scale", scale), Choice("axis", axes))

    def run(inputs: tuple[np.ndarray, ...], picks: Picks) -> np.ndarray:
        return attend(inputs, picks)[0]

    def parts(inputs: tuple[np.ndarray, ...], picks: Picks) -> list[Part]:
        return attend(inputs, picks)[1]

    step = Step("output", choices, run, parts=parts)
    return Recipe(call, (step,), inner=_scores(call))
