"""Opening the trigger line that a rig asks for, or none."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mbtexp.errors import DeviceError
from mbtexp.port import Ports
from mbtexp.ports import Clock, Facts, Trigger
from mbtexp.triggers.link import Link, RecordingLink, open_link
from mbtexp.triggers.sender import Sender

if TYPE_CHECKING:
    from mbtexp.rig import TriggerSettings
    from mbtexp.triggers.lsl import Outlet


class NoTrigger:
    """No trigger line at all: takes every code and does nothing (behavioural rigs)."""

    def belongs_to(self, trial: int | None) -> None:
        """No code is kept."""

    def arm(self, code: int, name: str) -> None:
        """Nothing to bind."""

    def at_swap(self, t_flip: float) -> None:
        """Nothing to send."""

    def send(self, code: int, name: str, t_event: float) -> None:
        """Nowhere to send it."""

    def service(self, t: float) -> None:
        """Nothing to do."""

    def drain(self) -> list[Facts]:
        """No code leaves a record."""
        return []

    def lost(self) -> int:
        """Nothing can be lost."""
        return 0

    def settle(self) -> None:
        """Always at rest."""

    def describe(self) -> Facts:
        """Says that there is no line."""
        return {"device": "none"}

    def reopen(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to give back."""

    def counts(self) -> Facts:
        """No code was asked of a line."""
        return {"requested": 0, "lost": 0}

    def losses(self, since: int = 0) -> list[Facts]:  # noqa: ARG002
        """None."""
        return []

    def loss_report(self, since: int = 0) -> str:  # noqa: ARG002
        """Nothing to tell."""
        return ""


def open_trigger(
    settings: TriggerSettings,
    clock: Clock,
    ports: Ports | None = None,
    *,
    memory: bool = False,
    mock: bool = False,
    values: Mapping[int, int] | None = None,
) -> Trigger:
    """The trigger line that the rig asks for, open; ``NoTrigger`` where it asks for none.

    Parameters
    ----------
    settings
        The rig's trigger line.
    clock
        The run clock.
    ports
        The run's ports, where a response box may share this one.
    memory
        Whether the codes end in memory (virtual lab, pilot), whatever the rig has.
    mock
        The same in a lab with a participant: no code is ever called sent.
    values
        What goes out for each code, if not the code itself (a compact map).

    Raises
    ------
    MbtexpError
        The line cannot be driven as the rig says, or is not there, or its box does not answer.
    """
    if settings.device == "none":
        return NoTrigger()
    if memory or mock:
        return Sender(settings, RecordingLink(clock), clock, mock=mock, values=values)
    link = open_link(settings, clock, ports)
    return Sender(settings, link, clock, outlet=_outlet(settings, clock, link), values=values)


def _outlet(settings: TriggerSettings, clock: Clock, link: Link) -> Outlet | None:
    if not settings.lsl and settings.device != "lsl":
        return None
    from mbtexp.triggers.lsl import Outlet  # noqa: PLC0415  few have it installed

    try:
        return Outlet(clock, socket.gethostname())
    except DeviceError:
        link.close()
        raise
