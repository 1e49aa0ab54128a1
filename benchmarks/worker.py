"""A runtime in a process of its own: python -m benchmarks.worker RUNTIME MODEL X Y

Writes the outputs for the inputs in X to Y, and says "ready". Then, for each line "SAMPLES CALLS"
on standard input, answers with a line of SAMPLES times, in nanoseconds per call, each the mean of
CALLS calls after as many untimed ones. benchmarks/timing.c does the same for kgen.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Call = Callable[[], Any]
Result = Callable[[], np.ndarray]


def litert(model: str, x: np.ndarray) -> tuple[Call, Result]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model, num_threads=1)
    interpreter.allocate_tensors()
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.set_tensor(given["index"], x.reshape(given["shape"]))
    return interpreter.invoke, lambda: interpreter.get_tensor(made["index"])


def onnxruntime(model: str, x: np.ndarray) -> tuple[Call, Result]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (given,), (made,) = session.get_inputs(), session.get_outputs()
    binding = session.io_binding()
    binding.bind_cpu_input(given.name, x.reshape(given.shape))
    binding.bind_output(made.name)
    return lambda: session.run_with_iobinding(binding), lambda: binding.copy_outputs_to_cpu()[0]


def openvino(model: str, x: np.ndarray) -> tuple[Call, Result]:
    import openvino

    settings = {
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,  # the benchmark does
    }
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()
    request.set_input_tensor(0, openvino.Tensor(x.reshape(tuple(compiled.inputs[0].shape))))
    return request.infer, lambda: request.get_output_tensor(0).data


RUNTIMES = {"litert": litert, "onnxruntime": onnxruntime, "openvino": openvino}


def main(runtime: str, model: str, x: str, y: str) -> None:
    call, result = RUNTIMES[runtime](model, np.fromfile(x, np.float32))
    call()
    Path(y).write_bytes(np.asarray(result(), np.float32).tobytes())
    print("ready", flush=True)
    for line in sys.stdin:
        samples, calls = map(int, line.split())
        for _ in range(calls):
            call()
        times = []
        for _ in range(samples):
            start = time.perf_counter_ns()
            for _ in range(calls):
                call()
            times.append((time.perf_counter_ns() - start) / calls)
        print(*times, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
