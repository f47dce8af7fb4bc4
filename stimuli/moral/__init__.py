"""Short stories of everyday harm, each in eight versions: intent, outcome, and who did it.

Written for this project; a candidate set that a lab tries out before use.
"""
