"""Key events from the X server, read raw on a connection and a thread of their own."""

from __future__ import annotations

import collections
import os
import select
import struct
import threading
from dataclasses import dataclass
from typing import Any

from Xlib import XK, X, error
from Xlib import display as xdisplay
from Xlib.ext import xinput, xtest

from mbtexp.errors import DeviceError
from mbtexp.ports import Clock, Facts, Press
from mbtexp.responses.keynames import key_name

COMPARISONS = 60
SLACK_S = 0.00005

_RAW_EVENT = struct.Struct("=HII")  # device, server time (ms), key code

_KEYSYM_NAMES = {
    value: name.removeprefix("XK_") for name, value in vars(XK).items() if name.startswith("XK_")
}


@dataclass(frozen=True, slots=True)
class ServerTime:
    """The X server's millisecond counter on the run clock.

    A stamp of the server's is never more than its own step behind the event. So the event was no
    later than ``latest``, even if our thread was woken up late.
    """

    reference_ms: int
    latest_at_reference: float
    step_s: float

    def latest(self, server_ms: int) -> float:
        """The latest moment (s on the run clock) that the server calls ``server_ms``."""
        elapsed = (server_ms - self.reference_ms + 2**31) % 2**32 - 2**31
        return self.latest_at_reference + elapsed / 1000


class XInputReader:
    """Raw key events of all keyboards: no repeats, several at once, whichever window is in front.

    An event is stamped when it arrives here, and moved back where the server's own time tells that
    it waited.
    """

    name = "xinput"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._display = _connect()
        if not self._display.has_extension(xinput.extname):
            self._display.close()
            raise DeviceError("The X server has no XInput 2, so its raw key events cannot be read.")
        self._display.xinput_query_version()
        self._names = keycode_names(self._display)
        self._server = _compare(self._display, clock)
        mask = xinput.RawKeyPressMask | xinput.RawKeyReleaseMask
        self._display.screen().root.xinput_select_events([(xinput.AllMasterDevices, mask)])
        self._display.sync()
        self._events: collections.deque[Press] = collections.deque()
        self._wake, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._listen, name="keyboard", daemon=True)
        self._thread.start()

    def read(self) -> list[Press]:
        """Everything since the last call, in order of time."""
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events

    def describe(self) -> Facts:
        """Where the time stamps come from."""
        step_ms = round(self._server.step_s * 1000, 2)
        return {
            "stamps": "arrival in a thread of its own, no later than the X server's time allows",
            "server_step_ms": step_ms,
        }

    def close(self) -> None:
        """Stop the thread and close its connection."""
        if not self._thread.is_alive():
            return
        os.write(self._stop, b"x")
        self._thread.join()
        self._display.close()
        os.close(self._wake)
        os.close(self._stop)

    def _listen(self) -> None:
        last = 0.0
        while True:
            readable, _, _ = select.select([self._display.fileno(), self._wake], [], [])
            arrived = self._clock.now()
            if self._wake in readable:
                return
            try:
                waiting = self._display.pending_events()
            except error.ConnectionClosedError:
                return  # the server is gone, and the screen with it
            for _ in range(waiting):
                press = self._press(self._display.next_event(), arrived)
                if press is not None:
                    last = max(last, press.t)  # two keys keep the order in which they came
                    self._events.append(Press(last, press.key, press.down))

    def _press(self, event: Any, arrived: float) -> Press | None:
        kind = getattr(event, "evtype", None)
        if kind not in (xinput.RawKeyPress, xinput.RawKeyRelease):
            return None
        _, server_ms, code = _RAW_EVENT.unpack_from(event.data)
        t = min(arrived, self._server.latest(server_ms))
        key = self._names.get(code, f"key{code}")
        return Press(t, key, down=kind == xinput.RawKeyPress)


class XTestKeys:
    """Presses keys through the X server's test extension, as if a finger had."""

    def __init__(self) -> None:
        self._display = _connect()
        names = keycode_names(self._display)
        # Where two keys have one name, the one in the main row (the lower code) is pressed.
        self._codes = {names[code]: code for code in sorted(names, reverse=True)}

    @property
    def available(self) -> bool:
        """Whether the server lets us."""
        return bool(self._display.has_extension(xtest.extname))

    def send(self, key: str, *, down: bool) -> None:
        """Press or release a key now."""
        kind = X.KeyPress if down else X.KeyRelease
        xtest.fake_input(self._display, kind, self._codes[key])
        self._display.sync()

    def close(self) -> None:
        """Close the connection."""
        self._display.close()


def keycode_names(display: Any) -> dict[int, str]:
    """Name of every key of the keyboard's first layout, by its code."""
    low, high = display.display.info.min_keycode, display.display.info.max_keycode
    mapping = display.get_keyboard_mapping(low, high - low + 1)
    return {
        code: key_name(_KEYSYM_NAMES[keysyms[0]])
        for code, keysyms in enumerate(mapping, start=low)
        if keysyms[0] in _KEYSYM_NAMES
    }


def _connect() -> Any:
    try:
        return xdisplay.Display()
    except (error.DisplayError, error.XError, OSError) as failure:
        raise DeviceError(f"The X server cannot be reached ({failure}). Set DISPLAY.") from None


def _compare(display: Any, clock: Clock) -> ServerTime:
    """Ask the server for its time often enough to know its steps."""
    window = display.screen().root.create_window(
        0, 0, 1, 1, 0, 0, window_class=X.InputOnly, event_mask=X.PropertyChangeMask
    )
    atom = display.intern_atom("MBTEXP_TIME")
    readings = []
    for _ in range(COMPARISONS):
        before = clock.now()
        window.change_property(atom, atom, 8, b"")
        display.flush()
        event = display.next_event()
        while event.type != X.PropertyNotify:
            event = display.next_event()
        readings.append((before, clock.now(), event.time))
    window.destroy()
    reference = readings[0][2]
    latest = max(before - (ms - reference) / 1000 for before, _, ms in readings)
    earliest = min(after - (ms - reference) / 1000 for _, after, ms in readings)
    return ServerTime(reference, latest + SLACK_S, max(0.0, latest - earliest))
