"""``GET /labs`` with ``If-None-Match``: an unchanged list is not sent again, a changed one is."""

import pytest

from tests.support.cml import a_lab
from tests.support.served import API, Keeper

PATH = f"{API}/labs"


def test_an_unchanged_list_is_answered_304_with_its_tag_and_no_body(keeper: Keeper) -> None:
    worker = keeper.register()
    first = keeper.http.get(PATH, params={"worker": worker.id})
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for known in (tag, f'"other", {tag}', "*"):
        again = keeper.http.get(PATH, params={"worker": worker.id}, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = keeper.http.get(PATH, params={"worker": worker.id}, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.json()) == (200, first.json())
    assert keeper.http.get(PATH, headers={"If-None-Match": "nonsense"}).status_code == 200


@pytest.mark.parametrize("change", ["a lab", "the time of the sync", "the worker's name"])
def test_whatever_changes_in_the_list_changes_its_tag(keeper: Keeper, change: str) -> None:
    worker = keeper.register()
    params = {"worker": worker.id}
    known = {"If-None-Match": keeper.http.get(PATH, params=params).headers["etag"]}
    if change == "a lab":
        keeper.cml.set_labs([a_lab(1, lab_title="changed"), a_lab(2), a_lab(3)])
    if change == "the worker's name":
        assert keeper.http.patch(worker.path, json={"name": "renamed"}).status_code == 200
    else:
        worker.refreshed()
    answer = keeper.http.get(PATH, params=params, headers=known)
    assert answer.status_code == 200
    assert answer.headers["etag"] != known["If-None-Match"]


def test_pages_and_filters_have_tags_of_their_own(keeper: Keeper) -> None:
    worker = keeper.register()
    tags = {
        keeper.http.get(PATH, params={"worker": worker.id, **params}).headers["etag"]
        for params in ({}, {"limit": 1}, {"sort": "-title"}, {"state": "STOPPED"})
    }
    assert len(tags) == 4
