"""A pilot set: drawn faces in known steps of a trust axis, not normed; scores mean nothing."""
