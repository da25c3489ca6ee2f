"""A text that cannot be stored makes one lab unreadable, never the listing."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from application.kernel.credentials import Credentials
from application.labs.ports import ControllerError, ControllerTarget, LabListing
from integration.labs.cml_controller_client import HttpCmlControllers
from tests.support.cml import CmlSimulator, a_lab

HALF = "\ud83d"


@pytest_asyncio.fixture
async def controllers() -> AsyncIterator[HttpCmlControllers]:
    made = HttpCmlControllers()
    yield made
    await made.close_async()


async def listed(controllers: HttpCmlControllers, cml: CmlSimulator, path: str, body: str, tiles: bool) -> LabListing:
    faults: list[dict[str, Any]] = [{"kind": "wrong_json", "path": path, "body": body}]
    cml.set_faults(*faults, *([] if tiles else [{"kind": "no_tiles"}]))
    return await controllers.list_labs_async(ControllerTarget("w1", cml.url, True, Credentials("admin", "password")))


def tiles_of(*labs: dict[str, Any]) -> str:
    return json.dumps({"lab_tiles": {lab["id"]: lab for lab in labs}})


@pytest.mark.parametrize(
    "field", [{"lab_title": f"cut {HALF}"}, {"lab_notes": HALF}, {"owner_fullname": HALF}, {"groups": [{"name": HALF}]}]
)
async def test_only_the_lab_with_half_a_pair_is_a_failure(
    controllers: HttpCmlControllers, cml: CmlSimulator, field: dict[str, Any]
) -> None:
    body = tiles_of(a_lab(1, **field), a_lab(2, lab_title="whole \U0001f600"), a_lab(3))
    for _ in range(2):
        listing = await listed(controllers, cml, "/populate_lab_tiles", body, tiles=True)
        assert not listing.complete
        assert [lab.title for lab in listing.labs] == ["whole \U0001f600", "BGP basics 3"]
        assert [failure.lab_id for failure in listing.failures] == [a_lab(1)["id"]]
    mended = await listed(controllers, cml, "/populate_lab_tiles", tiles_of(a_lab(1), a_lab(2), a_lab(3)), tiles=True)
    assert mended.complete
    assert len(mended.labs) == 3


async def test_a_lab_of_its_own_call_is_a_failure_too(controllers: HttpCmlControllers, cml: CmlSimulator) -> None:
    broken = json.dumps(a_lab(1, lab_title=HALF))
    listing = await listed(controllers, cml, f"/labs/{a_lab(1)['id']}", broken, tiles=False)
    assert [lab.lab_id for lab in listing.labs] == [a_lab(2)["id"], a_lab(3)["id"]]
    assert [failure.reason for failure in listing.failures] == ["lab_title is not a text"]


async def test_half_a_pair_in_what_is_not_kept_or_in_a_name_does_no_harm(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    body = tiles_of(a_lab(1, node_titles=[HALF], **{HALF: 1}), a_lab(2), a_lab(3))
    listing = await listed(controllers, cml, "/populate_lab_tiles", body, tiles=True)
    assert listing.complete
    assert len(listing.labs) == 3


@pytest.mark.parametrize("tail", ["", "}", ', "x": NaN}'], ids=["truncated", "wrong brackets", "not a number"])
async def test_what_is_no_json_anyhow_stays_unreadable(
    controllers: HttpCmlControllers, cml: CmlSimulator, tail: str
) -> None:
    body = tiles_of(a_lab(1, lab_title=HALF))[:-2] + tail
    with pytest.raises(ControllerError) as refused:
        await listed(controllers, cml, "/populate_lab_tiles", body, tiles=True)
    assert refused.value.cause == "invalid_answer"
