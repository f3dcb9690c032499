"""Command lines in, calls of :mod:`mobilekit.pipeline` out; a command per file, no logic in any."""
