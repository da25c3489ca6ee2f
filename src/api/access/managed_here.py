"""Where Connect decides who there is, nobody else does."""

from fastapi import Depends, Request

from api.kernel.problems import RefusedError
from application.access.installation import AccessInstallation
from application.kernel.refusals import Refusal


def _refuse_unless_managed_here(request: Request) -> None:
    installation: AccessInstallation = request.app.state.services.get_required_service(AccessInstallation)
    if not installation.managed_here:
        detail = "users, organisations and memberships are those of Connect; change them there"
        raise RefusedError(Refusal(409, "managed-by-connect", "Managed by Connect", detail))


MANAGED_HERE = [Depends(_refuse_unless_managed_here)]
"""Asked before the body is looked at."""
