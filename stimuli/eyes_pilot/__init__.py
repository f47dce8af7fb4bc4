"""A pilot set: drawn eye regions with four words each, not normed; no score measures anything."""
