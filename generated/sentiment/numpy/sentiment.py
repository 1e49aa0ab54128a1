"""sentiment: a trained Keras model as NumPy code.

    predict(review) -> score

Inputs, a batch of samples each:
    review: (1,) string
Outputs:
    score: (1,) float32
"""

import numpy as np

# the vocabulary, sorted: (7,)
vectorize_vocabulary = np.array([
    b'', b'a', b'bad', b'caf\xc3\xa9', b'film', b'good', b'not good',
], dtype=object)

# the index of each word: (7,)
vectorize_indices = np.array([0, 6, 4, 7, 2, 3, 5], dtype=np.int64)

# embedding/embeddings: get_weights()[0] of embedding: (8, 2)
embedding_embeddings = np.array([
    [-0.46875, 0.109375],
    [-0.265625, 0.3125],
    [-0.0625, -0.4375],
    [0.140625, -0.234375],
    [0.34375, -0.03125],
    [-0.40625, 0.171875],
    [-0.203125, 0.375],
    [0.0, -0.375],
], dtype=np.float32)

# score/kernel: get_weights()[0] of score: (2, 1)
score_kernel = np.array([
    [-0.296875],
    [0.28125],
], dtype=np.float32)

# score/bias: get_weights()[1] of score: (1,)
score_bias = np.array([-0.125], dtype=np.float32)


def checked_strings(name, samples, shape):
    """The samples as an array of bytes objects, str as UTF-8, or a ValueError that says what is wrong with them."""
    array = np.asarray(samples, dtype=object)
    if array.ndim == 0 or array.shape[1:] != shape:
        sizes = ", ".join(map(str, ("batch", *shape)))
        raise ValueError(f"{name}: expected strings of shape ({sizes}), got shape {array.shape}")
    result = np.empty(array.size, dtype=object)
    for place, text in enumerate(array.flat):
        if not isinstance(text, (str, bytes)):
            raise ValueError(f"{name}: expected strings, got {text!r}")
        result[place] = text.encode() if isinstance(text, str) else text
    return result.reshape(array.shape)


def vectorize_text(x, words, indices, default, size, mode, lower, strip, split, ngrams):
    """What the vocabulary says of the words of each row of texts: (..., texts) -> (..., size).

    mode: "int": the words' indices, cut or filled with zeros; "count": how many words have each index below size;
    "multi_hot": whether one has. lower, strip: whether upper case and punctuation go before the split.
    ngrams: how many words, joined by spaces, are looked up together.
    """
    table = dict(zip(words.tolist(), indices.tolist()))
    punctuation = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~" if strip else b""
    rows = x.reshape(-1, x.shape[-1])
    y = np.zeros((len(rows), size), dtype=np.int64)
    for row, line in zip(rows.tolist(), y):
        texts = [(text.lower() if lower else text).translate(None, punctuation) for text in row]
        if split == "whitespace":
            texts = texts[0].split()
        elif split == "character":
            texts = [letter.encode() for letter in texts[0].decode("utf-8", "replace")]
        runs = [texts[i : i + n] for n in ngrams for i in range(len(texts) - n + 1)]
        found = np.array([table.get(b" ".join(run), default) for run in runs], dtype=np.int64)
        if mode == "int":
            line[: len(found)] = found[:size]
        elif mode == "count":
            np.add.at(line, found[found < size], 1)
        else:
            line[found[found < size]] = 1
    return y.reshape(*x.shape[:-1], size)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(review):
    """The model's outputs for a batch of samples.

    review: (batch, 1) string
    Returns score: (batch, 1) float32
    """
    review = checked_strings("review", review, (1,))

    # vectorize: TextVectorization(ngrams=2, output_sequence_length=8, vocabulary=('film', 'good',
    #     'bad', 'not good', 'a', 'caf\xe9'))
    # y = the indices of the words of x, in runs of 1 and 2: the first 8, then zeros
    # shape: (batch, 8)
    vectorize = vectorize_text(review, vectorize_vocabulary, vectorize_indices, 1, 8, mode="int", lower=True, strip=True, split="whitespace", ngrams=(1, 2))

    # embedding: Embedding(input_dim=8, output_dim=2)
    embedding = embedding_embeddings[vectorize]  # (batch, 8, 2)

    # strongest: GlobalMaxPooling1D(data_format='channels_last')
    strongest = embedding.max(axis=1)  # (batch, 2)

    # score: Dense(units=1, activation='sigmoid')
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    score = strongest @ score_kernel + score_bias
    score = sigmoid(score)  # (batch, 1)

    return score
