"""Drawn whole faces: people who do not exist, from numbers, for pilots and demonstrations."""
