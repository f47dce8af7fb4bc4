"""Experimental tasks on a frame-accurate core: phases, a run, an event log, triggers."""
