"""The dashboard as people see it, in a real browser on the whole application."""

import re
from pathlib import Path
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, expect

from api.kernel.authorization import Role
from tests.support.accessibility import (
    focused_by_tab,
    is_wider_than_the_screen,
    layout_shift,
    objections,
    watch_layout,
)
from tests.support.chromium import Visitor
from tests.support.served import API, Served
from tests.support.synthetic_specimens import synthetic_readings

pytestmark = pytest.mark.timeout(300)
HEADER = "specimen_id,assay,machine_id,operator_id,status,error_code,received_at,processed_at\n"
RECEIVED = "2026-03-01T08:00:00Z"
BAD_ROWS = f"NIBAD1,CBC,M1,O1,LOST,,{RECEIVED},\nNIBAD2,CBC,M1,O1,RECEIVED,,yesterday,\n"
READY = {
    "/": "#chart-throughput .bars .point",
    "/alerts": "#limits-form",
    "/specimens": "#specimens tbody tr",
    "/what-if": "#linear tbody tr",
    "/data-quality": "#rules-text",
    "/import": "#file + *, #drop",
    "/labs": "#lab-filters",
    "/system": "#read-models tbody tr",
}
"""The pages, and what is seen on each once it has its data."""
NAMELESS = """() => [...document.querySelectorAll('tbody th')]
  .filter((cell) => cell.getClientRects().length && cell.clientWidth < 48).map((cell) => cell.textContent)"""
"""Rows whose heading has no room to be read."""
DROPPED = """(text) => {
  const data = new DataTransfer();
  data.items.add(new File([text], "night.csv"));
  return data;
}"""
CLIPPED = """() => [...document.querySelectorAll('.panel-body, .tile-more, .projection .chart')]
  .filter((node) => node.scrollWidth > node.clientWidth + 1
    || (node.matches('.tile-more') && node.scrollHeight > node.clientHeight + 1))
  .map((node) => node.textContent.trim().slice(0, 40))"""


@pytest.fixture(scope="module")
def specimens(api: httpx.Client) -> int:
    """Put the specimens of a day into the store; return how many."""
    readings = synthetic_readings(600)
    answer = api.post(f"{API}/specimens/bulk", json={"items": readings})
    assert answer.status_code == 200, answer.text
    return len(readings)


def received(api: httpx.Client, specimen_id: str) -> int:
    body = {"specimen_id": specimen_id, "assay": "CBC", "machine_id": "M1", "operator_id": "O1"}
    return api.post(f"{API}/specimens", json=body).status_code


def test_who_is_not_logged_in_is_sent_to_log_in_and_comes_back_where_they_wanted(visitor: Visitor, app: Served) -> None:
    page = visitor.page
    page.goto("/system")
    assert page.url == f"{app.url}/login?next=%2Fsystem"
    page.get_by_label("Access token").fill(app.running.token(Role.ADMIN))
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"{app.url}/system")
    expect(page.locator("#jobs tbody tr").first).to_be_visible()
    expect(page.locator("#read-models")).to_contain_text("lab_records")
    rebuilds = page.locator("#jobs tbody tr", has_text="read-model-rebuild")
    expect(rebuilds.get_by_role("button")).to_have_count(0)
    visitor.screenshot("system")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{app.url}/login")
    page.goto("/system")
    page.wait_for_url("**/login?next=**")


def test_the_api_describes_itself_without_any_other_host(visitor: Visitor, app: Served) -> None:
    page = visitor.page
    page.goto(f"{app.running.url}/api/v1/docs")
    expect(page.locator(".info .title")).to_contain_text("Labkeeper")
    page.locator(".filter-container input").fill("Specimens")
    expect(page.locator(".opblock-tag").first).to_be_visible()
    page.locator(".opblock-tag").first.click()
    page.locator(".opblock-summary-control").first.click()
    expect(page.locator(".opblock-body").first).to_contain_text("Responses")
    visitor.screenshot("docs")


def test_an_empty_lab_says_so_and_fills_as_specimens_come(visitor: Visitor, app: Served, api: httpx.Client) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.MANAGER), "/")
    expect(page.locator("#live")).to_contain_text("live")
    expect(page.locator("#throughput")).to_contain_text("Nothing was completed in this time.")
    assert received(api, "EARLY1") == 201
    expect(page.locator("#kpi-open [data-part=value]")).to_have_text("1")


def test_the_overview_shows_the_day_and_each_change_of_it(
    visitor: Visitor, app: Served, api: httpx.Client, specimens: int
) -> None:
    page = visitor.page
    watch_layout(page)
    visitor.enter(app.running.token(Role.MANAGER), "/")
    now = api.get(f"{API}/overview", params={"window": "PT24H"}).json()
    expect(page.locator("#kpi-completed [data-part=value]")).to_have_text(f"{now['throughput']['total']}")
    expect(page.locator("#chart-throughput .bars .point").first).to_be_visible()
    expect(page.locator("#chart-tat .bars .point").first).to_be_visible()
    before = now["wip"]["total_open"]
    assert received(api, "LIVE1") == 201
    expect(page.locator("#kpi-open [data-part=value]")).to_have_text(f"{before + 1}")
    assert layout_shift(page) < 0.02
    page.get_by_label("Assay", exact=True).select_option("PCR")
    page.wait_for_url("**/?assay=PCR")
    expect(page.locator("#chart-tat .xtick")).to_have_count(1)
    page.go_back()
    expect(page.locator("#chart-tat .xtick")).to_have_count(3)


def test_names_that_every_object_has_are_names_like_others(visitor: Visitor, app: Served, api: httpx.Client) -> None:
    items = [
        {
            "specimen_id": f"ODD{number}",
            "assay": assay,
            "machine_id": "valueOf",
            "operator_id": "O1",
            "status": "COMPLETED",
            "received_at": "2025-01-01T00:00:00Z",
            "processed_at": "2025-01-01T10:00:00Z",
        }
        for number, assay in enumerate(("toString", "__proto__", "valueOf"))
    ]
    assert api.post(f"{API}/specimens/bulk", json={"items": items}).status_code == 200
    page = visitor.page
    visitor.enter(app.running.token(Role.USER), "/?from=2025-01-01T00:00:00Z&to=2025-01-02T00:00:00Z")
    expect(page.locator("#chart-tat .bars .point")).to_have_count(9)
    odd = page.locator("#breaches tbody tr", has_text="ODD")  # beside those of the day that are open still
    expect(odd).to_have_count(3)
    for row in odd.all():
        expect(row).to_contain_text("6 h")


def test_an_alert_comes_up_by_itself_and_is_acknowledged(
    visitor: Visitor, app: Served, api: httpx.Client, specimens: int
) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.MANAGER, subject="ines"), "/")
    expect(page.locator("#alerts")).to_contain_text("No alert stands.")
    rule = {"name": "Late specimens", "metric": "open_breaches", "operator": "gt", "threshold": 0}
    made = api.post(f"{API}/alert-rules", json=rule)
    assert made.status_code == 201, made.text
    assert api.post(f"{API}/alert-rules/{made.json()['rule_id']}/evaluate").status_code == 200
    expect(page.locator("#alerts")).to_contain_text("Late specimens")
    visitor.screenshot("overview")
    # The overview moves while the button is down: the press is not lost.
    before = page.locator("#kpi-open [data-part=value]").inner_text()
    page.get_by_role("button", name="Acknowledge Late specimens").hover()
    page.mouse.down()
    assert received(api, "PRESSED1") == 201
    expect(page.locator("#kpi-open [data-part=value]")).not_to_have_text(before)
    expect(page.locator("#what")).not_to_contain_text("behind")
    page.mouse.up()
    expect(page.locator("#alerts")).to_contain_text("seen by ines")
    expect(page.get_by_role("button", name="Acknowledge Late specimens")).to_have_count(0)
    page.get_by_role("link", name="Late specimens").click()
    page.wait_for_url(f"**/alerts?rule={made.json()['rule_id']}")
    expect(page.locator("#standing tbody tr")).to_have_count(1)


def test_a_file_is_imported_with_progress_and_a_report_of_its_bad_rows(
    visitor: Visitor, app: Served, tmp_path: Path
) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.MANAGER), "/labs")
    page.get_by_role("link", name="Import").click()
    expect(page.locator("#imports")).to_contain_text("Nothing was imported yet.")
    file = tmp_path / "night.csv"
    file.write_text(HEADER + "".join(f"NI{n:06d},CBC,M1,O1,RECEIVED,,{RECEIVED},\n" for n in range(2000)) + BAD_ROWS)
    page.locator("#file").set_input_files(file)
    expect(page.locator("#run-told")).to_have_text("completed: 2,000 applied, 0 unchanged, 2 rejected")
    expect(page.locator("#rejections tbody tr")).to_have_count(2)
    expect(page.locator("#rejections")).to_contain_text("2002")
    visitor.screenshot("import")
    with page.expect_download() as download:
        page.locator("#run-report").click()
    assert download.value.path().read_text().startswith("line,column,value,reason")
    dropped = page.evaluate_handle(DROPPED, file.read_text())
    page.dispatch_event("h1", "drop", {"dataTransfer": dropped})  # beside the place for it, as people do
    expect(page.locator("#run-told")).to_have_text("completed: 0 applied, 2,000 unchanged, 2 rejected")
    expect(page.locator("#imports tbody tr")).to_have_count(2)
    page.locator("#file").set_input_files({"name": "else.csv", "mimeType": "text/csv", "buffer": b"foo,bar\n1,2\n"})
    expect(page.locator("#progress")).to_contain_text("failed")
    expect(page.locator("#rejections .panel-note")).to_have_text("The import failed before any row was rejected.")
    expect(page.locator("#rejections .panel-hint")).to_have_text("")


def test_a_scenario_is_simulated_and_shown_against_the_lab_as_it_is(
    visitor: Visitor, app: Served, specimens: int
) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.USER), "/labs")
    page.get_by_role("link", name="What-if").click()
    expect(page.locator("#linear")).to_contain_text("Completed today")
    page.get_by_label("Extra machines").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.wait_for_url("**/what-if?extra_machines=2")
    page.get_by_text("Details").click()
    page.get_by_label("Replications").fill("4")
    page.get_by_label("Days").fill("2")
    page.get_by_label("Seed").fill("7")
    page.get_by_role("button", name="Simulate").click()
    expect(page.locator("#sim-told")).to_have_text("completed", timeout=40_000)
    expect(page.locator("#projection tbody tr")).to_have_count(7)
    expect(page.locator("#chart-projection .bars .point").first).to_be_visible()
    expect(page.locator("#observed")).to_contain_text("extra-1")
    expect(page.locator("#result-of")).to_contain_text("Result of: +2 machines")
    expect(page.locator("#result-of")).to_contain_text(re.compile(r"2 d from \d+ \w+, \d\d:00 · 4 rep.* · seed 7"))
    for width in (1280, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/what-if")
        expect(page.locator("#result-of")).to_contain_text("seed 7")
        expect(page.locator("#chart-projection .bars .point").first).to_be_visible()
        assert page.evaluate(CLIPPED) == [], width
        visitor.screenshot(f"what-if-{width}")
        page.goto("/")
        expect(page.locator("#kpi-tat")).to_contain_text("P99")
        assert page.evaluate(CLIPPED) == [], width
        visitor.screenshot(f"overview-{width}")


def test_the_untouched_form_works_and_a_cancelled_scenario_claims_no_others_figures(
    visitor: Visitor, app: Served, api: httpx.Client, specimens: int
) -> None:
    page = visitor.page
    body = {"replications": 2, "horizon": "PT30H", "seed": 11}
    visitor.enter(app.running.token(Role.USER))
    done = api.post(f"{API}/what-if/simulations", json=body).json()
    with api.stream("GET", f"{API}/what-if/simulations/{done['id']}/events") as stream:
        stream.read()
    page.goto("/what-if")
    expect(page.locator("#result-of")).to_contain_text(re.compile(r"1 d 6 h from .+ · 2 replications · seed 11"))
    page.get_by_role("button", name="Simulate").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#sim-told")).to_have_text("cancelled")
    expect(page.locator("#result-of")).to_contain_text("These figures are of another simulation")
    expect(page.locator("#simulations tr[aria-current]")).to_contain_text("1 d 6 h")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/?window=bogus", "asks for a time that cannot be"),
        (f"/?assay={'A' * 300}&window=P7D", "asks for an assay that cannot be"),
        ("/what-if?growth=much", "cannot be set here"),
    ],
)
def test_what_an_address_asks_wrongly_is_left_out_with_a_sentence(
    visitor: Visitor, app: Served, address: str, told: str
) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.USER))
    page.goto(address)
    expect(page.locator("#notices")).to_contain_text(told)
    assert "bogus" not in page.url
    assert "AAA" not in page.url
    if address.startswith("/?"):
        expect(page.locator("#live")).to_contain_text("live")
        assert "bogus" not in page.locator("#window").inner_text()


def test_on_a_phone_every_page_is_in_the_navigation(browser: Browser, app: Served) -> None:
    found = Visitor(browser, app.url, viewport={"width": 390, "height": 844})
    found.enter(app.running.token(Role.USER), "/labs")
    for link in found.page.locator(".side nav a").all():
        box = link.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390, link.inner_text()
    found.context.close()


ABSENT = "rules: [{name: One, description: d, rule_type: uniqueness, parameters: {columns: [no_such_column]}}]"


def test_rules_are_run_changed_and_refused_with_the_line(visitor: Visitor, app: Served, specimens: int) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.MANAGER), "/labs")
    page.get_by_role("link", name="Data quality").click()
    expect(page.locator("#rules-text")).not_to_have_value("")
    page.get_by_role("button", name="Check the stored specimens").click()
    expect(page.locator("#runs tbody tr", has_text="stored specimens").first).to_contain_text("completed")
    expect(page.locator("#violations .panel-hint")).to_contain_text("stored specimens")
    visitor.screenshot("data-quality")
    absent = {"name": "r.yaml", "mimeType": "text/yaml", "buffer": ABSENT.encode()}
    page.locator("#check-rules").set_input_files(absent)
    page.locator("#check-file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"a\n1\n"})
    page.locator("#check").get_by_role("button", name="Check").click()
    expect(page.locator("#check-told")).to_have_text("1 row, 1 rule, 0 violations, 1 not checked")
    expect(page.locator("#violations tbody tr")).to_contain_text(["the data have no such column"])
    expect(page.locator("#violations").get_by_text("no rule is broken")).to_be_hidden()
    visitor.screenshot("data-quality-not-checked")
    page.locator("#rules-text").fill("rules:\n  - name: x\n    description: y\n    rule_type: magic\n")
    visitor.forgive("422")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#rules-error")).to_contain_text("line 4")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_by_everybody(
    browser: Browser, app: Served, specimens: int, scheme: Literal["light", "dark"]
) -> None:
    found = Visitor(browser, app.url, color_scheme=scheme, viewport={"width": 1280, "height": 800})
    page = found.page
    page.goto("/login")
    assert objections(page) == []
    found.enter(app.running.token(Role.ADMIN))
    watch_layout(page)
    for path, shown in READY.items():
        page.goto(path)
        expect(page.locator(shown).first).to_be_visible()
        page.wait_for_function("() => !document.querySelector('[data-state=loading]')")
        assert objections(page) == [], path
        assert all(one["shows"] for one in focused_by_tab(page, 40)), path
        assert layout_shift(page) < 0.02, path
        if scheme == "dark":
            found.screenshot(f"dark-{path.strip('/') or 'overview'}")
    page.goto("/")
    expect(page.locator("#live")).to_contain_text("live")
    order = focused_by_tab(page, 24)
    assert [one["name"] for one in order[:3]] == ["Skip to content", "Labkeeper, overview", "Overview"]
    assert all(one["shows"] for one in order), [one for one in order if not one["shows"]]
    assert {"window", "assay", "machine_id"} <= {one["id"] for one in order}
    found.context.close()
    assert found.complaints == []


def test_every_page_fits_a_phone(browser: Browser, app: Served, specimens: int) -> None:
    screen: dict[str, object] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    found = Visitor(browser, app.url, reduced_motion="reduce", **screen)
    page = found.page
    watch_layout(page)
    found.enter(app.running.token(Role.ADMIN))
    for path, shown in READY.items():
        page.goto(path)
        expect(page.locator(shown).first).to_be_visible()
        page.wait_for_function("() => !document.querySelector('[data-state=loading]')")
        assert not is_wider_than_the_screen(page), path
        assert layout_shift(page) < 0.02, path
        assert page.evaluate("() => document.getAnimations().length") == 0, path
        assert page.evaluate(NAMELESS) == [], path
        found.screenshot(f"phone-{path.strip('/') or 'overview'}")
    found.context.close()
    assert found.complaints == []


def test_a_lost_connection_is_said_and_nothing_shown_is_taken_away(
    visitor: Visitor, app: Served, api: httpx.Client, specimens: int
) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.USER), "/")
    expect(page.locator("#live")).to_contain_text("live")
    value = page.locator("#kpi-completed [data-part=value]").inner_text()
    visitor.context.route("**/overview**", lambda route: route.abort())
    visitor.forgive("ERR_FAILED")
    page.get_by_label("Machine", exact=True).select_option("M1")
    expect(page.locator("#live")).to_have_attribute("data-state", re.compile("stale|error"))
    assert page.locator("#kpi-completed [data-part=value]").inner_text() == value
    visitor.context.unroute("**/overview**")
    expect(page.locator("#live")).to_have_attribute("data-state", "ready", timeout=20_000)
    expect(page.locator("#kpi-completed [data-part=value]")).not_to_have_text(value)
