"""The dashboard as people see it, in a real browser on the whole application."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from api.kernel.authorization import Role
from tests.support.chromium import Visitor, chromium
from tests.support.mongo import LocalMongod
from tests.support.served import Served, served

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(shared_mongod, tmp_path_factory.mktemp("dashboard")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, app: Served) -> Iterator[Visitor]:
    """Somebody at a wide screen; nothing they do may make the console complain or a request leave the host."""
    found = Visitor(browser, app.url, viewport={"width": 1440, "height": 900})
    yield found
    found.context.close()
    assert found.complaints == []


def test_who_is_not_logged_in_is_sent_to_log_in_and_comes_back_where_they_wanted(visitor: Visitor, app: Served) -> None:
    page = visitor.page
    page.goto("/system")
    assert page.url == f"{app.url}/login?next=%2Fsystem"
    page.get_by_label("Access token").fill(app.running.token(Role.ADMIN))
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"{app.url}/system")
    expect(page.locator("#jobs tbody tr").first).to_be_visible()
    expect(page.locator("#read-models")).to_contain_text("lab_records")
    visitor.screenshot("system")
    page.goto("/labs")
    expect(page.locator("#workers")).to_contain_text("No worker is registered")
    visitor.screenshot("labs-empty")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{app.url}/login")
    page.goto("/system")
    page.wait_for_url("**/login?next=**")
