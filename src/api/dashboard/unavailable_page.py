"""The page of a browser whose request cannot be answered now. It needs nothing that could be missing, too."""

import html
import math

from fastapi import Response

from domain.kernel.errors import UnavailableError

_HEADERS = {"Content-Security-Policy": "default-src 'none'", "X-Frame-Options": "DENY", "Cache-Control": "no-store"}
_LEAST_SECONDS = 5
_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>No answer · Labkeeper</title>
</head>
<body>
  <main>
    <h1>Labkeeper cannot answer right now</h1>
    <p role="alert">{why}.</p>
    <p>This page tries again every {seconds} seconds. <a href="">Try again now</a></p>
  </main>
</body>
</html>
"""


def unavailable_page(error: UnavailableError) -> Response:
    """Return a 503 that a browser shows, and follows by asking again."""
    seconds = max(_LEAST_SECONDS, math.ceil(error.retry_after_seconds))
    text = _PAGE.format(why=html.escape(str(error)), seconds=seconds)
    headers = {**_HEADERS, "Retry-After": str(seconds), "Refresh": str(seconds)}
    return Response(text, 503, headers, "text/html; charset=utf-8")
