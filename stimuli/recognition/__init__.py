"""New words for the recognition of the polysemy targets, and the class of each of these targets.

A candidate list that a lab norms before use; nothing here is validated.
"""
