"""Whom a token may be for."""

LONGEST_SUBJECT = 255


def objection_to_subject(subject: str) -> str | None:
    """Return the rule that a subject breaks, as the end of a sentence; None for one that can be."""
    if not subject.strip():
        return "must not be empty"
    if len(subject) > LONGEST_SUBJECT:
        return f"must have at most {LONGEST_SUBJECT} characters"
    if not subject.isprintable():
        return "must not hold control characters or direction marks"
    return None
