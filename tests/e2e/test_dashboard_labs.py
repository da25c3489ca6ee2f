"""The Labs page: workers and labs, what happened to one, and a refresh that is watched."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from api.kernel.authorization import Role
from tests.support.accessibility import layout_shift, objections, watch_layout
from tests.support.chromium import Visitor
from tests.support.cml import CmlSimulator, a_lab
from tests.support.served import Keeper, MovableClock, Served, Worker

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def controller() -> Iterator[CmlSimulator]:
    with CmlSimulator(labs=0) as simulator:
        simulator.set_labs([a_lab(1, lab_title="BGP"), a_lab(2, lab_title="OSPF", state="PAUSED")])
        yield simulator


@pytest.fixture(scope="module")
def worker(app: Served, controller: CmlSimulator, clock: MovableClock) -> Iterator[Worker]:
    keeper = Keeper(app, controller, clock)
    with keeper.http:
        yield keeper.register("eu-west")


def test_without_workers_the_page_says_how_to_get_one(visitor: Visitor, app: Served) -> None:
    visitor.enter(app.running.token(Role.USER))
    visitor.page.goto("/labs")
    expect(visitor.page.locator("#workers")).to_contain_text("No worker is registered")


def test_a_change_arrives_and_the_past_of_a_lab_is_told_and_has_an_address(
    visitor: Visitor, app: Served, worker: Worker, controller: CmlSimulator
) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.USER))
    watch_layout(page)
    page.goto("/labs")
    bgp = page.locator("#labs tbody tr", has_text="BGP")
    expect(bgp).to_contain_text("started")
    expect(page.locator("#live")).to_contain_text("live")
    page.get_by_role("button", name="BGP").click()
    entries = page.locator("#history .timeline li")
    expect(entries).to_have_count(1)
    expect(entries.first).to_contain_text("created")
    controller.set_labs([a_lab(1, lab_title="BGP", state="STOPPED"), a_lab(2, lab_title="OSPF", state="PAUSED")])
    worker.refreshed()
    expect(bgp).to_contain_text("stopped")
    expect(entries).to_have_count(2)
    expect(entries.first).to_contain_text("state changed")
    expect(entries.first).to_contain_text("started → stopped")
    assert layout_shift(page) < 0.01
    page.reload()
    expect(entries).to_have_count(2)
    assert objections(page) == []
    visitor.screenshot("labs")
    page.get_by_label("State", exact=True).select_option("PAUSED")
    expect(bgp).to_have_count(0)
    page.go_back()
    expect(bgp).to_have_count(1)
    expect(page.get_by_label("State", exact=True)).to_have_value("")
    page.go_back()
    expect(page.locator("#history")).to_contain_text("Choose a lab")


def test_filters_of_an_address_are_shown_be_they_known_or_not(visitor: Visitor, app: Served, worker: Worker) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.USER))
    page.goto("/labs?state=SLEEPING&region=nowhere")
    expect(page.locator("#labs")).to_contain_text("No lab fits.")
    expect(page.locator("#workers")).to_contain_text("cml-1")
    expect(page.locator("#lab-state option:checked")).to_have_text("sleeping")
    expect(page.locator("#lab-region option:checked")).to_have_text("nowhere")
    page.goto(f"/labs?region=eu-west&state={'X' * 65}")
    expect(page.locator("#notices")).to_contain_text("asks for a state that cannot be")
    expect(page.locator("#labs tbody tr")).to_have_count(2)


def test_a_refresh_is_watched_to_its_end_and_moves_nothing(
    visitor: Visitor, app: Served, worker: Worker, controller: CmlSimulator, clock: MovableClock
) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.MANAGER))
    watch_layout(page)
    page.goto("/labs")
    button = page.locator("#workers button")
    expect(button).to_have_text("Refresh")
    controller.set_faults({"kind": "latency", "seconds": 1})
    clock.advance(11)
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_text("0 of 1")
    expect(button).to_be_disabled()
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")  # looks again, as it does by itself
    expect(button).to_have_text("0 of 1")
    expect(page.locator("#notices")).to_contain_text("cml-1: succeeded")
    expect(button).to_have_text("Refresh")
    expect(button).to_be_focused()
    page.wait_for_timeout(100)
    assert layout_shift(page) < 0.001
    visitor.forgive("429")
    page.keyboard.press("Enter")
    expect(page.locator("#notices .bad")).to_contain_text("cml-1 was refreshed a moment ago; again in")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#notices .notice")).to_have_count(0)
    controller.set_faults()
