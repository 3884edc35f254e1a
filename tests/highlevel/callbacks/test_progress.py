"""What the bar writes: to a pipe, where lines stay, and to a terminal, where one of them lives."""

from __future__ import annotations

import io
import itertools
import re
import sys

import pytest

from thalweg.callbacks import Callback, CallbackList, ProgbarLogger, progress
from thalweg.core.errors import OptionError

CONTROL = re.compile(r"(\x1b\[[0-9;?]*[A-Za-z]|\r|\n)|([^\x1b\r\n]+)")


class Clock:
    """Stands in for `time.perf_counter`; a test moves it."""

    now = 100.0

    def perf_counter(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal; inside its `with` block it is standard output."""

    charset = "utf-8"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.charset

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        """What stands above and at the cursor, after the few controls that a live line uses."""
        rows, row, column = [""], 0, 0
        for control, text in CONTROL.findall(self.getvalue()):
            if text:
                rows[row] = (
                    rows[row][:column].ljust(column) + text + rows[row][column + len(text) :]
                )
                column += len(text)
            elif control == "\n":
                row, column = row + 1, 0
                rows += [""] * (row + 1 - len(rows))
            elif control == "\r":
                column = 0
            elif control.endswith("A"):
                row -= int(control[2:-1])
            elif control == "\x1b[2K":
                rows[row] = ""
            else:
                assert control.endswith("m") or control in ("\x1b[?25l", "\x1b[?25h"), control
        return rows[: row + 1]

    def __enter__(self) -> Terminal:
        self.before = sys.stdout
        sys.stdout = self
        return self

    def __exit__(self, *error: object) -> None:
        given_back = sys.stdout is self
        sys.stdout = self.before
        assert given_back, "a live line kept standard output"
        text = self.getvalue()
        assert text.count("\x1b[?25l") == text.count("\x1b[?25h"), "the cursor stays hidden"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    return Terminal()


def fit(
    clock: Clock,
    *,
    epochs: int = 2,
    batches: int = 4,
    batch_s: float = 0.011,
    validation_s: float = 0.0,
    callbacks: list[Callback] | None = None,
    **params: object,
) -> None:
    """Calls the hooks of a training whose losses are 1/2, 1/3 and so on."""
    params = {"verbose": 1, "epochs": epochs, "steps": batches, **params}
    with CallbackList(callbacks, add_progbar=True, **params) as hooks:
        hooks.on_train_begin()
        for epoch in range(epochs):
            hooks.on_epoch_begin(epoch)
            logs = {"accuracy": 0.98, "loss": 1 / (epoch + 2)}
            for batch in range(batches):
                clock.now += batch_s
                hooks.on_train_batch_end(batch, logs)
            if validation_s:
                hooks.on_test_begin()
                clock.now += validation_s
                hooks.on_test_batch_end(0, {"loss": 7.0})
                hooks.on_test_end({"loss": 7.0})
            hooks.on_epoch_end(epoch, logs | ({"val_loss": 0.0005} if validation_s else {}))
        hooks.on_train_end(logs)


class TestPipe:
    @pytest.mark.parametrize("verbose", [1, True, "auto"])
    def test_two_lines_an_epoch_without_control_characters(self, clock, capsys, verbose) -> None:
        fit(clock, verbose=verbose, batch_s=1.25)
        assert capsys.readouterr().out == (
            "Epoch 1/2\n"
            "4/4 - 5s 1s/step - accuracy: 0.9800 - loss: 0.5000\n"
            "Epoch 2/2\n"
            "4/4 - 5s 1s/step - accuracy: 0.9800 - loss: 0.3333\n"
        )

    def test_verbose_2_is_one_line_an_epoch(self, clock, capsys) -> None:
        fit(clock, verbose=2)
        assert capsys.readouterr().out == (
            "Epoch 1/2 - 4/4 - 0s 11ms/step - accuracy: 0.9800 - loss: 0.5000\n"
            "Epoch 2/2 - 4/4 - 0s 11ms/step - accuracy: 0.9800 - loss: 0.3333\n"
        )

    @pytest.mark.parametrize("verbose", [0, False])
    def test_verbose_0_is_silent(self, clock, capsys, verbose) -> None:
        fit(clock, verbose=verbose)
        assert capsys.readouterr() == ("", "")

    def test_one_epoch_needs_no_number(self, clock, capsys) -> None:
        for verbose in (1, 2):
            fit(clock, epochs=1, verbose=verbose)
            assert capsys.readouterr().out == (
                "4/4 - 0s 11ms/step - accuracy: 0.9800 - loss: 0.5000\n"
            )

    def test_validation_is_in_the_line_and_not_in_the_step(self, clock, capsys) -> None:
        fit(clock, epochs=1, validation_s=100.0)
        assert capsys.readouterr().out == (
            "4/4 - 1:40 11ms/step - accuracy: 0.9800 - loss: 0.5000 - val_loss: 5.0000e-04\n"
        )

    def test_number_of_batches_is_learnt(self, clock, capsys) -> None:
        fit(clock, steps=None)
        assert re.findall(r"^\S+/\S+", capsys.readouterr().out, re.M) == ["4/4", "4/4"]

    def test_batches_nobody_told_of(self, clock, capsys) -> None:
        hooks = CallbackList(add_progbar=True, verbose=1, epochs=1, steps=8)
        hooks.on_epoch_begin(0)
        hooks.on_epoch_end(0, {"loss": 0.5})
        assert capsys.readouterr().out == "8/8 - 0s 0us/step - loss: 0.5000\n"

    def test_an_epoch_that_ends_early_tells_where(self, clock, capsys) -> None:
        hooks = CallbackList(add_progbar=True, verbose=1, epochs=1, steps=469)
        hooks.on_epoch_begin(0)
        hooks.on_train_batch_end(19)
        hooks.on_epoch_end(0, {"loss": float("nan")})
        assert capsys.readouterr().out == " 20/469 - 0s 0us/step - loss: nan\n"

    def test_evaluate_and_predict_are_a_line_each(self, clock, capsys) -> None:
        hooks = CallbackList(add_progbar=True, verbose="auto", epochs=1, steps=2)
        hooks.on_test_begin()
        for batch in range(2):
            clock.now += 0.25
            hooks.on_test_batch_end(batch, {"loss": 1.0})
        hooks.on_test_end({"loss": 0.25})
        hooks.on_predict_begin()
        for batch in range(2):
            clock.now += 0.0000625
            hooks.on_predict_batch_end(batch, {"outputs": 1.0})
        hooks.on_predict_end()
        assert capsys.readouterr().out == (
            "2/2 - 0s 250ms/step - loss: 0.2500\n2/2 - 0s 62us/step\n"
        )

    def test_evaluations_are_shown_again_after_the_training(self, clock, capsys) -> None:
        bar = ProgbarLogger()
        fit(clock, epochs=1, callbacks=[bar])
        capsys.readouterr()
        bar.on_test_begin()
        bar.on_test_batch_end(0)
        bar.on_test_end({"loss": 2.0})
        assert capsys.readouterr().out == "1/4 - 0s 0us/step - loss: 2.0000\n"

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0.4, "0s"),
            (59.4, "59s"),
            (59.6, "1:00"),
            (61, "1:01"),
            (3599.9, "1:00:00"),
            (7325, "2:02:05"),
        ],
    )
    def test_durations(self, clock, capsys, seconds, text) -> None:
        fit(clock, epochs=1, batches=1, batch_s=seconds)
        assert capsys.readouterr().out.startswith(f"1/1 - {text} ")

    @pytest.mark.parametrize(
        ("value", "text"),
        [(0.5, "0.5000"), (0.001, "1.0000e-03"), (-2.5, "-2.5000"), (-1e-9, "-1.0000e-09"),
         (0.0, "0.0000e+00"), (123456.0, "123456.0000"), (float("inf"), "inf")],
    )  # fmt: skip
    def test_numbers_read_as_in_keras(self, clock, capsys, value, text) -> None:
        hooks = CallbackList(add_progbar=True, verbose=1, epochs=1, steps=1)
        hooks.on_epoch_begin(0)
        hooks.on_epoch_end(0, {"loss": value})
        assert capsys.readouterr().out.endswith(f"loss: {text}\n")

    def test_dumb_terminal(self, clock, terminal, monkeypatch) -> None:
        monkeypatch.setenv("TERM", "dumb")
        with terminal:
            fit(clock, epochs=1)
        assert terminal.getvalue() == "4/4 - 0s 11ms/step - accuracy: 0.9800 - loss: 0.5000\n"

    def test_no_standard_output_at_all(self, clock, monkeypatch) -> None:
        monkeypatch.setattr(sys, "stdout", None)
        fit(clock)


class TestTerminal:
    def test_finished_lines_stay(self, clock, terminal) -> None:
        with terminal:
            fit(clock, batches=469, validation_s=1.0)
        bar = "━" * 20
        assert terminal.lines() == [
            "Epoch 1/2",
            f"469/469 {bar} 6s 11ms/step - accuracy: 0.9800 - loss: 0.5000 - val_loss: 5.0000e-04",
            "Epoch 2/2",
            f"469/469 {bar} 6s 11ms/step - accuracy: 0.9800 - loss: 0.3333 - val_loss: 5.0000e-04",
            "",
        ]

    def test_live_line(self, clock, terminal) -> None:
        with terminal, CallbackList(add_progbar=True, verbose=1, epochs=1, steps=100) as hooks:
            hooks.on_epoch_begin(0)
            for batch in range(25):
                clock.now += 1.0
                hooks.on_train_batch_end(batch, {"loss": 0.5})
            line = " 25/100 ━━━━━─────────────── ETA 1:15 1s/step - loss: 0.5000"
            assert terminal.lines() == [line]
        assert terminal.lines() == [""]

    def test_unknown_number_of_batches(self, clock, terminal) -> None:
        with terminal, CallbackList(add_progbar=True, verbose=1, epochs=1, steps=None) as hooks:
            hooks.on_epoch_begin(0)
            clock.now += 3.0
            hooks.on_train_batch_end(2, {"loss": 0.5})
            assert terminal.lines() == ["3/? 3s 1s/step - loss: 0.5000"]

    def test_validation_is_announced(self, clock, terminal) -> None:
        with terminal, CallbackList(add_progbar=True, verbose=1, epochs=1, steps=2) as hooks:
            hooks.on_train_begin()
            hooks.on_epoch_begin(0)
            for batch in range(2):
                clock.now += 3.0
                hooks.on_train_batch_end(batch, {"loss": 0.5})
            hooks.on_test_begin()
            line = f"2/2 {'━' * 20} 6s 3s/step - loss: 0.5000 - validating"
            assert terminal.lines() == [line]

    def test_a_narrow_terminal_does_not_wrap_the_live_line(
        self, clock, terminal, monkeypatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        with terminal, CallbackList(add_progbar=True, verbose=1, epochs=1, steps=100) as hooks:
            hooks.on_epoch_begin(0)
            clock.now += 1.0
            hooks.on_train_batch_end(0, {"loss": 0.5, "accuracy": 0.5})
            (line,) = terminal.lines()
            assert len(line) == 40
            assert line.endswith("…")

    def test_other_output_goes_above_the_live_line(self, clock, terminal) -> None:
        class Prints(Callback):
            def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
                sys.stdout.write("[bold]mine[/]\n")

        with terminal:
            fit(clock, epochs=1, batch_s=1.0, callbacks=[Prints()])
        assert terminal.lines() == [
            "[bold]mine[/]",
            f"4/4 {'━' * 20} 4s 1s/step - accuracy: 0.9800 - loss: 0.5000",
            "",
        ]

    def test_an_evaluation_inside_a_callback_takes_the_line_for_a_while(
        self, clock, terminal
    ) -> None:
        class Evaluates(Callback):
            def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
                if batch == 1:
                    fit(clock, epochs=1, batches=3, batch_s=1.0)

        with terminal:
            fit(clock, epochs=1, batch_s=1.0, callbacks=[ProgbarLogger(), Evaluates()])
        assert [line.split(" - ")[0] for line in terminal.lines()] == [
            f"3/3 {'━' * 20} 3s 1s/step",
            f"4/4 {'━' * 20} 7s 2s/step",
            "",
        ]

    def test_an_interrupt_leaves_a_clean_terminal(self, clock, terminal) -> None:
        class Interrupts(Callback):
            def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
                raise KeyboardInterrupt

        with terminal, pytest.raises(KeyboardInterrupt):
            fit(clock, batch_s=1.0, callbacks=[Interrupts()])
        assert terminal.lines() == ["Epoch 1/2", ""]

    @pytest.mark.parametrize("terminal_encoding", ["latin-1", "ascii"])
    def test_other_encodings(self, clock, terminal, monkeypatch, terminal_encoding) -> None:
        monkeypatch.setattr(terminal, "charset", terminal_encoding)
        with terminal, CallbackList(add_progbar=True, verbose=1, epochs=1, steps=4) as hooks:
            hooks.on_epoch_begin(0)
            for batch in range(2):
                clock.now += 1.0
                hooks.on_train_batch_end(batch)
            assert terminal.lines() == ["2/4 ==========.......... ETA 2s 1s/step"]
        assert terminal.getvalue().isascii()

    def test_a_short_epoch_never_draws(self, clock, terminal) -> None:
        with terminal:
            fit(clock, epochs=1, batches=9, batch_s=0.01)
        assert "\x1b[?25l" not in terminal.getvalue()

    def test_it_draws_seldom(self, clock, terminal, monkeypatch) -> None:
        times = []
        draw = ProgbarLogger._draw

        def slow(self: ProgbarLogger, note: str = "") -> None:
            times.append(clock.now)
            draw(self, note)
            clock.now += 0.02 if len(times) > 3 else 0.0001

        monkeypatch.setattr(ProgbarLogger, "_draw", slow)
        with terminal:
            fit(clock, epochs=1, batches=10_000, batch_s=0.001)
        gaps = [after - before for before, after in itertools.pairwise(times)]
        assert min(gaps) >= 0.1  # at most ten times a second
        assert all(gap >= 2.0 for gap in gaps[3:])  # 20 ms of drawing: every 2 s
        assert len(times) < 10


def test_unknown_verbose() -> None:
    with pytest.raises(OptionError) as info:
        CallbackList(add_progbar=True, verbose=3)
    assert str(info.value) == (
        "verbose: unknown value\n  expected  'auto', 0, 1 or 2\n  got       3"
    )
