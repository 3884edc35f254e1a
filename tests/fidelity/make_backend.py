"""Writes reference/backend.npz: what the functions of Keras 2's backend give.

    python tests/fidelity/make_backend.py

Needs tf_keras and tensorflow-cpu; see make_reference.py for their environment. The file has the
answer to each call of backend_cases.py, and its inputs as `NAME/0` and on.
"""

import os

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

from pathlib import Path

import numpy as np
from backend_cases import CASES
from tf_keras import backend as K

arrays = {}
for name, (call, inputs) in CASES.items():
    answer = call(K, *[K.constant(x) for x in inputs])
    answer = answer[0] if isinstance(answer, list | tuple) else answer
    arrays[name] = np.asarray(answer)
    arrays.update({f"{name}/{i}": x for i, x in enumerate(inputs)})
np.savez_compressed(Path(__file__).parent / "reference" / "backend.npz", **arrays)
