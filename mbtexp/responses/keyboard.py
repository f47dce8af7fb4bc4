"""The participant's keyboard: presses and releases on the run clock, from the best back end."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from typing import Any

from mbtexp.errors import DeviceError
from mbtexp.ports import Clock, Facts, Press
from mbtexp.responses.keynames import key_name
from mbtexp.responses.queue import QueueReader
from mbtexp.responses.reader import Reader
from mbtexp.responses.selftest import SelfTest, self_test
from mbtexp.responses.waiting import first_presses
from mbtexp.responses.window import KeyWindow, WindowReader
from mbtexp.rig import ResponseSettings
from mbtexp.timeline import Phase

UNTESTED = SelfTest("not possible on this system: check two keys by hand")


def open_keyboard(settings: ResponseSettings, clock: Clock, screen: KeyWindow | None) -> Keyboard:
    """A keyboard whose back end has told of two keys pressed together.

    ``auto`` takes the first that passes: psychtoolbox, then (on Linux) raw XInput 2 events, and in
    a pilot the window's own events. A back end asked for by name is taken or refused.
    """
    complaints = []
    for name in _candidates(settings, screen):
        try:
            reader = _OPEN[name](clock, screen)
        except DeviceError as error:
            complaints.append(f"{name}: {error}")
            continue
        outcome = _tested(reader, clock)
        if outcome is UNTESTED or not outcome.complaint:
            return Keyboard(reader, clock, screen, outcome)
        reader.close()
        complaints.append(f"{name}: {outcome.complaint}.")
    raise DeviceError(f"No back end can read the keyboard. {' '.join(complaints)}")


class Keyboard:
    """Presses and releases of all keys, once each, while our window is in front.

    Keys typed into another window are counted but are no data. A key that was down when it lost
    the window is still let go.
    """

    def __init__(
        self,
        reader: Reader,
        clock: Clock,
        screen: KeyWindow | None = None,
        tested: SelfTest = UNTESTED,
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._screen = screen
        self._tested = tested
        self._down: set[str] = set()
        self._repeats = 0
        self._elsewhere = 0
        self._open = True

    def attend(self, phase: Phase, trial: Mapping[str, Any], onset: float) -> None:
        """Nothing to arm: every key is read at any time."""

    def poll(self) -> list[Press]:
        """Everything since the last call, in order of time."""
        events = self._reader.read()
        if not events:
            return []
        ours = self._in_front()
        return [event for event in events if self._counts(event, ours=ours)]

    def wait(self, until: float) -> list[Press]:
        """Return with the first new presses or releases, or empty-handed at ``until``."""
        return first_presses(self.poll, self._clock, until)

    def held(self) -> frozenset[str]:
        """Keys that are down now."""
        return frozenset(self._down)

    def complaint(self) -> str:
        """Nothing: a keyboard does not tell that it was unplugged."""
        return ""

    def describe(self) -> Facts:
        """Back end and resolution of the time stamps, for the log."""
        return {
            "backend": self._reader.name,
            **self._reader.describe(),
            **self._tested.facts(),
            "repeats": self._repeats,
            "typed_elsewhere": self._elsewhere,
        }

    def close(self) -> None:
        """Stop reading; a second call does nothing."""
        if self._open:
            self._open = False
            self._reader.close()

    def _in_front(self) -> bool:
        if self._screen is None:
            return True
        self._screen.pump()
        return self._screen.focused

    def _counts(self, event: Press, *, ours: bool) -> bool:
        """Whether the event is a new press or the end of one."""
        if not event.down:
            known = event.key in self._down
            self._down.discard(event.key)
            return known
        if event.key in self._down:
            self._repeats += 1
            return False
        if not ours:
            self._elsewhere += 1
            return False
        self._down.add(event.key)
        return True


def _candidates(settings: ResponseSettings, screen: KeyWindow | None) -> list[str]:
    if settings.backend != "auto":
        return [settings.backend]
    names = ["psychtoolbox"]
    if sys.platform == "linux":
        names.append("xinput")
    if screen is not None and screen.pilot:
        names.append("window")
    return names


def _tested(reader: Reader, clock: Clock) -> SelfTest:
    """The outcome of pressing two keys ourselves, where the system lets us."""
    if sys.platform != "linux" or importlib.util.find_spec("Xlib") is None:
        return UNTESTED
    from mbtexp.responses.xinput import XTestKeys  # noqa: PLC0415  needs python-xlib

    keys = XTestKeys()
    try:
        if not keys.available:
            return UNTESTED
        return self_test(reader, clock, lambda key, down: keys.send(key, down=down))
    finally:
        keys.close()


def _open_psychtoolbox(clock: Clock, _screen: KeyWindow | None) -> Reader:
    try:
        from psychtoolbox import GetSecs, PsychHID, hid  # noqa: PLC0415  may lack a library
    except (ImportError, OSError) as error:
        raise DeviceError(f"psychtoolbox cannot be loaded ({error}).") from None
    # Windows tells of all its keyboards as one.
    devices: list[float | None] = [None]
    if sys.platform != "win32":
        devices = list(hid.get_keyboard_indices()[0])
    if not devices:
        raise DeviceError("psychtoolbox finds no keyboard.")
    try:
        queues = [hid.Keyboard(device) for device in devices]
        for queue in queues:
            queue.queue_start()
    except Exception as error:
        if type(error) is not Exception:
            raise
        # psychtoolbox raises nothing narrower.
        raise DeviceError(f"psychtoolbox cannot read the keyboard ({error}).") from None

    def release() -> None:
        for device, queue in zip(devices, queues, strict=True):
            queue.queue_stop()
            PsychHID("KbQueueRelease", device)

    return QueueReader(queues, GetSecs, _psychtoolbox_names(), clock, release)


def _psychtoolbox_names() -> Callable[[int], str]:
    if sys.platform == "linux":
        names = _x_names()
        return lambda code: names.get(code - 1, f"key{code}")  # psychtoolbox counts from 1
    from psychopy.hardware.keyboard import keyNames  # noqa: PLC0415  loads PsychoPy

    table = {code: key_name(name) for code, name in keyNames.items()}
    return lambda code: table.get(code, f"key{code}")


def _x_names() -> dict[int, str]:
    _require_xlib()
    from Xlib.display import Display  # noqa: PLC0415

    from mbtexp.responses.xinput import keycode_names  # noqa: PLC0415

    display = Display()
    names = keycode_names(display)
    display.close()
    return names


def _open_xinput(clock: Clock, _screen: KeyWindow | None) -> Reader:
    if sys.platform != "linux":
        raise DeviceError("XInput exists on Linux only.")
    _require_xlib()
    from mbtexp.responses.xinput import XInputReader  # noqa: PLC0415

    return XInputReader(clock)


def _open_window(clock: Clock, screen: KeyWindow | None) -> Reader:
    if screen is None:
        raise DeviceError("there is no window to read keys from.")
    return WindowReader(screen, clock)


def _require_xlib() -> None:
    if importlib.util.find_spec("Xlib") is None:
        raise DeviceError("python-xlib is missing: run `uv sync --extra lab`.")


_OPEN: dict[str, Callable[[Clock, KeyWindow | None], Any]] = {
    "psychtoolbox": _open_psychtoolbox,
    "xinput": _open_xinput,
    "window": _open_window,
}
