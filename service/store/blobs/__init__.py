"""Large byte strings: the folder that holds them, the choice between row and blob, and references from rows."""
