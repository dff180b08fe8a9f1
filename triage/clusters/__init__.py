"""Decision files: their grammar, how they are read and edited, and the rules of their graph."""
