"""Races without a precondition, odd input and borders that people ran into."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from api.kernel.authorization import Role
from api.kernel.tokens import mint_token
from tests.support.served import API, Keeper, assert_problem


def test_writes_without_a_precondition_never_lose_a_race(keeper: Keeper) -> None:
    worker = keeper.register(active=False)

    def resize(size: int) -> int:
        return keeper.http.patch(worker.path, json={"max_history_size": size}).status_code

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(resize, range(10, 30))) == {200}
    history = worker.get().json()
    assert history["max_history_size"] in range(10, 30)
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: keeper.http.delete(worker.path).status_code, range(4)))
    assert sorted(set(ended)) == [204, 404]


@pytest.mark.parametrize("url", ["http://metadata.google.internal/", "https://METADATA.google.internal./x"])
def test_a_metadata_service_is_refused_by_name(keeper: Keeper, url: str) -> None:
    head = keeper.app.log_head()
    answer = keeper.http.post(f"{API}/workers/region/x/workers", json=keeper.body(endpoint_url=url))
    problem = assert_problem(answer, 422)
    assert problem["errors"][0]["field"] == "endpoint_url"
    hook = {"url": url, "event_types": ["labs.*"], "secret": "sixteen characters"}
    assert_problem(keeper.http.post(f"{API}/webhooks", json=hook), 422)
    assert keeper.app.log_head() == head


@pytest.mark.parametrize("name", ["\x1b[31mred", "two\nlines", "turned \u202e round"])
def test_a_name_that_a_terminal_would_obey_is_refused(keeper: Keeper, name: str) -> None:
    answer = keeper.http.post(f"{API}/workers/region/x/workers", json=keeper.body(name=name))
    assert assert_problem(answer, 422)["errors"][0]["field"] == "name"


def test_null_is_not_a_value_of_a_worker(keeper: Keeper) -> None:
    worker = keeper.register(active=False)
    assert_problem(keeper.http.patch(worker.path, json={"active": None}), 422)


def test_a_token_is_over_when_its_time_is(keeper: Keeper) -> None:
    secret = keeper.app.running.secrets.jwt_secret
    with keeper.app.client_with(mint_token(secret, Role.USER, "somebody", 30, clock=keeper.clock)) as client:
        assert client.get(f"{API}/labs").status_code == 200
        keeper.clock.advance(31)
        assert client.get(f"{API}/labs").status_code == 401


def test_an_id_that_no_event_has_had_is_refused(keeper: Keeper) -> None:
    for unknown in ("labs:999999999.0", "elsewhere:1.0"):
        answer = keeper.http.get(f"{API}/events/stream", headers={"Last-Event-ID": unknown})
        assert_problem(answer, 400, "unknown-event-id")
