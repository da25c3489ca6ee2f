"""An answer that is given again is never older than what stands behind it."""

from api.kernel.authorization import Role
from tests.support.cml import a_lab
from tests.support.served import Keeper


def test_a_repeated_question_is_answered_alike_until_something_changes(keeper: Keeper) -> None:
    worker = keeper.register()
    path = f"{worker.path}/labs"
    first = keeper.http.get(path)
    again = keeper.http.get(path)
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["last-modified"] == first.headers["last-modified"]

    keeper.cml.set_labs([a_lab(1, lab_title="a new title")])
    assert worker.refresh().status_code == 200
    changed = keeper.http.get(path)
    assert [lab["title"] for lab in changed.json()] == ["a new title"]
    assert changed.headers["etag"] != first.headers["etag"]


def test_a_remembered_answer_is_for_those_who_may(keeper: Keeper) -> None:
    path = f"{keeper.register().path}/labs"
    assert keeper.http.get(path).status_code == 200
    assert keeper.http.get(path, headers={"Authorization": "Bearer forged"}).status_code == 401
    with keeper.app.client(Role.USER) as somebody:
        assert somebody.get(path).status_code == 200
    assert keeper.http.get(path, params={"surprise": "1"}).status_code == 422


def test_a_decommissioned_workers_remembered_answer_is_gone(keeper: Keeper) -> None:
    worker = keeper.register()
    path = f"{worker.path}/labs"
    assert keeper.http.get(path).status_code == 200
    assert keeper.http.get(path).status_code == 200
    assert keeper.http.delete(worker.path).status_code == 204
    assert keeper.http.get(path).status_code == 404
