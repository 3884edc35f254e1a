"""Who takes part: which worker, in which environment, with which packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

__all__ = ["OURS", "PEERS", "Peer", "Work", "chosen_peers"]


class Work(Protocol):
    """A row, as far as it matters here."""

    @property
    def net(self) -> str:
        """The network."""

    @property
    def mode(self) -> str:
        """What is done."""


class Peer(NamedTuple):
    """A framework, or one way to use it.

    Attributes:
        name: as in `--peers`.
        worker: module in `workers/`.
        packages: what pip has to install for it.
        variables: of the process's environment.
        variant: told to the worker.
        modes: what it can do.
        without: networks for which it is no other than another peer.
    """

    name: str
    worker: str
    packages: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()
    variant: str = ""
    modes: tuple[str, ...] = ("fit", "predict")
    without: tuple[str, ...] = ()

    def takes(self, row: Work) -> bool:
        """Whether it can and should run a row."""
        return row.mode in self.modes and row.net not in self.without


# Of torch the build for CPUs alone, which its local version names: the other one brings gigabytes
# of CUDA. All of them fit into one environment.
_TORCH = ("torch==2.13.0+cpu",)
_ONNX = ("onnx>=1.18",)


def _keras(backend: str, *packages: str) -> Peer:
    name = {"tensorflow": "tf"}.get(backend, backend)
    packages = ("keras>=3.13,<4", *packages)
    return Peer(f"keras-{name}", "by_keras", packages, (("KERAS_BACKEND", backend),))


OURS = Peer("thalweg", "by_thalweg", ())
PEERS = {
    peer.name: peer
    for peer in (
        _keras("tensorflow", "tensorflow-cpu>=2.21"),
        _keras("jax", "jax>=0.10"),
        _keras("torch", *_TORCH),
        Peer("torch", "by_torch", _TORCH, variant="eager"),
        Peer(
            "torch-channels-last",
            "by_torch",
            _TORCH,
            variant="channels_last",
            without=("mlp", "lstm"),
        ),
        Peer("torch-compiled", "by_torch", (*_TORCH, "setuptools"), variant="compiled"),
        Peer("onnxruntime", "by_onnxruntime", ("onnxruntime>=1.22", *_ONNX), modes=("predict",)),
        Peer("openvino", "by_openvino", ("openvino>=2025.2", *_ONNX), modes=("predict",)),
    )
}


def chosen_peers(names: Sequence[str], peers: Mapping[str, Peer] = PEERS) -> list[Peer]:
    """The peers that are named; all if none is.

    Raises:
        ValueError: if a name is nobody's.
    """
    for name in names:
        if name not in peers:
            raise ValueError(f"no peer is called {name!r}; there are {', '.join(peers)}")
    return [peers[name] for name in names] or list(peers.values())
