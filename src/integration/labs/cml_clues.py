"""What a controller said where it should have said an id, shown so that people find the lab: short, and harmless."""

LONGEST_SHOWN = 64


def shown(value: object) -> str:
    """Return a value as people may read it: a text in quotes, cut, with control and formatting characters escaped."""
    if isinstance(value, str):
        return f"{value[:LONGEST_SHOWN]!r}{'...' if len(value) > LONGEST_SHOWN else ''}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return str(value)[:LONGEST_SHOWN]
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else "a text that cannot be stored"


def title_clue(data: object) -> str:
    """Return which title the unusable lab has, to be added to a reason; empty when it has none."""
    title = data.get("lab_title") if isinstance(data, dict) else None
    return f" (its title is {shown(title)})" if isinstance(title, str) and title else ""
