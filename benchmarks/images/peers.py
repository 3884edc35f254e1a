"""Who takes part in rows of pictures."""

from __future__ import annotations

from benchmarks.compare.peers import PEERS as FRAMEWORKS
from benchmarks.compare.peers import Peer

__all__ = ["OURS", "PEERS"]

_KERAS = FRAMEWORKS["keras-tf"]
_PILLOW = "pillow>=10"
_GENERATOR = _KERAS._replace(
    name="keras-generator",
    worker="by_keras_generator",
    packages=(*_KERAS.packages, "scipy>=1.11", _PILLOW),
    modes=("augment", "folder"),
)
_TORCHVISION = (*FRAMEWORKS["torch"].packages, "torchvision==0.28.0+cpu", _PILLOW)

OURS = Peer("thalweg", "by_thalweg", (), modes=("augment", "folder", "cached"))
PEERS = {
    peer.name: peer
    for peer in (
        _GENERATOR,
        _GENERATOR._replace(name="keras-generator-threads", variant="threads"),
        _KERAS._replace(
            name="keras-layers", worker="by_keras_layers", modes=("augment", "folder", "cached")
        ),
        Peer("torchvision", "by_torchvision", _TORCHVISION, modes=("augment", "folder")),
        Peer(
            "torchvision-batch", "by_torchvision", _TORCHVISION, variant="batch", modes=("augment",)
        ),
    )
}
