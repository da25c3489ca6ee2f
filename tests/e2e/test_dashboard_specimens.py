"""The Specimens page: one is found, looked at, and moved on by whoever may."""

import re
from datetime import UTC, datetime
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from api.kernel.authorization import Role
from tests.support.accessibility import layout_shift, objections, watch_layout
from tests.support.chromium import Visitor
from tests.support.served import API, Served, eventually

pytestmark = pytest.mark.timeout(300)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
FILE = """specimen_id,assay,machine_id,operator_id,status,error_code,received_at,processed_at
BN/KNOWN,Bench,BM1,O1,RECEIVED,,2025-03-01T08:00:00Z,
BN/FILE,Bench,BM2,O7,ERROR,E03,2025-03-01T08:00:00Z,2025-03-01T09:00:00Z
BN/FILE,Bench,BM2,O7,COMPLETED,,2025-03-01T08:00:00Z,2025-03-01T16:30:00Z
"""


def reading(specimen_id: str, **fields: Any) -> dict[str, Any]:
    usual = {"assay": "Bench", "machine_id": "BM1", "operator_id": "O1", "received_at": "2025-03-02T08:00:00Z"}
    return {"specimen_id": specimen_id, **usual, **fields}


def taken(api: httpx.Client, *readings: dict[str, Any]) -> None:
    answer = api.post(f"{API}/specimens/bulk", json={"items": readings})
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def bench(api: httpx.Client) -> None:
    """Put specimens of a bench into the store: sixty that wait, and some that a file told of."""
    taken(
        api,
        *[reading(f"BN{n:04d}", received_at=f"2025-03-03T08:{n:02d}:00Z") for n in range(60)],
        reading("BN/DONE", status="COMPLETED", processed_at="2025-03-02T09:00:00Z"),
    )
    answer = api.post(f"{API}/specimens/import", files={"file": ("night.csv", FILE.encode(), "text/csv")})
    run = answer.headers["location"]
    eventually(lambda: api.get(run).json()["state"] == "completed", "the file is taken")


def rows(page: Page) -> list[str]:
    return page.locator("#specimens tbody th").all_inner_texts()


def test_a_specimen_is_found_by_its_id_and_tells_what_happened_to_it(
    visitor: Visitor, app: Served, bench: None
) -> None:
    page = visitor.page
    watch_layout(page)
    visitor.enter(app.running.token(Role.USER), "/specimens?assay=Bench")
    listed = page.locator("#specimens tbody tr")
    expect(listed).to_have_count(50)
    expect(listed.first).to_contain_text("BN0059")
    search = page.get_by_label("Specimen", exact=True)
    search.press_sequentially("BN/F")
    expect(listed).to_have_count(1)
    page.wait_for_url("**/specimens?q=BN%2FF&assay=Bench")
    search.press("Enter")  # the only one that begins so
    told = page.locator("#one .timeline li")
    expect(told).to_have_count(3)
    expect(told.nth(0)).to_contain_text("received")
    expect(told.nth(0)).to_contain_text("line 3 of night.csv")
    expect(told.nth(1)).to_contain_text("failed E03")
    expect(told.nth(1)).to_contain_text("60 min after it was received")
    expect(told.nth(2)).to_contain_text("corrected")
    expect(told.nth(2)).to_contain_text("state failed → completed")
    expect(told.nth(2)).to_contain_text("1 Mar 2025, 16:30")
    expect(told.nth(2)).to_contain_text("line 4 of night.csv")
    expect(page.locator("#one .facts")).to_contain_text(re.compile("Age.*9 h.*Limit.*over by 5 h", re.S))
    expect(page.locator("#one form, #one button")).to_have_count(0)
    assert objections(page) == []
    visitor.screenshot("specimens-user")
    search.fill("BN000")  # a scanner types all of it and Enter, before anything was looked for
    search.fill("BN0001")
    search.press("Enter")
    expect(page.locator("#one .facts")).to_contain_text("BN0001")
    page.wait_for_url("**specimen=BN0001")
    page.go_back()
    expect(page.locator("#one .facts")).to_contain_text("BN/FILE")
    visitor.forgive("404")
    search.fill("BN/")
    search.press("Enter")  # several begin so, and none is it
    expect(page.locator("#one .panel-note")).to_contain_text("No specimen has the id \u2068BN/\u2069.")
    expect(listed).to_have_count(3)
    assert layout_shift(page) < 0.02


def test_filters_and_pages_are_in_the_address_and_the_way_back_is_open(
    visitor: Visitor, app: Served, bench: None
) -> None:
    page = visitor.page
    visitor.forgive("422")
    visitor.enter(app.running.token(Role.USER), "/specimens?assay=Bench&cursor=bogus")
    expect(page.locator("#notices")).to_contain_text("asks for a page")
    listed = page.locator("#specimens tbody tr")
    expect(listed).to_have_count(50)
    older, newest = page.get_by_role("button", name="Older"), page.get_by_role("button", name="Newest")
    expect(newest).to_have_count(0)
    older.focus()
    page.keyboard.press("Enter")
    expect(listed).to_have_count(13)
    expect(older).to_have_count(0)
    expect(newest).to_be_visible()
    expect(page.locator("#specimens .panel-body")).to_be_focused()
    page.reload()
    expect(listed).to_have_count(13)
    page.go_back()
    expect(listed).to_have_count(50)
    page.get_by_label("State").select_option("COMPLETED")
    expect(listed).to_have_count(2)
    expect(listed.filter(has_text="BN/DONE")).to_contain_text("60 min")
    expect(listed.filter(has_text="BN/DONE")).to_contain_text("kept")
    expect(listed.filter(has_text="BN/FILE")).to_contain_text("over by")
    page.get_by_label("Machine").select_option("BM2")
    expect(listed).to_have_count(1)
    page.go_back()
    expect(listed).to_have_count(2)
    page.get_by_label("State").select_option("")
    page.get_by_label("Received from").fill("2025-03-03T08:10")
    page.get_by_label("Received before").fill("2025-03-03T08:20")
    page.wait_for_url("**from=2025-03-03T08%3A10&to=2025-03-03T08%3A20")
    expect(listed).to_have_count(10)
    assert [rows(page)[0], rows(page)[-1]] == ["BN0019", "BN0010"]
    expect(listed.first).to_contain_text("over by")
    page.get_by_label("State").select_option("ERROR")
    expect(page.locator("#specimens .panel-note")).to_have_text("No specimen fits.")
    page.goto("/specimens?status=LOST&when=now")
    expect(page.locator("#notices")).to_contain_text("asks for a state that cannot be")
    expect(page.locator("#notices")).to_contain_text("when")


def test_whoever_may_moves_it_on_and_a_refusal_stands_at_its_field(
    visitor: Visitor, app: Served, api: httpx.Client, bench: None
) -> None:
    page = visitor.page
    taken(api, reading("BN/MOVED"))
    visitor.enter(app.running.token(Role.MANAGER, subject="ines"), "/specimens?q=BN/MOVED")
    page.get_by_role("button", name="BN/MOVED").click()
    began = page.get_by_label("Began")
    began.fill("2025-03-02T07:00")
    page.get_by_label("Machine").last.fill("BM9")
    visitor.forgive("422")
    start = page.get_by_role("button", name="Start")
    start.click()
    expect(page.locator("#start-started_at-refused")).to_have_text("must not be before its reception")
    expect(began).to_be_focused()
    expect(began).to_have_attribute("aria-invalid", "true")
    assert objections(page) == []
    visitor.screenshot("specimens-refused")
    began.fill("2136-01-01T00:00")
    start.click()
    expect(page.locator("#start-started_at-refused")).to_have_text("lies in the future")
    began.fill("2025-03-02T08:30")
    page.keyboard.press("Enter")
    expect(page.locator("#notices")).to_contain_text("BN/MOVED is in process.")
    told = page.locator("#one .timeline li")
    expect(told).to_have_count(2)
    expect(told.last).to_contain_text("machine BM9 · operator O1")
    expect(told.last).to_contain_text("by ines")
    expect(page.locator("#specimens tbody tr")).to_contain_text("in process")
    expect(start).to_have_count(0)
    expect(page.get_by_role("button", name="Complete")).to_be_visible()
    # Somebody else is faster.
    assert api.post(f"{API}/specimens/BN%2FMOVED/complete").status_code == 200
    visitor.forgive("412")
    page.get_by_label("Error code").fill("E05")
    page.get_by_role("button", name="Fail").click()
    expect(page.locator("#notices")).to_contain_text("was moved on by somebody else")
    expect(told).to_have_count(3)
    expect(page.locator("#one form")).to_have_count(0)
    expect(page.locator("#one .timeline")).to_be_focused()


def test_from_what_is_late_one_click_leads_to_the_specimen(visitor: Visitor, app: Served, bench: None) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.USER), "/?assay=Bench")
    page.locator("#breaches").get_by_role("link", name="BN/KNOWN").click()
    page.wait_for_url("**/specimens?specimen=BN%2FKNOWN")
    expect(page.locator("#one .timeline li")).to_have_count(1)
    expect(page.locator("#one .facts")).to_contain_text("over by")
    page.go_back()
    page.locator("#breaches").get_by_role("link", name="All of them").click()
    page.wait_for_url("**/specimens?past_limit=true&assay=Bench")
    expect(page.get_by_label("Assay", exact=True)).to_have_value("Bench")
    expect(page.get_by_label("Limit", exact=True)).to_have_value("true")
    expect(page.locator("#specimens tbody tr").first).to_contain_text("over by")
    page.get_by_label("Specimen", exact=True).fill("BN/")
    expect(page.locator("#specimens")).not_to_contain_text("BN/DONE")
    expect(page.locator("#specimens")).to_contain_text("BN/KNOWN")


def test_the_page_fits_a_phone_and_the_dark(browser: Browser, app: Served, bench: None) -> None:
    screen: dict[str, Any] = {"viewport": {"width": 360, "height": 760}, "has_touch": True, "is_mobile": True}
    found = Visitor(browser, app.url, **screen)
    found.enter(app.running.token(Role.MANAGER), "/specimens?assay=Bench")
    found.page.get_by_role("button", name="BN0042").click()
    expect(found.page.locator("#one-title")).to_be_in_viewport()
    expect(found.page.get_by_role("button", name="Start")).to_be_visible()
    assert found.page.evaluate("() => document.documentElement.scrollWidth") == 360
    for scheme in SCHEMES:
        found.page.emulate_media(color_scheme=scheme)
        assert objections(found.page) == [], scheme
    found.screenshot("specimens-phone")
    found.context.close()
    assert found.complaints == []


def test_a_result_dated_far_ahead_is_told_and_leaves_the_charts_readable(
    visitor: Visitor, app: Served, api: httpx.Client
) -> None:
    page = visitor.page
    now = datetime.now(UTC)
    late = {"machine_id": "SM1", "status": "COMPLETED"}
    taken(api, reading("SL/1", assay="Slip", processed_at=now.isoformat(), **late))
    taken(api, reading("SL/2", assay="Slip", processed_at="2136-01-01T00:00:00Z", **late))
    taken(api, reading("SL/3", assay="Slip"))
    visitor.enter(app.running.token(Role.USER), "/?assay=Slip&window=all")
    completed = page.locator("#kpi-completed")
    expect(completed.locator("[data-part=value]")).to_have_text("2")
    expect(completed).to_contain_text("1 dated in the future")
    expect(page.locator("#throughput .panel-hint")).to_contain_text("1 dated later, not drawn")
    expect(page.locator("#chart-throughput .bars .point")).to_have_count(1)
    visitor.screenshot("overview-dated-ahead")
    page.goto("/?assay=Slip&from=2024-01-01T00:00:00Z&to=2024-02-01T00:00:00Z")
    expect(page.locator("#kpi-open")).to_contain_text("1")
    expect(page.locator("#kpi-open")).to_contain_text("whatever the time")
    expect(page.locator("#ageing h2")).to_have_text("Open now, by age")
    expect(page.locator("#what")).to_contain_text("from 01 Jan 2024, 00:00 to 01 Feb 2024, 00:00")
    assert objections(page) == []
