"""customer: a trained Keras model as NumPy code.

    predict(age, city, street, plan, visits) -> scores

Inputs, a batch of samples each:
    age: (1,) float32
    city: (1,) string
    street: (1,) string
    plan: (1,) int32
    visits: (5,) int32
Outputs:
    scores: (2,) float32
"""

import numpy as np

# the vocabulary, sorted: (4,)
city_encoding_vocabulary = np.array([
    b'Accra', b'Lima', b'Oslo', b'Z\xc3\xbcrich',
], dtype=object)

# the index of each word: (4,)
city_encoding_indices = np.array([4, 2, 1, 3], dtype=np.int64)

# (1, 3)
street_hash_constant = np.array([
    [0, 1, 2],
], dtype=np.int64)

# (3,)
age_group_constant = np.array([18.0, 30.0, 65.0], dtype=np.float32)

# (1, 4)
age_group_constant_1 = np.array([
    [0, 1, 2, 3],
], dtype=np.int32)

# (1, 3)
plan_encoding_constant = np.array([
    [0, 1, 2],
], dtype=np.int32)

# (1, 5)
city_encoding_constant = np.array([
    [0, 1, 2, 3, 4],
], dtype=np.int64)

# scores/kernel: get_weights()[0] of scores: (19, 2)
scores_kernel = np.array([
    [-0.46875, 0.109375],
    [-0.265625, 0.3125],
    [-0.0625, -0.4375],
    [0.140625, -0.234375],
    [0.34375, -0.03125],
    [-0.40625, 0.171875],
    [-0.203125, 0.375],
    [0.0, -0.375],
    [0.203125, -0.171875],
    [0.40625, 0.03125],
    [-0.34375, 0.234375],
    [-0.140625, 0.4375],
    [0.0625, -0.3125],
    [0.265625, -0.109375],
    [0.46875, 0.09375],
    [-0.28125, 0.296875],
    [-0.078125, -0.453125],
    [0.125, -0.25],
    [0.328125, -0.046875],
], dtype=np.float32)

# scores/bias: get_weights()[1] of scores: (2,)
scores_bias = np.array([-0.296875, 0.28125], dtype=np.float32)


def checked(name, samples, shape, dtype):
    """The samples as an array of this dtype, or a ValueError that says what is wrong with them."""
    array, wanted = np.asarray(samples), np.dtype(dtype)
    if array.dtype == wanted and array.ndim and array.shape[1:] == shape:
        return array
    kinds = {"b": 0, "u": 1, "i": 1, "f": 2}  # integers may become floats, floats not integers
    fits = kinds.get(array.dtype.kind, 3) <= kinds[wanted.kind]
    if not fits or array.ndim == 0 or array.shape[1:] != shape:
        sizes = ", ".join(map(str, ("batch", *shape)))
        found = f"{array.dtype} of shape {array.shape}"
        raise ValueError(f"{name}: expected {wanted} of shape ({sizes}), got {found}")
    result = array.astype(wanted, copy=False)
    if wanted.kind in "iu" and (result != array).any():
        raise ValueError(f"{name}: {wanted} can't hold its largest or smallest number")
    return result


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


def lookup(x, keys, values, default):
    """The value of the key that each x is, or the default; without one an IndexError. The keys are sorted."""
    places = np.minimum(np.searchsorted(keys, x), len(keys) - 1)
    found = keys[places] == x
    if default is None and not found.all():
        raise IndexError(f"not in the vocabulary: {x[~found][0]!r}")
    return np.where(found, values[places], 0 if default is None else np.int64(default))


def hashed(x, function):
    """The function of each string's bytes, or of the decimal digits of each integer."""
    texts = (word if isinstance(word, bytes) else b"%d" % word for word in x.ravel().tolist())
    return np.array([function(text) for text in texts], dtype=np.uint64).reshape(x.shape)


def fingerprint64(x):
    """FarmHash's Fingerprint64 (Pike and Alakuijala, 2014)."""
    k0, k1, k2, bits = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F, 2**64 - 1

    def rotate(x, count):
        x &= bits
        return x >> count | x << (64 - count) & bits

    def fold(x):
        x &= bits
        return x ^ x >> 47

    def mix(u, v, factor):
        a = fold((u ^ v) * factor)
        return fold((v ^ a) * factor) * factor & bits

    def hash_text(s):
        n = len(s)
        factor = k2 + 2 * n & bits

        def load(i, count=8):
            return int.from_bytes(s[i : i + count], "little")

        def absorb(i, a, b):
            z, start = load(i + 24), a + load(i)
            total = start + load(i + 8) + load(i + 16)
            return total + z & bits, rotate(b + start + z, 21) + rotate(total, 44) + start & bits

        if n == 0:
            return k2
        if n < 4:
            y, z = load(0, 1) + (load(n // 2, 1) << 8), n + (load(n - 1, 1) << 2)
            return fold(y * k2 & bits ^ z * k0 & bits) * k2 & bits
        if n < 8:
            return mix(n + (load(0, 4) << 3), load(n - 4, 4), factor)
        if n <= 16:
            a, b = load(0) + k2 & bits, load(n - 8)
            return mix(rotate(b, 37) * factor + a & bits, (rotate(a, 25) + b) * factor & bits, factor)
        if n <= 64:
            a, b = load(0) * (k1 if n <= 32 else k2) & bits, load(8)
            c, d = load(n - 8) * factor & bits, load(n - 16) * k2 & bits
            y = rotate(a + b, 43) + rotate(c, 30) + d & bits
            z = mix(y, a + rotate(b + k2, 18) + c & bits, factor)
            if n <= 32:
                return z
            e, f = load(16) * factor & bits, load(24)
            g, h = (y + load(n - 32)) * factor & bits, (z + load(n - 24)) * factor & bits
            return mix(rotate(e + f, 43) + rotate(g, 30) + h & bits, e + rotate(f + a, 18) + g & bits, factor)
        x, y = 81 * k2 + load(0) & bits, 81 * k1 + 113 & bits
        z = fold(y * k2 + 113) * k2 & bits
        v, w, multiplier, weight = (0, 0), (0, 0), k1, 1
        for i in [*range(0, n - 64, 64), n - 64]:  # the last 64 bytes count more
            if i == n - 64:
                multiplier, weight = k1 + ((z & 255) << 1), 9
                w = (w[0] + (n - 1) % 64, w[1])
                v = (v[0] + w[0], v[1])
                w = (w[0] + v[0], w[1])
            x = rotate(x + y + v[0] + load(i + 8), 37) * multiplier & bits
            y = rotate(y + v[1] + load(i + 48), 42) * multiplier & bits
            x ^= w[1] * weight & bits
            y = y + v[0] * weight + load(i + 40) & bits
            z = rotate(z + w[0], 33) * multiplier & bits
            v = absorb(i, v[1] * multiplier, x + w[0])
            w = absorb(i + 32, z + w[1], y + load(i + 16))
            z, x = x, z
        first = mix(v[0], w[0], multiplier) + fold(y) * k0 + z & bits
        return mix(first, mix(v[1], w[1], multiplier) + x & bits, multiplier)

    return hashed(x, hash_text)


def countable(x, depth, strict):
    """x, where `depth` stands for what is not counted; an IndexError if some is negative, if strict."""
    if strict and (x < 0).any():
        raise IndexError("a number to be counted is negative")
    return np.where(x < 0, depth, np.minimum(x, depth))


def bincount(x, depth, weights, dtype, strict=False):
    """For each number below depth: how often it is in x along the last axis, or the sum of its weights."""
    rows, width = x.reshape(-1, x.shape[-1]), depth
    if rows.view(np.uint32 if x.itemsize == 4 else np.uint64).max(initial=0) >= depth:
        # some are too large or negative, which looks very large without a sign
        rows, width = countable(rows, depth, strict), depth + 1
    places = rows + np.arange(0, len(rows) * width, width)[:, None]  # in one array for all rows
    weights = None if weights is None else weights.ravel()
    counts = np.bincount(places.ravel(), weights, len(rows) * width).astype(dtype)
    return counts.reshape(*x.shape[:-1], width)[..., :depth]


@np.errstate(all="ignore")  # inf and nan pass through in silence, as they do in Keras
def predict(age, city, street, plan, visits):
    """The model's outputs for a batch of samples.

    age: (batch, 1) float32
    city: (batch, 1) string
    street: (batch, 1) string
    plan: (batch, 1) int32
    visits: (batch, 5) int32
    Returns scores: (batch, 2) float32
    """
    age = checked("age", age, (1,), np.float32)
    city = checked_strings("city", city, (1,))
    street = checked_strings("street", street, (1,))
    plan = checked("plan", plan, (1,), np.int32)
    visits = checked("visits", visits, (5,), np.int32)
    batch = len(age)
    if len(city) != batch:
        raise ValueError(f"{batch} samples of age, but {len(city)} of city")
    if len(street) != batch:
        raise ValueError(f"{batch} samples of age, but {len(street)} of street")
    if len(plan) != batch:
        raise ValueError(f"{batch} samples of age, but {len(plan)} of plan")
    if len(visits) != batch:
        raise ValueError(f"{batch} samples of age, but {len(visits)} of visits")

    # city_encoding: StringLookup(vocabulary=('Oslo', 'Lima', 'Z\xfcrich', 'Accra'),
    #     output_mode='one_hot')
    # y = values[i] where keys[i] is x; 0 if there is none
    # shape: (batch, 1)
    city_encoding_lookup = lookup(city, city_encoding_vocabulary, city_encoding_indices, 0)

    # street_hash: Hashing(num_bins=3, output_mode='one_hot')
    street_hash_cast = (fingerprint64(street) % 3).astype(np.int64)  # (batch, 1)
    street_hash = (street_hash_cast == street_hash_constant).astype(np.float32)  # (batch, 3)

    # age_group: Discretization(bin_boundaries=(18, 30, 65), output_mode='one_hot')
    # shape: (batch, 1)
    age_group_search_sorted = np.searchsorted(age_group_constant, age, side="right").astype(np.int32)
    age_group = (age_group_search_sorted == age_group_constant_1).astype(np.float32)  # (batch, 4)

    # plan_encoding: CategoryEncoding(num_tokens=3, output_mode='one_hot')
    plan_encoding = (plan == plan_encoding_constant).astype(np.float32)  # (batch, 3)

    # visit_counts: CategoryEncoding(num_tokens=4, output_mode='count')
    # y[v] = how many of x are v
    visit_counts = bincount(visits, 4, None, np.float32, strict=True)  # (batch, 4)

    # city_encoding: StringLookup(vocabulary=('Oslo', 'Lima', 'Z\xfcrich', 'Accra'),
    #     output_mode='one_hot')
    # joined: Concatenate()
    # shape: (batch, 5)
    joined_cast = ((city_encoding_lookup == city_encoding_constant).astype(np.int64)).astype(np.float32)
    # shape: (batch, 19)
    joined = np.concatenate([joined_cast, street_hash, age_group, plan_encoding, visit_counts], axis=1)

    # scores: Dense(units=2)
    # y[u] = sum over i of x[i] * kernel[i][u] + bias[u]
    scores = joined @ scores_kernel + scores_bias  # (batch, 2)

    return scores
