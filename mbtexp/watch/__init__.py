"""What the operator sees while a session goes on: read from the logs alone, in another process."""
