"""English polysemous primes with an attachment sense, their targets, fillers and pseudowords.

A candidate list that a lab norms before use; nothing here is validated.
"""
