"""``GET /labs``: filters, sorting, paging and text search over all workers."""

from collections.abc import Iterator
from typing import Any

import pytest

from application.labs.views import LAB_SORTS
from tests.support.cml import CmlSimulator, a_lab
from tests.support.served import API, Keeper, MovableClock, Served, Worker, assert_problem

PATH = f"{API}/labs"
STATES = ("STARTED", "STOPPED", "DEFINED_ON_CORE")


def various_labs() -> list[dict[str, Any]]:
    return [
        a_lab(
            number,
            lab_title=f"Lab {'ÄbCß'[number % 4]} {number % 5}",
            state=STATES[number % 3],
            owner_username=None if number % 4 == 0 else f"user{number % 3}",
            node_count=number % 6,
            created=None if number % 5 == 0 else f"2026-01-{1 + number % 7:02d}T00:00:00+00:00",
            modified=None if number % 3 == 0 else f"2026-02-{1 + number % 9:02d}T00:00:00+00:00",
            lab_description="50% off (a+b)* [x] $state" if number == 7 else "",
            lab_notes="Straße" if number == 8 else "",
        )
        for number in range(1, 24)
    ]


@pytest.fixture(scope="module")
def everything(
    app: Served, _module_cml: CmlSimulator, clock: MovableClock
) -> Iterator[tuple[Worker, Worker, list[dict[str, Any]]]]:
    """Two workers in two regions, with the same 23 labs each."""
    _module_cml.set_labs(various_labs())
    keeper = Keeper(app, _module_cml, clock)
    with keeper.http:
        first, second = keeper.register("north", name="n"), keeper.register("south", name="s")
        app.caught_up()
        yield first, second, keeper.http.get(PATH, params={"limit": 200}).json()["items"]


def walk(app: Served, limit: int, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    with app.client() as client:
        while True:
            answer = client.get(PATH, params={**params, "limit": limit, **({"cursor": cursor} if cursor else {})})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            assert len(page["items"]) <= limit
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found


def key_of(item: dict[str, Any], field: str) -> tuple[Any, ...]:
    value = item[field]
    return (value is not None, value if value is not None else "", item["record_id"])


def test_items_say_where_they_are(everything: Any) -> None:
    first, second, items = everything
    assert len(items) == 46
    places = {(item["worker_id"], item["worker_name"], item["region"]) for item in items}
    assert places == {(first.id, "n", "north"), (second.id, "s", "south")}


@pytest.mark.parametrize("field", LAB_SORTS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_sort_pages_completely_in_order_and_without_doubles(
    app: Served, everything: Any, field: str, sign: str
) -> None:
    items = everything[2]
    expected = sorted(items, key=lambda item: key_of(item, field), reverse=sign == "-")
    for limit in (1, 7, 46, 200):
        found = walk(app, limit, sort=sign + field)
        assert [item["record_id"] for item in found] == [item["record_id"] for item in expected]


def test_filters_narrow_and_combine(app: Served, everything: Any) -> None:
    first, _, items = everything

    def expect(wanted: Any, **params: Any) -> None:
        found = {item["record_id"] for item in walk(app, 9, **params)}
        assert found == {item["record_id"] for item in items if wanted(item)}

    expect(lambda item: item["region"] == "north", region="north")
    expect(lambda item: item["worker_id"] == first.id, worker=first.id)
    expect(lambda item: item["state"] == "STOPPED", state="STOPPED")
    expect(lambda item: item["owner_username"] == "user1", owner="user1")
    expect(lambda _: False, region="north", worker=everything[1].id)
    expect(lambda _: False, region="nowhere")
    expect(
        lambda item: (item["region"], item["state"], item["owner_username"]) == ("south", "STARTED", "user0"),
        region="south",
        state="STARTED",
        owner="user0",
        sort="-modified",
    )


@pytest.mark.parametrize("text", ["lab ä", "LAB Ä", "50% off (a+b)* [x] $state", "(a+b)*", "[x]", "STRASSE", "straße"])
def test_text_is_found_literally_and_in_any_case(app: Served, everything: Any, text: str) -> None:
    wanted = text.casefold()

    def matches(item: dict[str, Any]) -> bool:
        return any(wanted in item[field].casefold() for field in ("title", "description", "notes"))

    expected = {item["record_id"] for item in everything[2] if matches(item)}
    assert expected
    assert {item["record_id"] for item in walk(app, 10, q=text)} == expected


@pytest.mark.parametrize("text", [".*", "^lab", "lab|x", "\\d", "(?i)lab", "a{9999999}", "[", "$", "(("])
def test_text_is_never_a_pattern(app: Served, everything: Any, text: str) -> None:
    wanted = text.casefold()
    expected = {
        item["record_id"]
        for item in everything[2]
        if any(wanted in item[field].casefold() for field in ("title", "description", "notes"))
    }
    assert {item["record_id"] for item in walk(app, 50, q=text)} == expected


def test_a_cursor_belongs_to_its_list(app: Served, everything: Any) -> None:
    with app.client() as client:
        cursor = client.get(PATH, params={"limit": 2}).json()["next_cursor"]
        for params in ({"sort": "-title"}, {"sort": "state"}, {"state": "STARTED"}, {"q": "lab"}):
            problem = assert_problem(client.get(PATH, params={**params, "cursor": cursor}), 422)
            assert problem["errors"][0]["field"] == "cursor"
        for bad in ("x", "", "%00", cursor[:-3], cursor + "AAAA", "A" * 2000):
            assert_problem(client.get(PATH, params={"cursor": bad}), 422)


@pytest.mark.parametrize(
    "query",
    ["sort=color", "sort=--title", "sort=title,state", "worker=nonsense", "limit=x", "state[$ne]=x", "region=", "q="],
)
def test_what_is_not_offered_is_422(app: Served, query: str) -> None:
    with app.client() as client:
        assert_problem(client.get(f"{PATH}?{query}"), 422)
