"""What lies beside the paths of the drop-in, answered as the system of record does."""

import re

from fastapi import Request, Response

from api.kernel.authorization import public
from api.kernel.query_strings import takes_last_of_repeated, takes_other_parameters
from api.records.export_route import bare
from application.kernel.refusals import Refusal, missing

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_SERVED = re.compile(r"/export/(labs_record|opp_org_program_list|opportunity/\d{1,18})/", re.ASCII).fullmatch


@public
@takes_other_parameters
@takes_last_of_repeated
async def elsewhere(request: Request) -> Response:
    """A path without its last slash is redirected to the one with it; another method is 405, another path 404."""
    path = request.url.path
    if _SERVED(path):
        return bare(Refusal(405, "method-not-allowed", "Method not allowed", f'Method "{request.method}" not allowed.'))
    if _SERVED(f"{path}/"):
        query = request.url.query
        return Response(status_code=307, headers={"Location": f"{path}/{f'?{query}' if query else ''}"})
    return bare(missing("path", ""))
