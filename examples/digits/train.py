"""A small network that reads digits: trained on scikit-learn's, which need no download.

    pip install scikit-learn
    python train.py

writes digits.keras. Its images are 8 x 8 numbers from 0 to 16: of a drawing on 32 x 32 points, how
many are black in each block of 4 x 4. strokes.mjs makes the same of what the mouse draws.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

HERE = Path(__file__).parent
TEST = 360
"""How many of the images are kept for the test."""


def network() -> keras.Model:
    """Layers that only training needs are nothing in the C."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            layers.Rescaling(1 / 16, name="scale"),
            layers.RandomTranslation(0.08, 0.08, fill_mode="constant", name="shifted"),
            layers.RandomRotation(0.03, fill_mode="constant", name="turned"),
            layers.RandomZoom(0.08, 0.08, fill_mode="constant", name="stretched"),
            layers.Conv2D(16, 3, padding="same", activation="relu", name="edges"),
            layers.Conv2D(32, 3, padding="same", activation="relu", name="corners"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(48, 3, padding="same", activation="relu", name="shapes"),
            layers.MaxPooling2D(2, name="pool_again"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits",
    )


def data() -> tuple[np.ndarray, np.ndarray]:
    """Images and digits, in random order: the first TEST are for the test."""
    images, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    return images.reshape(-1, 8, 8, 1).astype(np.float32)[order], digits[order]


def accuracy(model: keras.Model) -> float:
    """The share of right answers for images that it was not trained on."""
    images, digits = data()
    found = model.predict(images[:TEST], verbose=0).argmax(axis=1)
    return float((found == digits[:TEST]).mean())


def write(path: Path, epochs: int) -> float:
    """Trains a network, writes it to a file, and returns its accuracy."""
    keras.utils.set_random_seed(0)
    images, digits = (array[TEST:] for array in data())
    model = network()
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * -(-len(images) // 64))
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(images, digits, batch_size=64, epochs=epochs, verbose=0)
    fresh = network()  # without what training remembers
    for layer, taught in zip(fresh.layers, model.layers, strict=True):
        if layer.trainable_weights:
            layer.set_weights(taught.get_weights())
    fresh.save(path)
    return accuracy(fresh)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--out", type=Path, default=HERE / "digits.keras")
    arguments = parser.parse_args()
    right = write(arguments.out, arguments.epochs)
    print(f"{right:.1%} of {TEST} images that it never saw are read right")


if __name__ == "__main__":
    main()
