"""A participant's own photographs: made alike, kept apart, shown by token, erased with a record.

Nothing in here says a person's name or a picture's file name: not on the terminal, not in an error,
not in a log. A person is P1, P2 ..., a picture is a random token.
"""
