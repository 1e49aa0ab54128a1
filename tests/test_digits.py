"""examples/digits: the page in a browser, drawn on with the mouse, a finger and the keyboard."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import kgen
from tests.test_examples import EXAMPLES, commands
from tests.test_packages import needs_wasm, sh

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

# A hand's strokes, in a field of 100 by 100.
DIGITS: dict[int, list[list[tuple[float, float]]]] = {
    0: [[(50, 10), (25, 25), (22, 60), (35, 88), (60, 88), (77, 60), (72, 25), (50, 10)]],
    1: [[(35, 28), (55, 10), (55, 90)]],
    2: [[(26, 30), (40, 12), (62, 12), (74, 30), (60, 55), (25, 90), (78, 90)]],
    4: [[(60, 10), (22, 62), (80, 62)], [(62, 35), (62, 92)]],
    6: [[(62, 8), (35, 40), (28, 68), (40, 90), (62, 88), (70, 70), (55, 55), (30, 65)]],
    7: [[(24, 12), (76, 12), (45, 90)]],
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The example, built as its README says, on a server of its own."""
    folder = tmp_path_factory.mktemp("digits") / "digits"
    shutil.copytree(EXAMPLES / "digits", folder)
    export, build, _serve = commands(folder / "README.md")
    assert export == "kgen export digits.keras --package wasm -o model"
    kgen.export(folder / "digits.keras", package="wasm", out=folder / "model", check=False)
    sh(build, folder, CC="clang-19")
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def opened(chromium: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens the page; in the end no script has failed, and it asked nobody else for anything."""
    said: list[str] = []
    contexts = []

    def open_page(**settings: Any) -> Any:
        context = chromium.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("request", lambda r: said.append(r.url) if not r.url.startswith(address) else None)
        page.goto(address)
        # Not wait_for_function: it polls with eval, which the page's security policy forbids.
        playwright.expect(page.locator("#status")).to_contain_text("ready")
        page.on("request", lambda r: said.append(f"after loading: {r.url}"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def shares(page: Any) -> list[float]:
    """The probabilities that the bars show, in percent."""
    return [float(x.removesuffix("%")) for x in page.locator(".share").all_text_contents()]


def on_canvas(page: Any) -> Callable[[float, float], tuple[float, float]]:
    """A function from the field of 100 by 100 to the page."""
    box = page.locator("#drawing").bounding_box()
    return lambda x, y: (
        box["x"] + x / 100 * box["width"],
        box["y"] + y / 100 * box["height"],
    )


def draw(page: Any, digit: int) -> None:
    place = on_canvas(page)
    for (x, y), *others in DIGITS[digit]:
        page.mouse.move(*place(x, y))
        page.mouse.down()
        for point in others:
            page.mouse.move(*place(*point), steps=4)
        page.mouse.up()


@needs_wasm
def test_the_mouse(opened: Callable[..., Any]) -> None:
    """Digits that are drawn are read; the bars are probabilities; what is undone is gone."""
    page = opened()
    answer = page.locator("#answer")
    playwright.expect(answer).to_have_text("nothing yet")
    for digit in DIGITS:
        draw(page, digit)
        playwright.expect(answer).to_have_text(str(digit))
        found = shares(page)
        assert np.argmax(found) == digit
        assert abs(sum(found) - 100) < 0.6
        widths = page.eval_on_selector_all(".bar", "bars => bars.map(bar => bar.style.width)")
        np.testing.assert_allclose([float(w.removesuffix("%")) for w in widths], found)
        page.get_by_role("button", name="Clear").click()
        playwright.expect(answer).to_have_text("nothing yet")
    draw(page, 4)
    page.get_by_role("button", name="Undo").click()
    playwright.expect(answer).not_to_have_text("4")
    page.get_by_role("button", name="Undo").click()
    playwright.expect(answer).to_have_text("nothing yet")


@needs_wasm
def test_the_page_says_what_keras_says(opened: Callable[..., Any]) -> None:
    page = opened()
    draw(page, 2)
    image = page.evaluate(
        "async strokes => [...(await import('./strokes.mjs')).imageOf(strokes)]",
        [[{"x": x, "y": y} for x, y in stroke] for stroke in DIGITS[2]],
    )
    model = keras.saving.load_model(EXAMPLES / "digits" / "digits.keras")
    expected = model.predict(np.reshape(np.array(image, np.float32), (1, 8, 8, 1)), verbose=0)
    np.testing.assert_allclose(shares(page), 100 * expected[0], atol=2)  # the mouse is on pixels


@needs_wasm
def test_a_finger(opened: Callable[..., Any]) -> None:
    page = opened(has_touch=True, viewport={"width": 360, "height": 740}, is_mobile=True)
    place = on_canvas(page)
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        places = [dict(zip("xy", place(*point), strict=True)) for point in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    for first, *others in DIGITS[1]:
        send("touchStart", first)
        for point in others:
            send("touchMove", point)
        send("touchEnd")
    playwright.expect(page.locator("#answer")).to_have_text("1")
    assert page.evaluate("scrollX") == page.evaluate("scrollY") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@needs_wasm
def test_the_keyboard(opened: Callable[..., Any]) -> None:
    """All can be reached by Tab; a one is a line from top to bottom."""
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "drawing"
    for key in (*["ArrowUp"] * 12, "Space", *["ArrowDown"] * 24, "Space", "ArrowRight"):
        page.keyboard.press(key)
    playwright.expect(page.locator("#answer")).to_have_text("1")
    page.keyboard.press("Backspace")
    playwright.expect(page.locator("#answer")).to_have_text("nothing yet")
    for name in ("undo", "clear"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == name


@pytest.mark.slow
def test_training(tmp_path: Path) -> None:
    """A few epochs of what wrote digits.keras read most digits."""
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    path = EXAMPLES / "digits" / "train.py"
    spec = importlib.util.spec_from_file_location("digits_train", path)
    assert spec is not None
    assert spec.loader is not None
    train = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(train)
    train.write(tmp_path / "digits.keras", epochs=8)
    loaded = keras.saving.load_model(tmp_path / "digits.keras")
    committed = keras.saving.load_model(EXAMPLES / "digits" / "digits.keras")
    assert loaded.get_config()["layers"] == committed.get_config()["layers"]
    assert train.accuracy(loaded) > 0.8
    assert train.accuracy(committed) > 0.98
