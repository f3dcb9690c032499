"""Models compiled ahead of time for one chip, by its maker's compiler: variants beside the file for all."""
