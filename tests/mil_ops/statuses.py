"""What may become of a case."""

RIGHT, WRONG, FAILED, SKIPPED, NOTHING = "right", "wrong", "failed", "skipped", "nothing compared"
