"""Lists of records that are given again for as long as the store stands as it did."""

from collections.abc import Mapping

from fastapi import Response

from api.kernel.remembered_answers import RememberedAnswer
from api.records.freshness import age_headers
from application.records.finding_again import Again
from domain.kernel.clock import Clock


def list_answer(
    body: bytes, fixed: Mapping[str, str], age: Mapping[str, str], again: Again | None, clock: Clock
) -> Response:
    """Return a list.

    Args:
        fixed: headers that stay as they are while the body does.
        age: those that say how old it is now.
    """
    headers = {**fixed, **age}
    if again is None:
        return Response(body, 200, headers, "application/json")

    async def renewed() -> Mapping[str, str] | None:
        mark = await again()
        return None if mark is None else {**fixed, **age_headers(clock, mark.as_of, mark.stale_since)}

    return RememberedAnswer(body, headers, renewed)
