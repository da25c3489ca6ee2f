"""Numbers with their nouns."""


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 rule`` or ``2 rules``; ``plural`` where an s does not make it."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
