"""Where a browser may be sent to after a login: nowhere but here."""

from urllib.parse import urlsplit

LONGEST = 2000


def is_local_path(text: str) -> bool:
    """Tell whether every browser takes this for a path on the host that it talks to.

    Browsers drop tabs and line ends from URLs and read a backslash as a slash, so that none of them may be in it.
    """
    if not text.startswith("/") or text.startswith("//") or len(text) > LONGEST:
        return False
    if not text.isascii() or not text.isprintable() or "\\" in text or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc and not parts.path.startswith("//")
