"""On a processor without AVX the engine starts, and computes the bits of `THALWEG_ISA=baseline`.

By hand:

    qemu-x86_64 -cpu Nehalem python -c "import thalweg; print(thalweg.core.get_instruction_set())"
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from thalweg.core.backends.native import extension

EMULATOR = shutil.which("qemu-x86_64")
# The oldest processor that NumPy's wheels run on. tests/native/build.py --old goes further back.
PROCESSOR = "Nehalem"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(extension is None, reason="the engine is not built here"),
    pytest.mark.skipif(
        extension is not None and "baseline" not in extension.usable_isas(),
        reason="this is no x86 processor",
    ),
]

# Two steps of a network like LeNet; the data are made by integers, so that NumPy's own choice of
# instructions has no say in them.
CODE = """
import hashlib
import numpy as np
import thalweg.core as core

def numbers(*shape):
    n = np.arange(np.prod(shape), dtype=np.int64) * 2654435761 % 2003 - 1001
    return (n.astype(np.float32) / np.float32(8192)).reshape(shape)

x = core.placeholder("float32", [8, 28, 28, 1])
labels = core.placeholder("int64", [8])
weights = [core.Variable(numbers(*s)) for s in [(5, 5, 1, 6), (3, 3, 6, 16), (784, 30), (30, 10)]]
h = x
for kernel in weights[:2]:
    h = core.max_pool2d(core.relu(core.conv2d(h, kernel, padding="SAME")), 2, 2, "VALID")
h = core.tanh(core.matmul(core.reshape(h, [8, 784]), weights[2]))
losses = core.sparse_softmax_cross_entropy(labels, core.matmul(h, weights[3]))
loss = core.reduce_mean(losses)
updates = [w.assign_sub(0.1 * g) for w, g in zip(weights, core.gradients([loss], weights))]
session = core.Session()
print(core.get_instruction_set())
for _ in range(2):
    feeds = {x: 20 * numbers(8, 28, 28, 1), labels: np.arange(8) % 10}
    print(session.run([loss, core.group(*updates)], feeds)[0].tobytes().hex())
for w in session.run(weights):
    print(w.shape, bool(np.isfinite(w).all()), hashlib.sha256(w.tobytes()).hexdigest())
"""


def python(*emulator: str, **variables: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "THALWEG_ISA"}
    done = subprocess.run(
        [*emulator, sys.executable, "-W", "error", "-c", CODE],
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(EMULATOR is None, reason="there is no qemu-x86_64: Debian's qemu-user has it")
def test_a_processor_without_avx_computes_the_bits_of_baseline() -> None:
    emulated = python(str(EMULATOR), "-cpu", PROCESSOR)
    assert emulated.startswith("baseline\n") and "False" not in emulated
    # the C library chooses, too, and its functions differ in the last bits with FMA
    plain = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F"}
    assert emulated == python(THALWEG_ISA="baseline", **plain)
