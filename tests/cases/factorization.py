"""Matrices taken apart."""

from __future__ import annotations

from functools import partial

import keras
from keras import ops

from tests.cases._build import function, table


def _qr(*shape: int) -> keras.Model:
    return function(lambda x: [*ops.qr(x), *ops.qr(x, mode="complete")], shape)


table(
    globals(),
    {
        "qr_of_a_square": partial(_qr, 4, 4),
        "qr_of_a_tall_matrix": partial(_qr, 5, 3),
        "qr_of_a_wide_matrix": partial(_qr, 3, 5),
        "qr_of_a_column": partial(_qr, 4, 1),
    },
)
