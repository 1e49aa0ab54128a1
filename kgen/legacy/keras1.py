"""The words of Keras 1, in those of Keras 2."""

from __future__ import annotations

from typing import Any

from kgen.errors import ExportError

Entry = dict[str, Any]

CLASSES = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense",
}

SETTINGS = {
    "output_dim": "units",
    "nb_filter": "filters",
    "filter_length": "kernel_size",
    "border_mode": "padding",
    "subsample": "strides",
    "subsample_length": "strides",
    "atrous_rate": "dilation_rate",
    "dim_ordering": "data_format",
    "bias": "use_bias",
    "pool_length": "pool_size",
    "stride": "strides",
    "p": "rate",
    "inner_activation": "recurrent_activation",
    "length": "size",
}

DATA_FORMATS = {"tf": "channels_last", "th": "channels_first"}

MERGES = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
    "dot": "Dot",
}

FORGOTTEN = (
    *("init", "inner_init", "forget_bias_init", "beta_init", "gamma_init"),
    *("dropout", "dropout_W", "dropout_U", "weights", "consume_less", "input_dim", "arguments"),
)
"""Settings of training, or of how to compute."""


def words_of_keras_2(entry: Entry) -> Entry:
    """Given:   {"class_name": "Convolution2D", "config": {"nb_filter": 8, "nb_row": 3, ...}}
    Result:  {"class_name": "Conv2D", "config": {"filters": 8, "kernel_size": [3, 5], ...}}"""
    name, config = entry["class_name"], entry["config"]
    if not isinstance(config, dict) or "layers" in config:
        return entry
    if name == "Merge":
        return _merge(entry)
    if config.get("mode", 0) not in (0, None) and name == "BatchNormalization":
        raise ExportError(
            f"Layer {config.get('name')!r} normalises with mode={config['mode']}, which needs the "
            "batch; what works is mode=0."
        )
    table = {
        key: value
        for key, value in SETTINGS.items()
        # An Embedding's sizes kept their names.
        if not (name == "Embedding" and key == "output_dim")
    }
    ends = ("_regularizer", "_constraint")
    kept = {
        table.get(key, key): value
        for key, value in config.items()
        if (key == "input_dim" and name == "Embedding")
        or (key not in (*FORGOTTEN, "mode", "nb_row", "nb_col") and not key.endswith(ends))
    }
    if "nb_row" in config:
        kept["kernel_size"] = [config["nb_row"], config["nb_col"]]
    if "data_format" in kept:
        kept["data_format"] = DATA_FORMATS.get(kept["data_format"], kept["data_format"])
    return {**entry, "class_name": CLASSES.get(name, name), "config": kept}


def _merge(entry: Entry) -> Entry:
    config = entry["config"]
    mode = config.get("mode")
    if mode not in MERGES or config.get("layers"):
        raise ExportError(
            f"Layer {config.get('name')!r} is a Merge with mode={mode!r}, which Keras 3 does not "
            "have; build the model anew in Keras 3 and export that."
        )
    kept = {"name": config["name"]}
    if mode == "concat":
        kept["axis"] = config.get("concat_axis", -1)
    elif mode == "dot":
        kept["axes"] = config["dot_axes"]
    return {**entry, "class_name": MERGES[mode], "config": kept}
