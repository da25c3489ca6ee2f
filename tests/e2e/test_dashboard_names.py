"""What people call things, what addresses ask for, and where the focus goes when what was pressed is gone."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from api.kernel.authorization import Role
from tests.support.accessibility import is_wider_than_the_screen, layout_shift, objections, watch_layout
from tests.support.chromium import Visitor
from tests.support.served import API, Served

pytestmark = pytest.mark.timeout(300)
LONG = "W" * 100
OVERFLOWING = """() => [...document.querySelectorAll('#alerts .panel-body, #breaches .panel-body, #errors .panel-body')]
  .filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.textContent.trim().slice(0, 40))"""
SOURCES = """window.sources = [];
window.EventSource = class extends EventSource {
  constructor(...given) { super(...given); window.sources.push(this); }
};"""
UNKNOWN_LAB = "00000000-0000-4000-8000-000000000000.nope"


@pytest.fixture(scope="module")
def alert(api: httpx.Client) -> str:
    """An alert about a specimen, both with names as long as can be; return the alert's name."""
    item = {
        "specimen_id": "S" * 50,
        "assay": "W" * 20,
        "machine_id": "M" * 10,
        "operator_id": "O1",
        "status": "RECEIVED",
        "received_at": "2024-01-01T00:00:00Z",
    }
    failed = {**item, "specimen_id": "E" * 50, "status": "ERROR", "error_code": "E" * 10}
    done = {**failed, "specimen_id": "C" * 50, "status": "COMPLETED", "error_code": None}
    items = [item, *({**one, "processed_at": "2024-01-01T10:00:00Z"} for one in (failed, done))]
    assert api.post(f"{API}/specimens/bulk", json={"items": items}).status_code == 200
    rule = {"name": LONG, "metric": "open_breaches", "operator": "gt", "threshold": 0}
    made = api.post(f"{API}/alert-rules", json=rule)
    assert made.status_code == 201, made.text
    assert api.post(f"{API}/alert-rules/{made.json()['rule_id']}/evaluate").status_code == 200
    return LONG


def focus_is_in(page: Page, selector: str) -> bool:
    return bool(page.evaluate("(selector) => document.activeElement.closest(selector) !== null", selector))


def test_long_names_hide_nothing_and_the_focus_stays_where_an_alert_was_seen(
    visitor: Visitor, app: Served, alert: str
) -> None:
    page = visitor.page
    watch_layout(page)
    visitor.enter(app.running.token(Role.MANAGER, subject="ines" * 30), "/?from=2024-01-01T00:00:00Z")
    button = page.get_by_role("button", name=f"Acknowledge {alert}")
    expect(button).to_be_visible()
    expect(page.locator("#breaches tbody tr").first).to_be_visible()
    expect(page.locator("#chart-tat .xtick text").filter(has_text="…").first).to_be_visible()
    expect(page.locator("#kpi-completed")).to_contain_text("today, whatever the time")
    expect(page.locator("#kpi-open")).to_contain_text("in process, whatever the time")
    assert page.evaluate(OVERFLOWING) == []
    assert layout_shift(page) < 0.02
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate(
            "(body) => body.scrollWidth <= body.clientWidth", page.locator("#alerts .panel-body").element_handle()
        )
    assert not is_wider_than_the_screen(page)
    page.set_viewport_size({"width": 1440, "height": 900})
    button.focus()
    page.keyboard.press("Enter")
    seen = page.locator("#alerts tr", has_text=LONG).get_by_text("seen by")
    expect(seen).to_be_focused()
    taken = seen.bounding_box()
    assert taken is not None
    assert taken["height"] < taken["width"], taken
    assert page.evaluate(OVERFLOWING) == []
    assert objections(page) == []
    visitor.screenshot("long-names")


def test_the_focus_goes_to_the_row_that_follows_one_that_is_gone(visitor: Visitor, app: Served) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.USER), "/system")
    expect(page.locator("#jobs tbody tr").first).to_be_visible()
    found = page.evaluate("""async () => {
      const script = document.querySelector("script[type=module]").src;
      const { el, fill } = await import(script.replace("system.js", "elements.js"));
      const table = el("table", {}, el("tbody"));
      const body = el("div", { class: "panel-body", tabindex: "0" }, table);
      document.body.append(body);
      const row = (key) => el("tr", {}, el("th", {}, el("button", { "data-key": key }, key)));
      const now = () => (document.activeElement === body ? "body" : document.activeElement.textContent);
      fill(table, ["a", "b", "c"].map(row));
      table.querySelector("[data-key=b]").focus();
      const seen = [];
      for (const left of [["a", "c"], ["a", "c", "d"], ["a"], []]) {
        fill(table, left.map(row));
        seen.push(now());
      }
      body.remove();
      return seen;
    }""")
    assert found == ["c", "c", "a", "body"]


def test_a_message_that_is_put_away_leaves_the_focus_on_the_page(visitor: Visitor, app: Served) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.USER), "/?from=bogus&colour=blue")
    told = page.locator("#notices")
    expect(told).to_contain_text("asks for a beginning that cannot be")
    expect(told).to_contain_text("colour")
    expect(told).to_contain_text("nothing that this page knows")
    assert page.url == f"{app.url}/"
    page.get_by_role("button", name="Close").focus()
    page.keyboard.press("Enter")
    assert focus_is_in(page, "main")
    page.goto("/what-if?growth=5&colour=blue")
    expect(told).to_contain_text("nothing that this page knows")
    assert page.url == f"{app.url}/what-if?growth=5"


def test_an_address_of_a_lab_that_cannot_be_or_is_not_there_is_told_plainly_and_asked_once(
    visitor: Visitor, app: Served
) -> None:
    page = visitor.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/history" in request.url else None)
    visitor.enter(app.running.token(Role.USER), "/labs?lab=nope")
    expect(page.locator("#notices")).to_contain_text("The address asks for a lab that cannot be.")
    expect(page.locator("#history")).to_contain_text("Choose a lab")
    assert asked == []
    visitor.forgive("404")
    page.goto(f"/labs?lab={UNKNOWN_LAB}")
    expect(page.locator("#history")).to_contain_text("is not there")
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#live")).to_contain_text("live")
    assert len(asked) == 1


def test_labs_say_at_once_that_their_stream_has_broken_off(visitor: Visitor, app: Served) -> None:
    page = visitor.page
    page.add_init_script(SOURCES)
    visitor.enter(app.running.token(Role.USER), "/labs")
    live = page.locator("#live")
    expect(live).to_contain_text("live")
    page.evaluate("() => window.sources.at(-1).onerror()")
    expect(live).to_have_attribute("data-state", "stale", timeout=1000)


def test_a_refused_draft_is_called_one_and_the_stored_rules_come_back(visitor: Visitor, app: Served) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.MANAGER), "/data-quality")
    text = page.locator("#rules-text")
    expect(text).not_to_have_value("")
    stored = text.input_value()
    label = page.locator("#rules-label")
    expect(label).to_have_text("Rules that count now")
    visitor.forgive("422")
    text.fill("rules: [")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#rules-error li")).not_to_have_count(0)
    expect(label).to_contain_text("Draft, not saved")
    back = page.get_by_role("button", name="Back to the stored rules")
    back.focus()
    page.keyboard.press("Enter")
    expect(text).to_have_value(stored)
    expect(text).to_be_focused()
    expect(label).to_have_text("Rules that count now")
    expect(page.locator("#rules-error li")).to_have_count(0)
    reset = page.get_by_role("button", name="Back to the bundled rules")
    expect(reset).to_have_count(0)  # they are what counts
    text.fill(f"# ours\n{stored}")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#rules .panel-hint")).to_contain_text("version")
    page.once("dialog", lambda asked: asked.dismiss())
    reset.click()
    expect(text).to_have_value(f"# ours\n{stored}")
    page.once("dialog", lambda asked: asked.accept())
    reset.click()
    expect(text).to_have_value(stored)
    expect(text).to_be_focused()
    expect(page.locator("#rules-told")).to_have_text("the bundled rules count again")
    expect(reset).to_have_count(0)
    expect(label).to_have_text("Rules that count now")
    run = page.get_by_role("button", name="Check the stored specimens")
    run.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#violations .panel-hint")).to_contain_text(re.compile("stored specimens.*, by .*rules"))
    expect(run).to_be_focused()


def test_marks_that_turn_a_line_are_spelt_out_in_the_report_of_an_import(
    visitor: Visitor, app: Served, tmp_path: Path
) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.MANAGER), "/import")
    file = tmp_path / "\u05d0\u05d1.csv"
    header = "specimen_id,assay,machine_id,operator_id,status,error_code,received_at,processed_at\n"
    file.write_text(f"{header}RTL1,P\u202eCR,M1,O1,RECEIVED,,2026-03-01T08:00:00Z,\n")
    page.locator("#file").set_input_files(file)
    expect(page.locator("#rejections tbody bdi").nth(1)).to_have_text(r"P\u{202e}CR")
    expect(page.locator("#imports tbody th bdi", has_text="\u05d0\u05d1.csv").first).to_be_visible()
