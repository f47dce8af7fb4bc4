"""The scanner's pulses: where they come from, how they are counted, how many there should be.

``counter``, ``period`` and ``volumes`` only calculate. ``source`` brings pulses that are no
key presses in among the presses; ``emulate`` is such a source without a scanner.
"""
