"""The parallel port: eight lines that take a value at once; Linux' ppdev, or inpoutx64 on Windows.

Not tried on a real port. Linux needs the module ``ppdev``, no ``lp``, and the group ``lp``.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Any, Protocol

from mbtexp.errors import DeviceError
from mbtexp.port import SENT, Written
from mbtexp.ports import Facts

# linux/ppdev.h
PPCLAIM = 0x708B
PPRELEASE = 0x708C
PPEXCL = 0x708F
PPDATADIR = 0x40047090
PPWDATA = 0x40017086

DRIVER = "inpoutx64.dll"


class Register(Protocol):
    """The data lines of a parallel port."""

    def put(self, value: int) -> None:
        """Show a value; raises ``OSError`` if the port is gone."""
        ...

    def close(self) -> None:
        """Give the port back."""
        ...


class LinuxRegister:
    """A port of Linux, ours alone, its data lines as outputs."""

    def __init__(self, name: str) -> None:
        import fcntl  # noqa: PLC0415  not on Windows

        self._ioctl = fcntl.ioctl
        self._values = tuple(bytes([value]) for value in range(256))
        self._port = os.open(name, os.O_RDWR)
        try:
            self._ioctl(self._port, PPEXCL)
            self._ioctl(self._port, PPCLAIM)
            self._ioctl(self._port, PPDATADIR, bytes(4))  # 0: outwards
        except OSError:
            os.close(self._port)
            raise

    def put(self, value: int) -> None:
        """One call; the driver writes the register and returns."""
        self._ioctl(self._port, PPWDATA, self._values[value])

    def close(self) -> None:
        """Release and close."""
        try:
            self._ioctl(self._port, PPRELEASE)
        finally:
            os.close(self._port)


class WindowsRegister:
    """A port of Windows, by its address, through the driver inpoutx64."""

    def __init__(self, address: int, library: Any) -> None:
        self._address = address
        self._out = library.Out32

    def put(self, value: int) -> None:
        """One call into the driver."""
        self._out(self._address, value)

    def close(self) -> None:
        """The driver keeps nothing."""


class ParallelLink:
    """A parallel port as a line: a byte is the value of its lines.

    Parameters
    ----------
    register
        Its data lines.
    name
        As the rig names it.
    where
        The file's section, for the text of an error.
    """

    def __init__(self, register: Register, name: str, *, where: str) -> None:
        self._register = register
        self._name = name
        self._where = where

    def write(self, data: bytes) -> Written:
        """Show each byte; never raises, never waits."""
        try:
            for value in data:
                self._register.put(value)
        except OSError as error:
            return Written("failed", error.errno)
        return SENT

    def stuck(self) -> bool:
        """Never: the lines change at once."""
        return False

    def relieve(self) -> None:
        """Nothing comes back."""

    def reopen(self) -> None:
        """Close and open again."""
        self.close()
        self._register = _register(self._name, self._where)

    def describe(self) -> Facts:
        """The port, for the log."""
        return {"port": self._name, "box": "silent: only the recorder can tell that codes arrive"}

    def close(self) -> None:
        """Give the port back, even one that is gone."""
        try:
            self._register.close()
        except OSError:
            return


def open_parallel(name: str, *, where: str) -> ParallelLink:
    """The parallel port of that name, open: ``/dev/parport0``, or an address such as ``0x378``.

    Raises
    ------
    DeviceError
        It is missing, busy, forbidden or no parallel port.
    """
    return ParallelLink(_register(name, where), name, where=where)


def _register(name: str, where: str) -> Register:
    return _windows(name, where) if os.name == "nt" else _linux(name, where)


def _linux(name: str, where: str) -> Register:
    which = f"{where}: parallel port {name!r}"
    try:
        return LinuxRegister(name)
    except OSError as error:
        match error.errno:
            case errno.ENOENT | errno.ENXIO | errno.ENODEV:
                why = "does not exist; run: sudo modprobe ppdev, and name /dev/parport0"
            case errno.EACCES | errno.EPERM:
                why = "may not be opened by this user; run: sudo usermod -a -G lp $USER"
            case errno.EBUSY | errno.EAGAIN:
                why = "is in use; run: sudo rmmod lp, and close other programs"
            case errno.ENOTTY | errno.EISDIR | errno.EINVAL:
                why = "is no parallel port; name /dev/parport0"
            case _:
                why = f"cannot be opened: {error.strerror}"
        raise DeviceError(f"{which} {why}.") from None


def _windows(name: str, where: str) -> Register:
    which = f"{where}: parallel port {name!r}"
    try:
        address = int(name, 16)
    except ValueError:
        raise DeviceError(
            f"{which} is no address; write it as the device manager shows it, such as 0x378."
        ) from None
    try:
        library = ctypes.CDLL(DRIVER)
    except OSError:
        raise DeviceError(f"{which} needs the driver {DRIVER}; install it, then restart.") from None
    if not library.IsInpOutDriverOpen():
        raise DeviceError(f"{which}: the driver {DRIVER} does not start; run it once as admin.")
    return WindowsRegister(address, library)
