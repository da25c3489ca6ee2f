"""Whether a browser's request comes from our own pages: what a cookie alone must not be trusted for."""

from urllib.parse import urlsplit

from api.kernel.presented import Presented

_OWN_SITES = frozenset({"same-origin", "none"})


def comes_from_elsewhere(presented: Presented, public_url: str) -> bool:
    """Tell whether a request that may change something was set in motion by another site's page.

    ``Sec-Fetch-Site`` and ``Origin`` must both speak for us where they are sent. A request with neither comes from no
    browser of these years, and cookies of ours are SameSite=Lax besides.

    Args:
        public_url: where this installation is known; empty when that is where the request went.
    """
    if not presented.unsafe:
        return False
    if presented.fetch_site is not None and presented.fetch_site not in _OWN_SITES:
        return True
    if presented.origin is None:
        return False
    try:
        origin = urlsplit(presented.origin)
        own = urlsplit(public_url)
    except ValueError:
        return True
    if origin.scheme not in ("http", "https") or not origin.netloc:
        return True
    if public_url:
        return (origin.scheme, origin.netloc.lower()) != (own.scheme, own.netloc.lower()) and not _is_host(
            origin.netloc, presented
        )
    return not _is_host(origin.netloc, presented)


def _is_host(netloc: str, presented: Presented) -> bool:
    return netloc.lower() == presented.host.lower()
