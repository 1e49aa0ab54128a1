"""The page of `kgen explain` in a browser: what lights up, what is computed anew, playback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import Input, Model, Sequential, layers, ops

import kgen
from kgen.explanation.page import Page
from kgen.explanation.page_data import FUNCTIONS, KINDS
from kgen.explanation.report import Explanation
from kgen.ir.program import Program
from tests.harness import randomize

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

XOR = Path(__file__).parent.parent / "examples" / "xor.keras"
TABLE = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)


_NOTHING = Program((), ())


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens an explanation's page; in the end no script has failed and nothing was asked for."""
    said: list[str] = []
    contexts = []

    def open_page(found: Any, **settings: Any) -> Any:
        path = tmp_path / "page.html"
        found.to_html(path)
        context = chromium.new_context(**{"viewport": {"width": 1200, "height": 800}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
        page.on("request", lambda r: said.append(r.url) if r.url != path.as_uri() else None)
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def xor() -> tuple[keras.Model, np.ndarray]:
    return keras.saving.load_model(XOR), TABLE


def images() -> tuple[keras.Model, np.ndarray]:
    model = Sequential(
        [
            Input((7, 6, 2), name="image"),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="gelu", name="conv"),
            layers.BatchNormalization(name="bn"),
            layers.DepthwiseConv2D(2, padding="same", name="depthwise"),
            layers.MaxPooling2D(2, padding="same", name="max"),
            layers.AveragePooling2D(2, strides=1, padding="same", name="mean"),
            layers.Flatten(name="flatten"),
            layers.Dense(3, "softmax", name="classes"),
        ],
        name="images",
    )
    randomize(model, 1)
    return model, np.random.default_rng(1).normal(size=(2, 7, 6, 2)).astype(np.float32)


def recurrent() -> tuple[keras.Model, np.ndarray]:
    model = Sequential(
        [
            Input((4, 3), name="sequence"),
            layers.Bidirectional(layers.LSTM(2, return_sequences=True), name="both"),
            layers.GRU(3, name="gru"),
            layers.Dense(2, "silu", name="out"),
        ],
        name="recurrent",
    )
    randomize(model, 2)
    return model, np.random.default_rng(2).normal(size=(2, 4, 3)).astype(np.float32)


def transformer() -> tuple[keras.Model, np.ndarray]:
    ids = Input((5,), dtype="int32", name="ids")
    x = layers.Embedding(9, 4, mask_zero=True, name="embedding")(ids)
    attended = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    x = layers.LayerNormalization(name="norm")(x + attended)
    y = layers.Dense(2, "elu", name="out")(layers.GlobalAveragePooling1D(name="mean")(x))
    model = Model(ids, y, name="transformer")
    randomize(model, 3)
    return model, np.array([[3, 1, 0, 0, 8], [2, 2, 5, 7, 0]], np.int32)


def functions() -> tuple[keras.Model, np.ndarray]:
    """Every scalar function that the page's script has."""
    x = Input((6,), name="x")
    positive, other = ops.abs(x) + 0.5, x - 0.25
    of_x = (
        *("relu", "relu6", "sigmoid", "silu", "softplus", "log_sigmoid", "softsign", "hard_tanh"),
        *("hard_sigmoid", "hard_silu", "elu", "celu", "selu", "gelu", "leaky_relu", "erf", "exp"),
        *("expm1", "sin", "cos", "tanh", "sinh", "cosh", "floor", "ceil", "sign", "square"),
        *("negative", "abs"),
    )
    results = [getattr(ops, name)(x) for name in of_x]
    results += [ops.gelu(x, approximate=False), layers.Activation("mish")(x)]
    results += [getattr(ops, name)(positive) for name in ("log", "log1p", "sqrt", "rsqrt")]
    results += [ops.reciprocal(positive), ops.power(positive, 1.5), x / positive, x * other]
    results += [ops.maximum(x, 0.1), ops.minimum(x, other), ops.where(x > other, x, 0.5)]
    compared = [ops.equal(x, 0.625), ops.not_equal(x, 0.625), ops.less(x, 0), ops.less_equal(x, 0)]
    compared += [ops.greater(x, 0), ops.greater_equal(x, 0), ops.logical_not(ops.greater(x, 0))]
    compared += [ops.logical_and(x > 0, x < 1), ops.logical_or(x > 1, x < 0)]
    results += [ops.cast(one, "float32") for one in compared]
    model = Model(x, ops.concatenate(results, axis=-1), name="functions")
    return model, np.random.default_rng(5).normal(size=(2, 6)).astype(np.float32)


def movements() -> tuple[keras.Model, np.ndarray]:
    """Nodes that move numbers, and reductions."""
    x = Input((4, 5), name="x")
    y = ops.transpose(ops.pad(x, ((0, 0), (1, 0), (2, 1)), constant_values=3), (0, 2, 1))[
        :, 1::2, ::-1
    ]
    y = ops.concatenate([y, y * 2], axis=1) + ops.max(x, axis=(1, 2), keepdims=True)
    y = ops.take(y, np.array([[2, -1], [0, 2]]), axis=2)
    results = [ops.sum(y, axis=3), ops.mean(y, axis=3), ops.min(y, axis=3), ops.prod(y, axis=3)]
    mixed = ops.einsum("bij,bkj->bik", x, layers.RepeatVector(3)(ops.sum(x, axis=1)))
    outputs = [*(ops.reshape(one, (-1, 16)) for one in results), ops.reshape(mixed, (-1, 12))]
    model = Model(x, ops.softmax(ops.concatenate(outputs, axis=1) / 10, axis=1), name="movements")
    return model, np.random.default_rng(6).normal(size=(2, 4, 5)).astype(np.float32)


def cells(page: Any, step: str, matrix: int) -> Any:
    return page.locator(f"{step} .matrix").nth(matrix).locator("td[tabindex]")


@pytest.fixture(scope="module")
def table() -> Explanation:
    return kgen.explain(*xor())


PRODUCT = "#layer-0 [aria-label='product']"


def test_pointing_at_a_number_shows_its_sum(opened: Any, table: Explanation) -> None:
    page = opened(table)
    cells(page, PRODUCT, 2).nth(4 + 2).hover()  # s[1, 2]
    sum_text = page.locator(f"{PRODUCT} .sum").inner_text()
    w = table.layers[0].weights[0].array
    assert sum_text.startswith("s[1, 2] = 0·")
    assert f"= {w[1, 2]:.5g}" in sum_text.replace("−", "-")
    lit = [
        cells(page, PRODUCT, matrix).evaluate_all(
            "all => all.flatMap((td, n) => td.classList.contains('part') ? [n] : [])"
        )
        for matrix in (0, 1)
    ]
    assert lit == [[2, 3], [2, 6]]  # row 1 of x, column 2 of W
    code = page.locator("#layer-0 pre span.hot").all_inner_texts()
    assert code[0].strip().startswith("hidden_dense = inputs @ hidden_kernel")
    assert code[1].strip() == "sum += (double)x[i] * xor_hidden_kernel[i * 4 + u];"


def test_by_keyboard(opened: Any, table: Explanation) -> None:
    page = opened(table)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    cells(page, PRODUCT, 2).first.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert page.locator(f"{PRODUCT} .sum").inner_text().startswith("s[1, 2] = ")
    page.keyboard.press("ArrowUp")
    assert page.locator(f"{PRODUCT} .sum").inner_text().startswith("s[0, 2] = ")


def test_tables_for_screen_readers(opened: Any, table: Explanation) -> None:
    page = opened(table)
    matrix = page.locator(f"{PRODUCT} table").first
    matrix.wait_for()
    assert "inputs (4, 2)" in matrix.locator("caption").inner_text()
    assert matrix.locator("th[scope=col]").count() == 2
    assert matrix.locator("th[scope=row]").count() == 4
    assert page.locator(f"{PRODUCT} .sum").get_attribute("aria-live") == "polite"
    assert page.locator("math").count() >= 8
    names = page.locator(".graph a").evaluate_all("all => all.map(a => a.ariaLabel)")
    assert names == ["inputs ", "hidden Dense", "output Dense"]
    page.locator(".graph a").nth(2).click()
    assert page.evaluate("location.hash") == "#layer-1"


@pytest.mark.parametrize("case", [xor, images, recurrent, transformer, functions, movements])
def test_changed_inputs_are_computed_anew(case: Callable[[], Any], opened: Any) -> None:
    """On the page, in JavaScript, to the same numbers as kgen's own; in every value."""
    model, x = case()
    before = kgen.explain(model, x)
    page = opened(before)
    x = x.copy()
    changed = x.reshape(len(x), -1)[:, -1] if x.ndim < 4 else x[0, 0, :2, 0]
    new = 4 if x.dtype == np.int32 else 0.625
    inputs = page.locator("#input-matrices input")
    place = 1 if x.ndim < 4 else 0
    inputs.nth(place).fill(str(new))
    inputs.nth(place).press("Enter")
    index = (0, 0, 0, 0) if x.ndim == 4 else (0,) * (x.ndim - 1) + (1,)
    assert x[index] != new, changed
    x[index] = new
    after = kgen.explain(model, x)
    ids = Page(after).data.ids
    numbers = page.evaluate(
        "Object.fromEntries([...kgen.values].map(([id, v]) => [id, [...v.data].map(String)]))"
    )
    for value, number in ids.items():
        found = np.array([float(text) for text in numbers[str(number)]])
        wanted = np.asarray(after.value(value), np.float64).ravel()
        np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-6, err_msg=value.name)
    assert "Computed here" in page.locator("#verdict").inner_text()
    page.locator("#reset").click()
    assert page.locator("#verdict").inner_text() == before.verdict


def test_the_script_has_what_the_page_counts_on(opened: Any, table: Explanation) -> None:
    page = opened(table)
    assert set(page.evaluate("Object.keys(kgen.scalar)")) == FUNCTIONS
    assert {*page.evaluate("Object.keys(kgen.element)"), "scan"} == KINDS
    met = set()
    for case in (images, recurrent, transformer, functions, movements):
        for node in kgen.explain(*case()).graph.walk():
            met.add(node.kind)
            met.update(step.function for step in getattr(node, "program", _NOTHING).steps)
    assert met | {"mish"} >= KINDS | FUNCTIONS


def test_receptive_field_and_padding(opened: Any) -> None:
    model, x = images()
    page = opened(kgen.explain(model, x))
    step = "#layer-0 [aria-label='convolution']"
    cells(page, step, 2).first.hover()
    field = page.locator(f"{step} .matrix").first
    assert field.locator("td.part").count() == 9
    assert field.locator("td.pad.part").count() == 3  # the row above
    assert "products with the padding's 0" in page.locator(f"{step} .sum").inner_text()
    pool = "#layer-3 [aria-label='pooling']"
    page.locator("#layer-3").scroll_into_view_if_needed()
    cells(page, pool, 1).first.hover()
    assert page.locator(f"{pool} .matrix").first.locator("td.part").count() == 4
    assert page.locator(f"{pool} .sum").inner_text().startswith("y[0, 0, 0, 0] = max(")


def test_steps_of_time(opened: Any) -> None:
    model, x = recurrent()
    found = kgen.explain(model, x)
    page = opened(found)
    step = "#layer-1 [aria-label='tanh']"
    page.locator(step).first.scroll_into_view_if_needed()
    page.locator(f"{step} td").first.wait_for()
    made = next(one.made[0] for one in found.layers[1].steps if one.title == "tanh")
    for t in (0, 3):
        page.locator("#layer-1 [data-time]").fill(str(t + 1))
        shown = cells(page, step, 1).evaluate_all("all => all.map(td => Number(td.title))")
        np.testing.assert_allclose(shown, made.array[:, t].ravel(), rtol=1e-6)


def test_attention_has_its_scores(opened: Any) -> None:
    model, x = transformer()
    page = opened(kgen.explain(model, x))
    step = "section:has(#title-2) [aria-label='softmax']"
    page.locator(step).scroll_into_view_if_needed()
    page.locator(f"{step} .matrix").nth(1).locator("select").nth(1).select_option("1")
    cells(page, step, 1).nth(1).hover()
    text = page.locator(f"{step} .sum").inner_text()
    assert text.startswith("A[0, 1, 0, 1] = e^")
    assert page.locator(f"{step} .matrix").first.locator("td.part").count() == 5


def test_the_order_in_memory(opened: Any, table: Explanation) -> None:
    page = opened(table)
    page.locator("#layer-0 details.weights > summary").click()
    weight = page.locator("#layer-0 .weight").first
    weight.locator(".strip td").first.wait_for()
    assert "W[i, j] is number i·4 + j" in weight.inner_text()
    weight.locator(".matrix td[tabindex]").nth(4 + 1).hover()
    lit = weight.locator(".strip td").evaluate_all(
        "all => all.flatMap((td, n) => td.classList.contains('part') ? [n] : [])"
    )
    assert lit == [5]
    weight.locator(".strip td").nth(6).hover()
    assert "self" in weight.locator(".matrix td[tabindex]").nth(6).get_attribute("class")


def test_training_is_played_back(opened: Any) -> None:
    keras.utils.set_random_seed(0)
    model = Sequential(
        [Input((2,), name="x"), layers.Dense(3, "tanh", name="hidden"), layers.Dense(1, name="y")],
        name="xor",
    )
    model.compile(optimizer="sgd", loss="mse")
    callback = kgen.ExplainCallback(every=2, input=TABLE)
    targets = np.array([[0], [1], [1], [0]], np.float32)
    model.fit(TABLE, targets, epochs=5, verbose=0, callbacks=[callback])
    assert [frame.epoch for frame in callback.frames] == [0, 2, 4, 5]
    assert callback.frames[0].loss is None
    for frame, wanted in ((callback.frames[-1], model.predict(TABLE, verbose=0)),):
        np.testing.assert_allclose(frame.outputs["y"], wanted, rtol=1e-5)
    assert set(callback.frames[0].outputs) == {"hidden", "y"}
    kernels = [frame.weights["hidden/kernel"] for frame in callback.frames]
    assert not np.array_equal(kernels[0], kernels[1])
    page = opened(callback)
    assert page.locator("#epoch").inner_text().startswith("5, loss ")
    page.locator("#layer-0 details.weights > summary").click()
    page.locator("#layer-0 .weight td").first.wait_for()
    for number, frame in enumerate(callback.frames):
        page.locator("#frame").fill(str(number))
        shown = page.locator("#output-matrices td[tabindex]").evaluate_all(
            "all => all.map(td => Number(td.title))"
        )
        np.testing.assert_allclose(shown, frame.outputs["y"].ravel(), rtol=1e-6)
        shown = page.locator("#layer-0 .weight .matrix td[tabindex]").evaluate_all(
            "all => all.map(td => Number(td.title))"
        )
        hidden = [frame.weights[f"hidden/{own}"].ravel() for own in ("kernel", "bias")]
        np.testing.assert_allclose(shown, np.concatenate(hidden), rtol=1e-6)
    page.locator("#play").click()
    playwright.expect(page.locator("#frame")).to_have_value("0")
    playwright.expect(page.locator("#frame")).to_have_value("3")
    playwright.expect(page.locator("#play")).to_have_text("Play")


def test_dark_narrow_and_printed(opened: Any, table: Explanation) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    light = opened(table, color_scheme="light")
    assert light.evaluate(colour) == "rgb(255, 255, 255)"
    phone = opened(table, color_scheme="dark", viewport={"width": 360, "height": 640})
    assert phone.evaluate(colour) == "rgb(21, 23, 27)"
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    light.emulate_media(media="print", color_scheme="dark")
    assert light.evaluate(colour) == "rgb(255, 255, 255)"
    assert light.locator("nav").is_hidden()
    assert len(light.pdf()) > 10_000
    assert light.locator("[data-step] table").count() >= 12  # all steps are there for print


def test_long_words_do_not_widen_a_phone(opened: Any) -> None:
    pool = layers.GlobalAveragePooling2D(data_format="channels_last", keepdims=True)
    model = Sequential([Input((2, 2, 1)), pool])
    page = opened(kgen.explain(model), viewport={"width": 320, "height": 600}, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_letters_have_low_letters(opened: Any) -> None:
    """Those that Unicode has no subscript for, too."""
    x = Input((2, 3))
    model = Model(x, layers.MultiHeadAttention(1, 2, name="attention")(x, x))
    page = opened(kgen.explain(model))
    page.locator(".layer caption b", has_text="W").first.wait_for()
    shown = page.locator(".layer caption b").evaluate_all("all => all.map((one) => one.innerHTML)")
    assert "W<sub>q</sub>" in shown
    assert not any("_" in letter for letter in shown)


def test_names_are_shown_never_run(opened: Any) -> None:
    name = "<script>alert(1)<img src=x onerror=alert(2)>'\"&amp;</b>".replace("/", "\\")
    model = Model(x := Input((2,), name="a<b>c"), layers.Dense(1, name=name)(x), name="<i>m")
    model(np.zeros((1, 2)))
    page = opened(kgen.explain(model))
    assert name in page.locator("h2").all_inner_texts()
    assert page.locator("img, i").count() == 0
    assert page.locator("script").count() == 2
    frame = kgen.explain(model)._repr_mimebundle_()["text/html"]
    assert frame.count('"') == 8  # four attributes: nothing of the page ends one
    assert "sandbox=" in frame


def test_in_a_notebook(opened: Any, table: Explanation) -> None:
    class Cell:
        """What a notebook makes of a cell's result."""

        def to_html(self, path: Path) -> None:
            path.write_text(f"<!DOCTYPE html>{table._repr_mimebundle_()['text/html']}")

    page = opened(Cell())
    frame = page.frame_locator("iframe")
    frame.locator("#input-matrices input").first.fill("0.5")
    frame.locator("#input-matrices input").first.press("Enter")
    assert "Computed here" in frame.locator("#verdict").inner_text()
    frame.locator(".graph a").nth(2).click()
    playwright.expect(frame.locator("#title-1")).to_be_in_viewport()


def test_what_can_not_be_computed_is_said(opened: Any) -> None:
    x = Input((4,), name="x")
    found = kgen.explain(Model(x, keras.ops.sort(x)))
    page = opened(found)
    assert (
        "can't be changed here: sort computes what the page has no arithmetic for"
        in page.locator("#inputs").inner_text()
    )
    assert page.locator("#input-matrices input").count() == 0


def test_an_index_out_of_range_is_said(opened: Any) -> None:
    model, x = transformer()
    page = opened(kgen.explain(model, x))
    page.locator("#input-matrices input").first.fill("99")
    page.locator("#input-matrices input").first.press("Enter")
    assert "there is no row 99, only 0 to 8" in page.locator("#verdict").inner_text()


@pytest.mark.slow
def test_a_large_model_opens_at_once(opened: Any, tmp_path: Path) -> None:
    found = kgen.explain(keras.applications.MobileNetV2(weights=None))
    assert found.ok
    assert len(found.to_html().encode()) < 5_000_000
    page = opened(found)
    timing = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert timing < 2000
    page.locator("#layer-5 summary").first.click()
    page.locator("#layer-5 [data-step] td").first.wait_for()
