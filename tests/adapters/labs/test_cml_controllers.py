"""Listing labs over HTTP, from controllers that are well, slow, lying or gone."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from application.kernel.credentials import Credentials
from application.labs.ports import ControllerError, ControllerTarget, LabListing
from integration.http.address_policy import AddressPolicy
from integration.http.retry import RetryPolicy
from integration.labs.cml_controller_client import HttpCmlControllers
from tests.support.certificates import self_signed
from tests.support.cml import TOKEN_CALL, CmlFactory, CmlSimulator, a_lab
from tests.support.mongo import free_port

TILES = "GET /populate_lab_tiles"
IDS = "GET /labs"
MakeControllers = Callable[..., HttpCmlControllers]


@pytest_asyncio.fixture
async def make_controllers() -> AsyncIterator[MakeControllers]:
    made: list[HttpCmlControllers] = []

    def make(**arguments: Any) -> HttpCmlControllers:
        usual = {"retry": RetryPolicy(attempts=3, base_seconds=0.01), "request_timeout_seconds": 60.0}
        made.append(HttpCmlControllers(**{**usual, **arguments}))
        return made[-1]

    yield make
    for controllers in made:
        await controllers.close_async()


@pytest.fixture
def controllers(make_controllers: MakeControllers) -> HttpCmlControllers:
    return make_controllers()


def target(url: str, *, worker_id: str = "w1", password: str = "password", verify_tls: bool = True) -> ControllerTarget:
    return ControllerTarget(worker_id, url, verify_tls, Credentials("admin", password))


def details(calls: dict[str, int]) -> int:
    return sum(count for call, count in calls.items() if call.startswith("GET /labs/"))


def ids(listing: LabListing) -> list[str]:
    return sorted(lab.lab_id for lab in listing.labs)


async def refused(controllers: HttpCmlControllers, asked: ControllerTarget) -> ControllerError:
    with pytest.raises(ControllerError) as caught:
        await controllers.list_labs_async(asked)
    error = caught.value
    assert error.url.startswith(asked.endpoint_url)
    assert error.url in str(error)
    assert error.cause in str(error)
    assert asked.credentials.password not in str(error).split()
    assert error.status == (502 if error.cause in ("unauthorised", "invalid_answer") else 503)
    return error


async def test_all_labs_come_in_one_call(controllers: HttpCmlControllers, cml: CmlSimulator) -> None:
    await controllers.list_labs_async(target(cml.url))
    cml.calls(forget=True)
    listing = await controllers.list_labs_async(target(cml.url))
    assert listing.complete
    assert ids(listing) == [a_lab(1)["id"], a_lab(2)["id"], a_lab(3)["id"]]
    assert cml.calls() == {TILES: 1}


async def test_an_answer_that_says_the_same_again_is_not_read_again(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    first = await controllers.list_labs_async(target(cml.url))
    assert await controllers.list_labs_async(target(cml.url)) is first
    cml.set_labs([a_lab(1), a_lab(2, state="STOPPED"), a_lab(3)])
    changed = await controllers.list_labs_async(target(cml.url))
    assert [lab.state for lab in changed.labs] == ["STARTED", "STOPPED", "STARTED"]
    cml.set_labs([a_lab(1), a_lab(2), a_lab(3)])
    assert (await controllers.list_labs_async(target(cml.url))).labs == first.labs


async def test_the_same_answer_is_compared_with_the_ids_when_that_is_due(
    make_controllers: MakeControllers, cml: CmlSimulator
) -> None:
    seconds = 0.0
    controllers = make_controllers(monotonic=lambda: seconds)
    await controllers.list_labs_async(target(cml.url))
    cml.calls(forget=True)
    seconds = 5 * 3600.0
    assert (await controllers.list_labs_async(target(cml.url))).complete
    assert cml.calls() == {TILES: 1, IDS: 1}


async def test_the_first_listing_is_compared_with_the_ids(controllers: HttpCmlControllers, cml: CmlSimulator) -> None:
    assert (await controllers.list_labs_async(target(cml.url))).complete
    assert cml.calls() == {"GET /system_information": 1, TOKEN_CALL: 1, TILES: 1, IDS: 1}


async def test_labs_that_the_tiles_hide_are_asked_for_one_by_one(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    cml.set_faults({"kind": "half_listing", "path": "/populate_lab_tiles"})
    for _ in range(2):
        listing = await controllers.list_labs_async(target(cml.url))
        assert listing.complete
        assert len(listing.labs) == 3


async def test_without_tiles_the_labs_come_one_by_one(controllers: HttpCmlControllers, cml: CmlSimulator) -> None:
    cml.set_faults({"kind": "no_tiles"})
    for _ in range(2):
        listing = await controllers.list_labs_async(target(cml.url))
        assert listing.complete
        assert len(listing.labs) == 3
    calls = cml.calls()
    assert (calls[TILES], calls[IDS], details(calls)) == (1, 2, 6)


async def test_tiles_are_asked_for_again_after_an_hour(make_controllers: MakeControllers, cml: CmlSimulator) -> None:
    now = [0.0]
    controllers = make_controllers(monotonic=lambda: now[0])
    cml.set_faults({"kind": "no_tiles"})
    await controllers.list_labs_async(target(cml.url))
    cml.set_faults()
    now[0] = 3601.0
    cml.calls(forget=True)
    await controllers.list_labs_async(target(cml.url))
    assert cml.calls()[TILES] == 1


async def test_a_server_error_that_means_not_found_counts_as_not_offered(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    body = '{"code":500,"description":"Endpoint not found"}'
    cml.set_faults({"kind": "status", "status": 500, "path": "/populate_lab_tiles", "body": body})
    assert len((await controllers.list_labs_async(target(cml.url))).labs) == 3


async def test_the_path_of_the_endpoint_may_name_the_api(controllers: HttpCmlControllers, cml: CmlSimulator) -> None:
    assert len((await controllers.list_labs_async(target(f"{cml.url}/api/v0/"))).labs) == 3


async def test_an_empty_controller_is_a_complete_empty_listing(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    cml.set_labs([])
    assert await controllers.list_labs_async(target(cml.url)) == LabListing((), (), True, None)


@pytest.mark.parametrize("tiles", [True, False])
async def test_a_deleted_lab_is_absent_from_a_complete_listing(
    controllers: HttpCmlControllers, cml: CmlSimulator, tiles: bool
) -> None:
    cml.set_faults(*([] if tiles else [{"kind": "no_tiles"}]))
    await controllers.list_labs_async(target(cml.url))
    cml.set_labs([a_lab(1), a_lab(3)])
    listing = await controllers.list_labs_async(target(cml.url))
    assert (listing.complete, ids(listing)) == (True, [a_lab(1)["id"], a_lab(3)["id"]])


async def test_tiles_that_turn_empty_are_not_believed(controllers: HttpCmlControllers, cml: CmlSimulator) -> None:
    await controllers.list_labs_async(target(cml.url))
    cml.set_faults({"kind": "empty_listing", "path": "/populate_lab_tiles"})
    listing = await controllers.list_labs_async(target(cml.url))
    assert (listing.complete, len(listing.labs)) == (True, 3)


async def test_an_empty_listing_of_a_controller_that_is_not_ready_is_none(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    await controllers.list_labs_async(target(cml.url))
    cml.set_faults(
        {"kind": "empty_listing"},
        {"kind": "wrong_json", "path": "/system_information", "body": '{"version":"2.9.0","ready":false}'},
    )
    assert (await refused(controllers, target(cml.url))).cause == "not_ready"


async def test_absence_that_cannot_be_confirmed_leaves_the_listing_incomplete(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    await controllers.list_labs_async(target(cml.url))
    cml.set_labs([a_lab(1)])
    cml.set_faults({"kind": "html", "path": "/labs"})
    listing = await controllers.list_labs_async(target(cml.url))
    assert (listing.complete, ids(listing)) == (False, [a_lab(1)["id"]])
    assert listing.incomplete_reason is not None


async def test_a_full_listing_that_turns_empty_everywhere_is_told_as_it_is(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    await controllers.list_labs_async(target(cml.url))
    cml.set_faults({"kind": "empty_listing"})
    assert await controllers.list_labs_async(target(cml.url)) == LabListing((), (), True, None)


async def test_a_lab_that_vanishes_between_the_calls_is_a_failure_and_the_others_go_on(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    cml.set_faults({"kind": "no_tiles"}, {"kind": "labs_vanish_midlisting"})
    listing = await controllers.list_labs_async(target(cml.url))
    assert (listing.complete, ids(listing)) == (False, [a_lab(2)["id"], a_lab(3)["id"]])
    assert [(failure.lab_id, failure.reason) for failure in listing.failures] == [
        (a_lab(1)["id"], "vanished between the calls")
    ]


@pytest.mark.parametrize("tiles", [True, False])
@pytest.mark.parametrize("kind", ["bad_lab", "changed_types"])
async def test_a_lab_with_missing_or_changed_fields_is_a_failure_and_the_others_go_on(
    controllers: HttpCmlControllers, cml: CmlSimulator, kind: str, tiles: bool
) -> None:
    path = "/populate_lab_tiles" if tiles else f"/labs/{a_lab(1)['id']}"
    cml.set_faults({"kind": kind, "path": path}, *([] if tiles else [{"kind": "no_tiles"}]))
    listing = await controllers.list_labs_async(target(cml.url))
    assert (listing.complete, ids(listing)) == (False, [a_lab(2)["id"], a_lab(3)["id"]])
    assert [failure.lab_id for failure in listing.failures] == [a_lab(1)["id"]]
    assert listing.incomplete_reason == "1 of 3 labs could not be read"


async def test_ids_that_are_none_are_failures_which_show_what_they_were(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    said = json.dumps([a_lab(1)["id"], "a b\x07", 7, None, "x" * 70])
    cml.set_faults({"kind": "no_tiles"}, {"kind": "wrong_json", "path": "/labs", "body": said})
    listing = await controllers.list_labs_async(target(cml.url))
    assert ids(listing) == [a_lab(1)["id"]]
    assert [failure.reason for failure in listing.failures] == [
        r"id is malformed: it is 'a b\x07'",
        "id is malformed: it is 7",
        "id is malformed: it is null",
        f"id is malformed: it is '{'x' * 64}'...",
    ]


async def test_one_lab_that_breaks_its_controller_does_not_stop_the_others(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    cml.set_faults({"kind": "no_tiles"}, {"kind": "status", "status": 500, "path": f"/labs/{a_lab(2)['id']}"})
    listing = await controllers.list_labs_async(target(cml.url))
    assert ids(listing) == [a_lab(1)["id"], a_lab(3)["id"]]


async def test_when_no_lab_at_all_can_be_read_there_is_no_listing(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    cml.set_faults({"kind": "no_tiles"}, {"kind": "status", "status": 500, "path": "/labs/*"})
    assert (await refused(controllers, target(cml.url))).cause == "invalid_answer"


@pytest.mark.parametrize("path", ["/populate_lab_tiles", "/labs", "/authenticate"])
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"kind": "status", "status": 500}, "invalid_answer"),
        ({"kind": "status", "status": 502}, "not_ready"),
        ({"kind": "wrong_json"}, "invalid_answer"),
        ({"kind": "truncated_json"}, "invalid_answer"),
        ({"kind": "html"}, "invalid_answer"),
        ({"kind": "drop_connection"}, "unreachable"),
        ({"kind": "hang"}, "timed_out"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())),
)
async def test_an_answer_that_is_no_listing_is_an_error(
    make_controllers: MakeControllers, cml: CmlSimulator, path: str, fault: dict[str, Any], cause: str
) -> None:
    # A busy controller is no hanging one: only where it hangs is it left soon.
    controllers = make_controllers(request_timeout_seconds=0.5 if cause == "timed_out" else 60.0)
    tiles = [{"kind": "no_tiles"}] if path == "/labs" else []
    cml.set_faults({**fault, "path": path}, *tiles)
    assert (await refused(controllers, target(cml.url))).cause == cause


async def test_a_slow_drip_ends_at_the_deadline(make_controllers: MakeControllers, cml: CmlSimulator) -> None:
    controllers = make_controllers(deadline_seconds=0.7)
    cml.set_faults({"kind": "slow_drip", "path": "/populate_lab_tiles", "seconds": 0.05})
    started = time.monotonic()
    assert (await refused(controllers, target(cml.url))).cause == "timed_out"
    assert time.monotonic() - started < 45, "not at the end of its minute"


async def test_a_short_outage_is_bridged(controllers: HttpCmlControllers, cml: CmlSimulator) -> None:
    cml.set_faults({"kind": "status", "status": 502, "path": "/populate_lab_tiles", "times": 2})
    assert (await controllers.list_labs_async(target(cml.url))).complete
    assert cml.calls()[TILES] == 3


async def test_a_controller_that_is_not_ready_says_so(controllers: HttpCmlControllers, cml: CmlSimulator) -> None:
    cml.set_faults({"kind": "not_ready"})
    error = await refused(controllers, target(cml.url))
    assert error.cause == "not_ready"
    assert TOKEN_CALL not in cml.calls()


async def test_wrong_credentials_are_unauthorised_and_not_tried_again(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    error = await refused(controllers, target(cml.url, password="wrong-Secret-1"))
    assert (error.cause, cml.calls()[TOKEN_CALL]) == ("unauthorised", 1)
    assert "wrong-Secret-1" not in repr(target(cml.url, password="wrong-Secret-1"))


async def test_an_expired_token_is_renewed_once(controllers: HttpCmlControllers, cml: CmlSimulator) -> None:
    await controllers.list_labs_async(target(cml.url))
    cml.set_faults({"kind": "token_expires", "times": 1})
    cml.calls(forget=True)
    assert (await controllers.list_labs_async(target(cml.url))).complete
    assert (cml.calls()[TOKEN_CALL], cml.calls()[TILES]) == (1, 2)


async def test_a_token_that_expires_between_details_is_renewed_once_for_all(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    cml.set_labs([a_lab(number) for number in range(30)])
    cml.set_faults({"kind": "no_tiles"}, {"kind": "token_expires", "path": "/labs/*", "after": 10, "times": 1})
    listing = await controllers.list_labs_async(target(cml.url))
    assert (listing.complete, len(listing.labs)) == (True, 30)
    assert cml.calls()[TOKEN_CALL] == 2


async def test_a_new_token_that_is_refused_as_well_is_unauthorised(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    cml.set_faults({"kind": "token_expires", "path": "/populate_lab_tiles"})
    assert (await refused(controllers, target(cml.url))).cause == "unauthorised"
    assert cml.calls()[TOKEN_CALL] == 2


async def test_changed_credentials_do_not_use_the_old_token(controllers: HttpCmlControllers, cml: CmlSimulator) -> None:
    await controllers.list_labs_async(target(cml.url))
    assert (await refused(controllers, target(cml.url, password="changed"))).cause == "unauthorised"


async def test_a_forgotten_worker_logs_in_again(controllers: HttpCmlControllers, cml: CmlSimulator) -> None:
    await controllers.list_labs_async(target(cml.url))
    await controllers.forget_async("w1")
    await controllers.forget_async("never seen")
    await controllers.list_labs_async(target(cml.url))
    assert cml.calls()[TOKEN_CALL] == 2


async def test_details_are_asked_for_a_few_at_a_time(make_controllers: MakeControllers, cml: CmlSimulator) -> None:
    controllers = make_controllers(detail_concurrency=3)
    cml.set_labs([a_lab(number) for number in range(12)])
    cml.set_faults({"kind": "no_tiles"}, {"kind": "latency", "seconds": 0.2, "path": "/labs/*"})
    started = time.monotonic()
    asked = [target(cml.url, worker_id=worker) for worker in ("w1", "w2")]
    listings = await asyncio.gather(*(controllers.list_labs_async(one) for one in asked))
    assert [len(listing.labs) for listing in listings] == [12, 12]
    assert time.monotonic() - started > 0.2 * 24 / 3 * 0.95


async def test_nobody_there_is_unreachable(controllers: HttpCmlControllers) -> None:
    assert (await refused(controllers, target(f"http://127.0.0.1:{free_port()}"))).cause == "unreachable"


async def test_an_address_that_is_never_called_is_unreachable(controllers: HttpCmlControllers) -> None:
    error = await refused(controllers, target("http://169.254.169.254"))
    assert error.cause == "unreachable"
    assert "link-local" in str(error)


async def test_a_self_signed_certificate_is_refused_unless_verification_is_off(
    controllers: HttpCmlControllers, cml_factory: CmlFactory, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = self_signed(tmp_path_factory.mktemp("tls"), "localhost")
    https = cml_factory(tls_cert=made.certificate, tls_key=made.key)
    error = await refused(controllers, target(https.url))
    assert error.cause == "tls"
    listing = await controllers.list_labs_async(target(https.url, verify_tls=False))
    assert len(listing.labs) == 3


async def test_tls_to_a_controller_without_it_is_a_tls_failure(
    controllers: HttpCmlControllers, cml: CmlSimulator
) -> None:
    assert (await refused(controllers, target(cml.url.replace("http:", "https:")))).cause == "tls"


async def test_five_failures_open_the_circuit_of_this_worker_only(
    make_controllers: MakeControllers, cml: CmlSimulator
) -> None:
    now = [0.0]
    controllers = make_controllers(monotonic=lambda: now[0])
    cml.set_faults({"kind": "status", "status": 500, "path": "/populate_lab_tiles"})
    for _ in range(5):
        assert (await refused(controllers, target(cml.url))).cause == "invalid_answer"
    cml.calls(forget=True)
    error = await refused(controllers, target(cml.url))
    assert (error.cause, error.retry_after_seconds) == ("circuit_open", 30.0)
    assert cml.calls() == {}
    cml.set_faults()
    assert (await controllers.list_labs_async(target(cml.url, worker_id="w2"))).complete
    now[0] = 30.0
    assert (await controllers.list_labs_async(target(cml.url))).complete


async def test_wrong_credentials_do_not_open_the_circuit(controllers: HttpCmlControllers, cml: CmlSimulator) -> None:
    for _ in range(6):
        assert (await refused(controllers, target(cml.url, password="wrong"))).cause == "unauthorised"


async def test_a_name_that_comes_to_mean_another_address_is_not_followed(make_controllers: MakeControllers) -> None:
    answers = iter([["127.0.0.1"]])

    async def rebinding(_host: str, _port: int) -> list[str]:
        return next(answers, ["169.254.169.254"])

    policy = AddressPolicy(resolve=rebinding)
    await policy.check_url_async("http://controller.example")
    error = await refused(make_controllers(policy=policy), target("http://controller.example"))
    assert (error.cause, "link-local" in str(error)) == ("unreachable", True)
