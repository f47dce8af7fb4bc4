"""What the steps of a check share: the rig, whoever sits there, and the devices opened so far."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mbtexp.clock import MonotonicClock
from mbtexp.port import Ports, SerialPort
from mbtexp.ports import Display, Facts, Responses
from mbtexp.responses.merged import Merged
from mbtexp.responses.opening import open_box
from mbtexp.rig import Rig
from mbtexp.scanner.source import open_serial_pulses, with_pulses
from mbtexp.terminal import Operator
from mbtexp.timeline import Text
from mbtexp.triggers import Sender, open_trigger

OpenDisplay = Callable[["Bench"], Display]
OpenKeyboard = Callable[["Bench"], Responses]


def _real_display(bench: Bench) -> Display:
    from mbtexp.screen import open_screen  # noqa: PLC0415  only where a window is wanted

    return open_screen(bench.rig.display, bench.clock, pilot=bench.pilot)


def _real_keyboard(bench: Bench) -> Responses:
    from mbtexp.responses.keyboard import open_keyboard  # noqa: PLC0415
    from mbtexp.screen import Screen  # noqa: PLC0415

    screen = bench.display if isinstance(bench.display, Screen) else None
    return open_keyboard(bench.rig.responses, bench.clock, screen)


@dataclass
class Bench:
    """A rig on the bench.

    Later steps use what earlier ones have opened; ``close`` gives everything back.
    """

    rig: Rig
    operator: Operator
    clock: MonotonicClock
    data: Path | None = None
    pilot: bool = False
    """In a window, on whatever computer: the display is tried and not judged."""
    attended: bool = True
    """Whether somebody looks at recorder and screen."""
    language: str | None = None
    """A language whose texts are looked at besides our own; a name or a lab's own folder."""
    earlier: tuple[Facts, ...] = ()
    """The checks of the days before."""
    open_display: OpenDisplay = _real_display
    open_keyboard: OpenKeyboard = _real_keyboard
    port: SerialPort | None = None
    box: Responses | None = None
    sender: Sender | None = None
    display: Display | None = None
    keyboard: Responses | None = None
    ports: Ports = field(init=False)
    _pulses: Responses | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """No port is open yet."""
        self.ports = Ports(self.clock)

    def tell(self, text: str) -> None:
        """Tell the operator at the terminal, and on the window if it hides the terminal."""
        self.operator.say(text)
        if self.display is not None:
            words = Text(text, size=0.04, wrap=1.2)
            self.display.prepare([words])
            self.display.draw([words])
            self.display.swap(lambda _: None)

    def open_line(self) -> Sender:
        """The trigger line, its box introduced; the same one whenever it is asked for.

        Raises
        ------
        MbtexpError
            The line is not there, or its box does not answer.
        """
        if self.sender is None:
            line = open_trigger(self.rig.trigger, self.clock, self.ports)
            assert isinstance(line, Sender)  # a rig without a line has no such step
            self.sender = line
        return self.sender

    def open_box(self) -> Responses | None:
        """The rig's response box, ready; None where it has none.

        Raises
        ------
        DeviceError
            Its port cannot be opened, or it does not answer.
        """
        return open_box(self.rig, self.ports, self.clock)

    def with_pulses(self) -> Responses:
        """Keyboard and box with the scanner's pulses among their presses, as in a run.

        Raises
        ------
        DeviceError
            The port of the pulses cannot be opened.
        """
        if self._pulses is None:
            heard = self.keyboard
            if self.box is not None:
                heard = self.box if heard is None else self._both(self.box, heard)
            assert heard is not None
            settings = self.rig.scanner
            serial = settings.source == "serial"
            source = open_serial_pulses(settings, self.ports) if serial else None
            self._pulses = with_pulses(heard, source, settings.key, self.clock)
        return self._pulses

    def _both(self, box: Responses, keyboard: Responses) -> Responses:
        return Merged(box, keyboard, (), self.clock, keyboard_too=True)

    def close(self) -> None:
        """Leave the line at rest and give back window, keyboard and ports."""
        with contextlib.ExitStack() as stack:
            stack.callback(self.clock.close)
            stack.callback(self.ports.close)
            for device in (self.sender, self.display, self.keyboard, self.box):
                if device is not None:
                    stack.callback(device.close)
