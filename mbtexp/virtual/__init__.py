"""A laboratory without hardware: virtual screens for runs in no time, emulated boxes on real ports.

``lab`` has a clock that moves only on flips and waits, so a run takes no time; the same Run, log
and trigger sender work there as on a rig. The other modules stand in for single devices.

>>> lab = VirtualLab(refresh_hz=60)
>>> lab.display.draw(())
>>> round(lab.display.swap(lambda t: None), 4)
0.0167
"""

from mbtexp.virtual.lab import Frame, VirtualDisplay, VirtualLab

__all__ = ["Frame", "VirtualDisplay", "VirtualLab"]
