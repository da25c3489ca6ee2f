"""The dashboard as people see it, in a real browser on the whole application."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from api.kernel.authorization import Role
from tests.support.chromium import Visitor, chromium
from tests.support.mongo import LocalMongod
from tests.support.served import API, Served, served
from tests.support.synthetic_specimens import synthetic_readings

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(shared_mongod, tmp_path_factory.mktemp("dashboard")) as running:
        yield running


@pytest.fixture(scope="module")
def api(app: Served) -> Iterator[httpx.Client]:
    with app.client() as client:
        yield client


@pytest.fixture(scope="module")
def specimens(api: httpx.Client) -> int:
    """Put the specimens of a day into the store; return how many."""
    readings = synthetic_readings(600)
    answer = api.post(f"{API}/specimens/bulk", json={"items": readings})
    assert answer.status_code == 200, answer.text
    return len(readings)


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
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{app.url}/login")
    page.goto("/system")
    page.wait_for_url("**/login?next=**")


def test_an_empty_lab_says_so_and_fills_as_specimens_come(visitor: Visitor, app: Served, api: httpx.Client) -> None:
    page = visitor.page
    visitor.log_in(app.running.token(Role.MANAGER))
    expect(page.locator("#live")).to_contain_text("live")
    expect(page.locator("#throughput")).to_contain_text("Nothing was completed in this time.")
    body = {"specimen_id": "EARLY1", "assay": "CBC", "machine_id": "M1", "operator_id": "O1"}
    assert api.post(f"{API}/specimens", json=body).status_code == 201
    expect(page.locator("#kpi-open [data-part=value]")).to_have_text("1")


def test_the_overview_shows_the_day_and_each_change_of_it(
    visitor: Visitor, app: Served, api: httpx.Client, specimens: int
) -> None:
    page = visitor.page
    visitor.log_in(app.running.token(Role.MANAGER))
    now = api.get(f"{API}/overview", params={"window": "PT24H"}).json()
    expect(page.locator("#kpi-completed [data-part=value]")).to_have_text(f"{now['throughput']['total']}")
    expect(page.locator("#chart-throughput .bars .point").first).to_be_visible()
    expect(page.locator("#chart-tat .bars .point").first).to_be_visible()
    visitor.screenshot("overview")
    page.get_by_label("Assay", exact=True).select_option("PCR")
    page.wait_for_url("**/?assay=PCR")
    expect(page.locator("#chart-tat .xtick")).to_have_count(1)
    page.go_back()
    expect(page.locator("#chart-tat .xtick")).to_have_count(3)
