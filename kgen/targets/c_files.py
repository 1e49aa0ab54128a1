"""The C target's files, from its templates."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial

import jinja2

from kgen.ir.node import Node
from kgen.ir.value import STRING
from kgen.options import LITERAL
from kgen.plan import Plan
from kgen.render.environment import environment
from kgen.render.write import Files
from kgen.targets.c import CModel
from kgen.targets.c_block import CBlock
from kgen.targets.c_errors import errors
from kgen.targets.c_fast import FastOp
from kgen.targets.c_op import COp
from kgen.targets.c_quick import MARK, quick_text
from kgen.targets.c_scalar import ScalarType
from kgen.targets.c_shared import DEFINED, shared
from kgen.targets.c_variants import VARIANTS
from kgen.targets.c_vectors import helpers

OF_STRING_H = re.compile(r"\b(?:mem|str)[a-z]+\(")
"""A call of a function of string.h."""


def files(model: CModel, block: CBlock | None = None) -> Files:
    """The C sources, and the weights' bytes: {file name: text}.

    block: what NAME_predict_batch runs for several samples at once, if anything.
    """
    env = environment("c")
    prefix = model.prefix
    body = source(model, block)
    result: Files = {
        f"{prefix}.h": env.get_template("model.h.j2").render(
            model=model, block=block, errors=errors(model), variants=VARIANTS
        ),
        f"{prefix}.c": body,
    }
    if model.form.dispatch:
        for one in VARIANTS:
            text = env.get_template("variant.c.j2").render(model=model, variant=one)
            result[f"{prefix}_{one.name}.c"] = text
    template = env.get_template("load.c.j2" if model.loads else "weights.c.j2")
    for file, constants in zip(model.weight_file_names, model.weight_files(), strict=True):
        result[file] = template.render(model=model, constants=constants)
    if model.blob:
        result[model.blob_name] = model.blob.data
    return result


def source(model: CModel, block: CBlock | None = None) -> str:
    """NAME.c."""
    env, prefix = environment("c"), model.prefix
    texts = [_op_text(env, op) for op in model.ops]
    block_texts = [_op_text(env, op) for op in block.ops] if block else []
    functions = _function_texts(model)
    vectors = helpers(prefix, texts + block_texts) if model.style == "fast" else []
    if vectors:  # with their macros
        texts = shared(model.ops, texts, model.upper, model.ctype)
        block_texts = shared(block.ops, block_texts, model.upper, model.ctype) if block else []
    rounds = any(
        function.startswith(("round_", "from_float", MARK)) for function, _ in model.used_functions
    )
    render = partial(
        env.get_template("model.c.j2").render,
        model=model,
        block=block,
        texts=texts,
        block_texts=block_texts,
        functions=functions,
        vectors=vectors,
        precise=bool(vectors) or rounds,
        variants=VARIANTS,
    )
    text = render(includes_string=True)
    return text if OF_STRING_H.search(text) else render(includes_string=False)


def clashing(model: CModel, block: CBlock | None, text: str) -> list[str]:
    """Given:   NAME.c, in which a step's function has parts that are called after it: dense_tile
    Result:  what steps may not be called, behind the prefix, since something else has the name too
    """
    start = len(model.prefix) + 1
    functions = [op.function[start:] for one in (model, block) if one for op in one.ops]
    there = Counter(name[start:] for name in DEFINED.findall(text))
    there.update(model.names[constant][start:] for constant in model.plan.graph.constants)
    result = []
    for name in there.keys() - set(model.own_names):
        of = [one for one in functions if f"{name}_".startswith(f"{one}_")]
        if there[name] > 1 and of:
            result.append(max(of, key=len))
    return sorted(set(result))


def _function_texts(model: CModel) -> list[str]:
    """The definitions of the scalar functions that the code needs."""
    used = model.used_functions
    quick = [function for function, _ in used if function.startswith(MARK)]
    texts = [_function_text(model, name, dtype) for name, dtype in used if name not in quick]
    return [*texts, quick_text(model.expressions, model.prefix, quick)] if quick else texts


def _function_text(model: CModel, function: str, dtype: str) -> str:
    scalar = ScalarType(dtype, model._function_name(function, STRING))
    macro = getattr(model.expressions.functions, function)
    return str(macro(model._function_name(function, dtype), scalar))


def functions(plan: Plan, *, prefix: str) -> dict[Node, str]:
    """The readable function of each node that has one: views of memory have none."""
    env = environment("c")
    model = CModel(plan, prefix, LITERAL, plan.graph.name, "readable")
    return {op.node: _op_text(env, op) for op in model.ops}


def _op_text(env: jinja2.Environment, op: COp) -> str:
    """The op's function: the style's own template, or the readable one."""
    names = [f"ops/{op.node.kind}.c.j2"]
    if isinstance(op, FastOp) and op.on_vectors:
        names.insert(0, f"fast/{op.node.kind}.c.j2")
    template = env.select_template(names)
    return op.with_lengths(str(template.render(op=op)))
