"""The line itself: a serial port, or a memory in its place; a write never raises, never waits.

pyserial opens the port. It does not write: its ``write`` spins for ever on a full buffer, or
reports a time-out for a byte that went out. One ``os.write`` on the non-blocking descriptor is
faster and never ambiguous. On Windows there is no such descriptor; pyserial's own unwaited write is
used, and never behind a byte that is still waiting.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from mbtexp.errors import DeviceError
from mbtexp.ports import Clock, Facts
from mbtexp.rig import TriggerSettings
from mbtexp.triggers.encode import check_settings

if TYPE_CHECKING:
    from serial import Serial
    from serial.tools.list_ports_common import ListPortInfo

WriteOutcome = Literal["sent", "blocked", "partial", "failed"]


class Written(NamedTuple):
    """What became of one write."""

    outcome: WriteOutcome
    errno: int | None = None


SENT = Written("sent")
BLOCKED = Written("blocked", errno.EAGAIN)


class Link(Protocol):
    """A line that takes bytes at once or says why not."""

    def write(self, data: bytes) -> Written:
        """Write all of ``data`` now, or not at all; never raises, never waits."""
        ...

    def stuck(self) -> bool:
        """Whether bytes that were taken have still not left the machine."""
        ...

    def describe(self) -> Facts:
        """Port and driver, for the log."""
        ...

    def close(self) -> None:
        """Give the port back."""
        ...


class RecordingLink:
    """A line into memory, for the virtual lab and for tests.

    Parameters
    ----------
    clock
        Stamps what arrives.
    byte_s
        Time that a byte takes on the wire; 86.8 microseconds at 115200 baud.
    faults
        What goes wrong at which write: ``blocked``, ``partial``, ``failed`` or ``raise``. Write 0
        is a sender's first return to zero (where the host ends the pulses).
    """

    def __init__(
        self,
        clock: Clock,
        *,
        byte_s: float = 0.0,
        faults: Mapping[int, Literal["blocked", "partial", "failed", "raise"]] | None = None,
    ) -> None:
        self._clock = clock
        self._byte_s = byte_s
        self._faults = dict(faults or {})
        self._writes = 0
        self.received: list[tuple[float, int]] = []
        """Each byte with its time of arrival, seconds on the run clock."""
        self.closed = False

    def write(self, data: bytes) -> Written:
        """Keep the bytes, unless a fault was asked for."""
        fault = self._faults.get(self._writes)
        self._writes += 1
        if fault == "raise":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if fault == "blocked":
            return BLOCKED
        if fault == "failed":
            return Written("failed", errno.EIO)
        taken = data[:-1] if fault == "partial" else data
        now = self._clock.now()
        for place, byte in enumerate(taken, start=1):
            self.received.append((now + place * self._byte_s, byte))
        return SENT if fault is None else Written("partial")

    def stuck(self) -> bool:
        """Never: what memory takes has arrived."""
        return False

    def codes(self) -> list[int]:
        """The codes that arrived: every byte but the line's rest."""
        return [byte for _, byte in self.received if byte]

    def describe(self) -> Facts:
        """Says that there is no wire."""
        return {"port": "memory"}

    def close(self) -> None:
        """Take no more notice of anything."""
        self.closed = True


class SerialLink:
    """A serial port, written to through its own descriptor."""

    def __init__(self, port: Serial, facts: Facts) -> None:
        self._port = port
        self._facts = facts
        self._descriptor: int = port.fileno()
        os.set_blocking(self._descriptor, False)

    def write(self, data: bytes) -> Written:
        """One ``os.write``; a second one only for the rest of a command that was cut."""
        taken = 0
        try:
            taken = os.write(self._descriptor, data)
            if 0 < taken < len(data):
                taken += os.write(self._descriptor, data[taken:])
        except BlockingIOError:
            return Written("partial", errno.EAGAIN) if taken else BLOCKED
        except OSError as error:
            return Written("partial" if taken else "failed", error.errno)
        if taken == len(data):
            return SENT
        return Written("partial") if taken else BLOCKED

    def stuck(self) -> bool:
        """Unknown to the descriptor: a port that takes no more refuses the next byte."""
        return False

    def describe(self) -> Facts:
        """Port, adapter and driver, for the log."""
        return self._facts

    def close(self) -> None:
        """Give the port back, even one that was pulled; later writes fail."""
        # The system may give the number of this descriptor to the next file that is opened.
        self._descriptor = -1
        with contextlib.suppress(OSError):
            self._port.close()


class UnwaitedLink:
    """A serial port where only pyserial can write (Windows), without waiting for completion."""

    def __init__(self, port: Serial, facts: Facts) -> None:
        self._port = port
        self._facts = facts

    def write(self, data: bytes) -> Written:
        """Hand the bytes over, unless earlier ones still wait: a late code is a false one."""
        try:
            if self._port.out_waiting:
                return BLOCKED
            self._port.write(data)
        except OSError as error:
            return Written("failed", error.errno)
        return SENT

    def stuck(self) -> bool:
        """Whether bytes are still waiting in the driver."""
        try:
            return bool(self._port.out_waiting)
        except OSError:
            return True

    def describe(self) -> Facts:
        """Port, adapter and driver, for the log."""
        return self._facts

    def close(self) -> None:
        """Give the port back, even one that was pulled."""
        with contextlib.suppress(OSError):
            self._port.close()


def open_link(settings: TriggerSettings, clock: Clock) -> SerialLink | UnwaitedLink:
    """The port that the rig names, open, settled and emptied of what it had to say.

    Raises
    ------
    SettingError
        The pulse is too short for the recorder.
    DeviceError
        The port is missing, busy, forbidden, no serial port, or cannot do the rate.
    """
    check_settings(settings)
    serial = _pyserial()
    try:
        port = serial.Serial(
            port=settings.port,
            baudrate=settings.baud,
            bytesize=serial.EIGHTBITS,
            parity=serial.PARITY_NONE,
            stopbits=serial.STOPBITS_ONE,
            xonxoff=False,
            rtscts=False,
            dsrdtr=False,
            timeout=0,
            write_timeout=0,
            exclusive=True,
        )
    except (OSError, ValueError) as error:
        raise DeviceError(_why_not_opened(settings, error)) from None
    clock.sleep_until(clock.now() + settings.settle_s)
    facts = {
        **_adapter(settings.port),
        "modem_lines": _raise_modem_lines(port),
        "pyserial": str(serial.__version__),
    }
    with contextlib.suppress(OSError):
        # What the box said while it started; flushing instead raises termios' own kind of error.
        port.read(port.in_waiting)
    return UnwaitedLink(port, facts) if os.name == "nt" else SerialLink(port, facts)


def found_ports() -> str:
    """The serial ports of this machine in one phrase, for a text that names a missing one."""
    ports = _list_ports()
    if not ports:
        return "no serial port was found on this machine"
    return "ports found: " + ", ".join(_spoken(port) for port in ports)


def _pyserial() -> ModuleType:
    # Here and not above: a run without a line needs no pyserial.
    try:
        import serial  # noqa: PLC0415
    except ImportError:
        raise DeviceError("pyserial is not installed; run: uv pip install pyserial") from None
    if not hasattr(serial, "Serial"):
        raise DeviceError(
            "a package named 'serial' is installed in the place of pyserial; "
            "run: uv pip uninstall serial, then: uv pip install --reinstall pyserial"
        )
    return serial


def _list_ports() -> Sequence[ListPortInfo]:
    from serial.tools import list_ports  # noqa: PLC0415

    return sorted(list_ports.comports())


def _spoken(port: ListPortInfo) -> str:
    identity = "" if port.vid is None else f"{port.vid:04x}:{port.pid:04x}, "
    return f"{port.device} ({identity}{port.description})"


def _adapter(name: str) -> Facts:
    real = os.path.realpath(name) if os.name != "nt" else name
    for port in _list_ports():
        if port.device in (name, real):
            return {
                "port": name,
                "device": port.device,
                "vid_pid": None if port.vid is None else f"{port.vid:04x}:{port.pid:04x}",
                "serial_number": port.serial_number,
                "description": port.description,
            }
    return {"port": name, "device": real}


def _raise_modem_lines(port: Any) -> str:
    """Set DTR and RTS, which some boxes draw their power from; a port may have none."""
    try:
        port.dtr = True
        port.rts = True
        port.cts  # noqa: B018  reading shows whether there are such lines at all
    except OSError:
        return "none"
    return "dtr and rts set"


def _why_not_opened(settings: TriggerSettings, error: OSError | ValueError) -> str:
    name, text = settings.port, str(error)
    where = f"rig.toml: trigger: port {name!r}"
    if isinstance(error, ValueError) and "baud" in text.lower():
        return f"{where} cannot do {settings.baud} baud; correct baud to what the box needs."
    number = getattr(error, "errno", None)
    if number == errno.ENOENT or "FileNotFoundError" in text:
        return f"{where} does not exist; plug the box in or correct the name ({found_ports()})."
    if number in (errno.EAGAIN, errno.EBUSY) or (os.name == "nt" and "PermissionError" in text):
        return f"{where} is in use by another program; close that program, then start again."
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"{where} may not be opened by this user; run: sudo usermod -a -G dialout $USER, "
            "then log out and in again."
        )
    if "Could not configure port" in text or number in (errno.ENOTTY, errno.EISDIR, errno.EINVAL):
        return f"{where} is not a serial port; name the port of the box ({found_ports()})."
    return f"{where} cannot be opened: {text}."
