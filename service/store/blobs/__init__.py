"""Large byte strings: the folder they lie in, when a value goes there, and which rows refer to it."""
