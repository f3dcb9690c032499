"""One rule family per file; each offers ``RULES``, in the order in which they are tried."""
