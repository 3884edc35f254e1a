"""Transfer learning on a folder of pictures, written down after every epoch.

A known network, or one from a file, loses its last layer and is frozen; a new head learns the
folder's classes. What the frozen part makes of the pictures is computed once, unless they are
augmented: then each epoch sees new ones. Afterwards the last layers of the network may be thawed
and trained on with a small rate.

After every epoch the whole model is in its file, with a card that says how far it is. The same
call goes on from there, with the bits of a training that was never stopped; and a file that is
there is whole, whenever the process ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thalweg.callbacks import Callback
from thalweg.core.errors import DataError, OptionError
from thalweg.layers import Dense, Dropout, Flatten, GlobalAveragePooling2D, Input, Layer
from thalweg.models import Model
from thalweg.optimizers import Adam
from thalweg.options import COUNT, Interval
from thalweg.saving.random_state import load_counts, random_state, streams
from thalweg.utils import set_random_seed

from .classifier import NAMED, load_classifier, picture_size
from .model_card import ModelCard, read_card, write_model
from .picture_folders import AUGMENTATION, PictureFolders, find_folders, in_order, picture_batches

__all__ = ["Settings", "Training"]

_MOST_FLAT = 4096  # features that are taken as they are; more are averaged over their places
_WHERE = "train"
_NOT_NEGATIVE = Interval(0, integer=True)
_POSITIVE = Interval(0, open_low=True)
_PART = Interval(0, 1, open_high=True)


@dataclass(frozen=True)
class Settings:
    """What decides a training, beside its length. Those of a file that goes on must not change.

    Attributes:
        base: a known network's name, or a model file.
        size: (height, width) of pictures; None for what the base takes.
        batch_size: pictures an update.
        rate: Adam's learning rate, for the head.
        hidden: units of a further layer in the head; 0 for none.
        dropout: the part of features that is left out by chance.
        augment: whether pictures are changed by chance, anew in each epoch.
        validation: the part of each class that is set aside, where there is no `val/`.
        thawed: how many layers with weights train in fine-tuning.
        fine_rate: Adam's learning rate then.
        seed: from which all that is random follows.
    """

    base: str
    size: tuple[int, int] | None = None
    batch_size: int = 32
    rate: float = 1e-3
    hidden: int = 0
    dropout: float = 0.2
    augment: bool = False
    validation: float = 0.2
    thawed: int = 3
    fine_rate: float = 1e-5
    seed: int = 0

    def checked(self) -> Settings:
        """Itself.

        Raises:
            OptionError: a value outside its range.
        """
        for name in ("batch_size", "thawed", *(() if self.size is None else ("size",))):
            value = getattr(self, name)
            for number in value if isinstance(value, tuple) else (value,):
                COUNT.check(_WHERE, name, number)
        for name in ("hidden", "seed"):
            _NOT_NEGATIVE.check(_WHERE, name, getattr(self, name))
        for name in ("rate", "fine_rate"):
            _POSITIVE.check(_WHERE, name, getattr(self, name))
        for name in ("dropout", "validation"):
            _PART.check(_WHERE, name, getattr(self, name))
        return self


@dataclass
class _Progress:
    """How far a training is; what a card holds of it.

    Attributes:
        settings: of the training.
        head: names of the head's layers, in order.
        done: epochs of the head alone.
        fine: epochs of fine-tuning.
        history: values of loss and accuracy by name, one an epoch.
        random: where the random numbers of the head stand while it trains alone.
    """

    settings: dict[str, Any]
    head: list[str]
    done: int = 0
    fine: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)
    random: list[dict[str, Any]] = field(default_factory=list)


class Training:
    """A training that goes on where its file says it was.

    Args:
        folder: of class folders, or of `train/` and perhaps `val/` with them.
        out: the file, `*.keras` or `*.h5`; if it is there, it is gone on with.
        settings: what decides the training.
        restart: begin anew, whatever is in the file.

    Attributes:
        folders: where the pictures are.
        model: the whole model.
        size, channels: of its pictures.
        skipped: path -> reason, of files that could not be read.

    Raises:
        OptionError: bad settings, or others than those in the file.
        DataError: no pictures, or a folder of other classes than the file's.
        FileFormatError: a damaged file.
    """

    def __init__(self, folder: str, out: str, settings: Settings, restart: bool = False) -> None:
        self._settings = settings.checked()
        self._out = out
        self.folders: PictureFolders = find_folders(folder)
        self.skipped: dict[str, str] = {}
        self._is_stopping = False
        set_random_seed(settings.seed)
        if os.path.exists(out) and not restart:
            self._go_on()
        else:
            self._begin()
        self.size, self.channels = picture_size(self.model, out)
        self._split()

    @property
    def epochs_done(self) -> int:
        """Epochs of the head and of fine-tuning, together."""
        return self._progress.done + self._progress.fine

    @property
    def head_epochs(self) -> int:
        """Epochs of the head alone."""
        return self._progress.done

    @property
    def history(self) -> Mapping[str, list[float]]:
        """Values of loss and accuracy by name, one an epoch, of all runs together."""
        return self._progress.history

    # Beginning, and going on --------------------------------------------------------------------

    def _begin(self) -> None:
        """A new head on a frozen base."""
        features, self._card = self._base()
        for layer in features.layers:
            layer.trainable = False
        taken = {layer.name for layer in features.layers}
        x, names = features.output, []
        for layer in self._new_head(features.output, taken):
            x = layer(x)
            names.append(layer.name)
        self.model = Model(features.inputs[0], x)
        self._features = features
        self._progress = _Progress(self._recorded(), names)
        self._compile(self._settings.rate)

    def _base(self) -> tuple[Any, ModelCard]:
        """The network without its last layer, and how pictures come into it."""
        base, size = self._settings.base, self._settings.size
        if base in NAMED and not os.path.isfile(base):
            known = NAMED[base]
            shape = (*(size or (known.side, known.side)), known.channels)
            features = known.build(include_top=False, input_shape=shape)
            card = replace(known.card, base=base, framing="crop")
        else:
            found = load_classifier(base)
            if size not in (None, found.size):
                raise OptionError(
                    _WHERE,
                    "a model from a file keeps its size",
                    expected=f"no size, or {found.size[0]} x {found.size[1]}",
                    got=f"{size[0]} x {size[1]}" if size else "",
                )
            if found.model.inputs[0].ndim != 4:
                raise OptionError(
                    _WHERE,
                    "the model takes flat pictures",
                    expected="input (batch, height, width, channels)",
                    got=f"{base}: {found.model.inputs[0].shape}",
                )
            features = _without_last(found.model, base)
            card = replace(found.card, base=os.path.basename(base), framing="crop")
        return features, replace(card, classes=self.folders.classes, training={})

    def _new_head(self, features: Any, taken: set[str]) -> list[Any]:
        settings = self._settings
        layers: list[Layer] = []
        if features.ndim == 4:
            is_small = int(np.prod(features.type.shape[1:])) <= _MOST_FLAT
            name = _free("head_flatten", taken)
            layers.append(Flatten(name=name) if is_small else GlobalAveragePooling2D(name=name))
        if settings.hidden:
            name = _free("head_hidden", taken)
            layers.append(Dense(settings.hidden, activation="relu", name=name))
        if settings.dropout:
            layers.append(Dropout(settings.dropout, name=_free("head_dropout", taken)))
        name = _free("head_classes", taken)
        return [*layers, Dense(len(self.folders.classes), activation="softmax", name=name)]

    def _recorded(self) -> dict[str, Any]:
        """The settings as they are in the file: the base by its name, wherever it lies."""
        recorded = asdict(self._settings)
        recorded["base"] = os.path.basename(self._settings.base)
        recorded["size"] = list(self._settings.size) if self._settings.size else None
        return recorded

    def _go_on(self) -> None:
        """The model of the file, split where its head begins."""
        card = read_card(self._out)
        if card is None or not card.training:
            raise OptionError(
                _WHERE,
                "the file is there and holds no training to go on with",
                got=repr(self._out),
                hint="another --out, or --restart to replace it",
            )
        self._card, self._progress = card, _checked_progress(card, self._out)
        self._compare(card)
        from thalweg.saving.model_file import load_model

        self.model = load_model(self._out)
        first = self.model.get_layer(self._progress.head[0])
        self._features = Model(self.model.inputs[0], first.input)

    def _split(self) -> None:
        """Cuts the model where computing once ends: what only averages or flattens is before it."""
        layers = [self.model.get_layer(name) for name in self._progress.head]
        is_fixed = isinstance(layers[0], Flatten | GlobalAveragePooling2D)
        rest = layers[1:] if is_fixed else layers
        self._pooled = Model(self.model.inputs[0], rest[0].input)
        x = source = Input(rest[0].input.type.shape[1:])
        for layer in rest:
            x = layer(x)
        self._head = Model(source, x)
        if self._progress.random:
            load_counts(self._head, self._progress.random)

    def _compare(self, card: ModelCard) -> None:
        """The settings and the classes must be those of the file."""
        recorded, wanted = self._progress.settings, self._recorded()
        changed = [name for name in wanted if recorded.get(name) != wanted[name]]
        if changed:
            raise OptionError(
                _WHERE,
                f"{self._out} was begun with other settings",
                expected=", ".join(f"{name} {recorded.get(name)}" for name in changed),
                got=", ".join(f"{name} {wanted[name]}" for name in changed),
                hint="the same settings go on; another --out, or --restart, begins anew",
            )
        if card.classes != self.folders.classes:
            raise DataError(
                _WHERE,
                f"the folder's classes are not those of {self._out}",
                expected=", ".join(card.classes),
                got=", ".join(self.folders.classes),
                hint="another --out, or --restart, begins anew",
            )

    # Training -----------------------------------------------------------------------------------

    def run(
        self,
        epochs: int,
        fine_tune: int = 0,
        verbose: int = 1,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        """Trains until there are so many epochs, each written to the file at its end.

        Args:
            epochs: of the head, those of earlier runs included; of a training that is in its
                fine-tuning already they stay as many as they were.
            fine_tune: epochs of fine-tuning, likewise.
            verbose: as in `fit`.
            tell: called with a line about what is done.

        Raises:
            DataError: no picture can be read.
            OSError: the file cannot be written.
        """
        COUNT.check(_WHERE, "epochs", epochs)
        _NOT_NEGATIVE.check(_WHERE, "fine_tune", fine_tune)
        tell = tell or (lambda text: None)
        if self._progress.done < epochs and not self._progress.fine:
            if self._settings.augment:
                self._fit(self.model, *self._batches(), epochs, verbose, "done")
            else:
                self._fit_head(epochs, verbose, tell)
        if self._progress.fine < fine_tune:
            if not self._progress.fine:
                self._thaw(tell)
            self._fit(self.model, *self._batches(), fine_tune, verbose, "fine")

    def stop(self) -> None:
        """Lets `run` raise KeyboardInterrupt at the end of the epoch, when that is written.

        For handlers of signals: what these raise themselves may get lost, where Python happens to
        be in code whose exceptions it ignores.
        """
        self._is_stopping = True

    def _compile(self, rate: float) -> None:
        self.model.compile(Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])

    def _fit_head(self, epochs: int, verbose: int, tell: Callable[[str], None]) -> None:
        """Trains the head alone, on what the frozen part makes of each picture, once."""
        train, validation = self._batches(shuffle=False)
        count = train.n + (validation.n if validation is not None else 0)
        tell(f"computing the features of {count} pictures, once")
        data = self._computed(train)
        kept = None if validation is None else self._computed(validation)
        # One optimizer for both: what it has learnt of the head is saved with the whole model.
        self._head.compile(
            self.model.optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        shuffled = _Shuffled(*data, self._settings, self._progress.done)
        self._fit(self._head, shuffled, kept, epochs, verbose, "done")

    def _fit(
        self, model: Any, data: Any, validation: Any, epochs: int, verbose: int, count: str
    ) -> None:
        """Trains a model until `count` of the progress is `epochs`."""
        model.fit(
            data,
            validation_batch_size=self._settings.batch_size,
            epochs=epochs,
            initial_epoch=getattr(self._progress, count),
            validation_data=validation,
            verbose=verbose,
            shuffle=False,  # the batches are shuffled already
            callbacks=[_Writer(self, count)],
        )
        for batches in (data, validation):
            self.skipped.update(getattr(batches, "skipped", {}))

    def _batches(self, shuffle: bool = True) -> tuple[Any, Any]:
        """The pictures to train on, and those to validate with or None."""
        folders, settings = self.folders, self._settings
        split = 0.0 if folders.validation else settings.validation
        if not folders.set_aside(split):
            split = 0.0
        options: dict[str, Any] = {"batch_size": settings.batch_size, "seed": settings.seed}
        place = (folders.classes, self._card, self.size, self.channels)
        train = picture_batches(
            folders.train,
            *place,
            **options,
            shuffle=shuffle,
            augmentation=self._augmentation(),
            split=split,
            subset="training" if split else None,
        )
        train.epoch = self.epochs_done  # the order and the changes of each follow from its number
        if folders.validation is not None:
            return train, picture_batches(folders.validation, *place, **options)
        if not split:
            return train, None
        kept = picture_batches(folders.train, *place, **options, split=split, subset="validation")
        return train, kept

    def _augmentation(self) -> Mapping[str, Any] | None:
        if not self._settings.augment:
            return None
        known = NAMED.get(self._settings.base)
        # What is grey may be writing, which a mirror makes unreadable.
        flips = known.flips if known else self.channels == 3
        return {**AUGMENTATION, "horizontal_flip": flips}

    def _computed(self, batches: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """Features and numbers of classes of all pictures."""
        features, numbers = [], []
        for x, y, _ in in_order(batches):
            features.append(np.asarray(self._pooled.predict_on_batch(x)))
            numbers.append(y)
        self.skipped.update(batches.skipped)
        return np.concatenate(features), np.concatenate(numbers)

    def _thaw(self, tell: Callable[[str], None]) -> None:
        """Lets the last layers of the base train; normalizations stay as they are."""
        able = [
            layer
            for layer in self._features.layers
            if layer.weights and "Normalization" not in type(layer).__name__
        ]
        thawed = able[-self._settings.thawed :]
        for layer in thawed:
            layer.trainable = True
        tell(f"fine-tuning {', '.join(layer.name for layer in thawed)}")
        self._compile(self._settings.fine_rate)

    def write(self, trained: Any, count: str, logs: Mapping[str, float]) -> None:
        """Writes the whole model after an epoch.

        Args:
            trained: the model that trained: the whole, or its head.
            count: what the epoch was of, `"done"` the head, `"fine"` fine-tuning.
            logs: loss and accuracy.
        """
        progress = deepcopy(self._progress)
        drawn = [] if trained is self.model else random_state(trained)
        progress.random = [entry for entry in drawn if entry["layer"]]  # a head draws in layers
        setattr(progress, count, getattr(progress, count) + 1)
        for name, value in logs.items():
            progress.history.setdefault(name, []).append(float(value))
        write_model(self.model, self._out, replace(self._card, training=asdict(progress)))
        self._progress = progress  # only now: what is told of the file is in it
        if self._is_stopping:
            raise KeyboardInterrupt


class _Writer(Callback):
    """Writes the whole model at the end of each epoch."""

    def __init__(self, training: Training, count: str) -> None:
        self._training = training
        self._count = count

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes."""
        self._training.write(self.model, self._count, logs or {})


class _Shuffled:
    """Batches of arrays, in an order that follows from the seed and the epoch's number alone."""

    def __init__(self, x: NDArray[Any], y: NDArray[Any], settings: Settings, epoch: int) -> None:
        self._x, self._y = x, y
        self._size, self._seed, self._epoch = settings.batch_size, settings.seed, epoch
        self._order = self._new_order()

    def _new_order(self) -> NDArray[Any]:
        return np.random.default_rng([self._seed, self._epoch]).permutation(len(self._x))

    def __len__(self) -> int:
        return -(-len(self._x) // self._size)

    def __getitem__(self, index: int) -> tuple[NDArray[Any], NDArray[Any]]:
        chosen = self._order[index * self._size : (index + 1) * self._size]
        return self._x[chosen], self._y[chosen]

    def on_epoch_end(self) -> None:
        """Another order."""
        self._epoch += 1
        self._order = self._new_order()


def _without_last(model: Any, path: str) -> Any:
    """The model up to what goes into its last layer with weights.

    Raises:
        OptionError: if nothing would be left.
    """
    weighted = [layer for layer in model.layers if layer.weights]
    if len(weighted) < 2:
        raise OptionError(
            _WHERE,
            "the model is too small to build on",
            expected="at least two layers with weights",
            got=f"{len(weighted)} in {path}",
        )
    return Model(model.inputs[0], weighted[-1].input)


def _free(name: str, taken: set[str]) -> str:
    """A name that no layer has."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found)
    return found


def _checked_progress(card: ModelCard, path: str) -> _Progress:
    """How far a training is, from its card.

    Raises:
        OptionError: if the card makes no sense.
    """
    data = dict(card.training)
    head, counts = data.get("head"), [data.get("done"), data.get("fine")]
    history = data.get("history")
    drawn = data.get("random", [])
    if (
        isinstance(drawn, list)
        and isinstance(head, list)
        and head
        and all(isinstance(name, str) for name in head)
        and all(isinstance(count, int) and count >= 0 for count in counts)
        and isinstance(data.get("settings"), dict)
        and isinstance(history, dict)
        and all(isinstance(values, list) for values in history.values())
    ):
        if drawn:
            streams(drawn, path)  # an error if they make no sense
        return _Progress(data["settings"], head, data["done"], data["fine"], history, drawn)
    raise OptionError(
        _WHERE,
        "what the file says of its training makes no sense",
        got=f"{path}: {str(data)[:80]}",
        hint="--restart begins anew",
    )
