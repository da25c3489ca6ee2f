"""Pages that nobody sees, pages without an answer, and pages whose session has ended."""

import pytest
from playwright.sync_api import Page, expect

from api.kernel.authorization import Role
from application.labops.live import LiveOverviews
from tests.support.accessibility import objections
from tests.support.chromium import Visitor
from tests.support.served import MovableClock, Served, eventually

pytestmark = pytest.mark.timeout(300)
UNSEEN = """Object.defineProperty(document, "visibilityState", { get: () => window.isSeen ? "visible" : "hidden" });"""
ROWS = {
    "/alerts": "#default-hours",
    "/specimens": "#specimen-filters",
    "/what-if": "#linear tbody tr",
    "/data-quality": "#rules-text",
    "/import": "#drop",
    "/labs": "#lab-filters",
    "/system": "#jobs tbody tr",
}


def be(page: Page, *, seen: bool) -> None:
    page.evaluate(
        f"() => {{ window.isSeen = {str(seen).lower()}; document.dispatchEvent(new Event('visibilitychange')); }}"
    )


def look_again(page: Page) -> None:
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")


def test_pages_that_nobody_sees_hold_no_connection(visitor: Visitor, app: Served) -> None:
    live: LiveOverviews = app.service(LiveOverviews)
    visitor.enter(app.running.token(Role.USER))
    visitor.page.goto("/login")
    eventually(lambda: live.questions == 0, "nobody follows")
    visitor.context.add_init_script(UNSEEN)
    pages = [visitor.new_page() for _ in range(7)]  # a browser has six connections
    for page in pages:
        page.goto("/" if page is pages[-1] else "/labs")
        expect(page.locator("h1")).to_be_visible()
    assert live.questions == 0
    be(pages[-1], seen=True)
    expect(pages[-1].locator("#live")).to_contain_text("live")
    assert live.questions == 1
    be(pages[-1], seen=False)
    eventually(lambda: live.questions == 0, "nobody follows")
    be(pages[0], seen=True)
    expect(pages[0].locator("#live")).to_contain_text("live")


def test_without_an_answer_what_is_shown_stays_is_marked_and_can_be_read(visitor: Visitor, app: Served) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.ADMIN))
    visitor.forgive("ERR_FAILED")
    for path, shown in ROWS.items():
        page.goto(path)
        expect(page.locator("#live")).to_have_attribute("data-state", "ready")
        visitor.context.route("**/*", lambda route: route.abort())
        look_again(page)
        expect(page.locator("#live")).to_have_attribute("data-state", "stale")
        expect(page.locator("#live")).to_contain_text("stale")
        expect(page.locator(shown).first).to_be_visible()
        expect(page.locator("[data-stale]").first).to_be_attached()
        expect(page.locator("[data-state=error]")).to_have_count(0)
        assert objections(page) == [], path
        visitor.context.unroute("**/*")
        look_again(page)
        expect(page.locator("#live")).to_have_attribute("data-state", "ready")
        expect(page.locator("[data-stale]")).to_have_count(0)


def test_when_the_session_ends_people_log_in_again_and_lose_nothing_they_have_written(
    visitor: Visitor, app: Served, clock: MovableClock
) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.MANAGER, ttl_seconds=300))
    visitor.forgive("401")
    page.goto("/data-quality")
    rules = page.locator("#rules-text")
    expect(rules).not_to_have_value("")
    rules.fill("rules: []  # hours of work")
    clock.advance(301)
    try:
        look_again(page)
        expect(page.locator("#notices")).to_contain_text("Your session has ended")
        expect(rules).to_have_value("rules: []  # hours of work")
        with visitor.context.expect_page() as opened:
            page.get_by_role("link", name="Log in again").click()
        opened.value.get_by_label("Access token").fill(app.running.token(Role.MANAGER))
        opened.value.get_by_role("button", name="Log in", exact=True).click()
        opened.value.wait_for_url("**/data-quality")
        look_again(page)
        expect(page.locator("#live")).to_have_attribute("data-state", "ready")
        expect(rules).to_have_value("rules: []  # hours of work")
    finally:
        clock.advance(-301)
