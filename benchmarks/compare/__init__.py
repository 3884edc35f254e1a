"""The same networks, the same data, side by side: thalweg and its peers.

    python -m benchmarks.compare --only lenet --peers torch,keras-jax --seconds 20

`models.py` describes each network once, `workers/` says how each framework builds it, `protocol.py`
runs a worker in a process of its own, `turns.py` lets them take turns, `table.py` does the sums.
"""
