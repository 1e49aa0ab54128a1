"""Fourier transforms, frames and spectrograms."""

from __future__ import annotations

from functools import partial

import keras
from keras import ops

from tests.cases._build import function, table


def _complex(length: int) -> keras.Model:
    return function(lambda x, y: list(ops.fft((x, y))), (3, length), (3, length))


table(globals(), {f"of_{length}": partial(_complex, length) for length in (1, 6, 7, 16)})


def of_real_numbers() -> keras.Model:
    return function(
        lambda x: [*ops.rfft(x), *ops.rfft(x, fft_length=5), *ops.rfft(x, fft_length=16)], (3, 7)
    )


def inverse_to_real_numbers() -> keras.Model:
    lengths = (None, 7, 12, 4)
    return function(
        lambda x, y: [ops.irfft((x, y), fft_length=length) for length in lengths], (3, 5), (3, 5)
    )


def of_images() -> keras.Model:
    return function(lambda x, y: [*ops.fft2((x, y)), *ops.ifft2((x, y))], (4, 6), (4, 6))


def frames() -> keras.Model:
    return function(
        lambda x: [
            ops.extract_sequences(x, 5, 2),
            ops.extract_sequences(x, 4, 4),
            ops.extract_sequences(x, 3, 7),
            ops.extract_sequences(x, 18, 1),
        ],
        (23,),
    )


def spectrograms() -> keras.Model:
    return function(
        lambda x: [
            *ops.stft(x, 8, 3, 16),
            *ops.stft(x, 7, 2, 8, window="hamming", center=False),
            *ops.stft(x, 8, 3, 8, window=None),
        ],
        (40,),
    )


def signals_from_spectrograms() -> keras.Model:
    def body(x):
        centered, plain = ops.stft(x, 8, 3, 16), ops.stft(x, 8, 4, 8, center=False)
        return [
            ops.istft(centered, 8, 3, 16),
            ops.istft(plain, 8, 4, 8, center=False, window="hamming"),
            ops.istft(centered, 8, 3, 16, length=30, window=None),
        ]

    return function(body, (40,))


def spectrogram_of_doubles() -> keras.Model:
    return function(lambda x: list(ops.stft(x, 8, 3, 16)), (2, 40), dtype="float64")
