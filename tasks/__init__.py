"""The paradigms, one module each; a module reads top to bottom like a method section."""
