"""Pages from their templates, with the headers that all of them have."""

from collections.abc import Mapping

from fastapi import Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from api.dashboard.installation import DashboardInstallation
from api.dashboard.static_files import PLOTLY, StaticFiles

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class PageShell:
    """Renders pages. What is shown in them is escaped."""

    def __init__(self, static: StaticFiles, installation: DashboardInstallation) -> None:
        self._static = static
        self._installation = installation
        self._templates = Environment(
            loader=PackageLoader("api.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, template: str, shown: Mapping[str, object], status: int = 200) -> Response:
        """Return a page; ``shown`` is what its template names."""
        text = self._templates.get_template(template).render(
            static=f"/static/{self._static.version}", plotly=PLOTLY, installation=self._installation, **shown
        )
        return Response(text, status, HEADERS, "text/html; charset=utf-8")
