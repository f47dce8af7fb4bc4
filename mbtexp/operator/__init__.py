"""The operator's window: what is to be run, what is wrong with that, start, and how it went.

Qt is met in this package only. A run is another process, so that the window costs it nothing.
"""
