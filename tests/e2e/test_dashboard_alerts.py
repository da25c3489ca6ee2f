"""The Alerts page: what is watched, what stands, what has ended, who is told, and how long results may take."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from api.kernel.authorization import Role
from tests.support.accessibility import layout_shift, objections, watch_layout
from tests.support.chromium import Visitor
from tests.support.served import API, Served
from tests.support.teams import TeamsSimulator

pytestmark = pytest.mark.timeout(120)
ASSAY, MACHINE = "AL-CBC", "AL-M1"
WORDS = f"More than 0 specimens of {ASSAY} open past their limit"


@pytest.fixture(scope="module")
def teams() -> Iterator[TeamsSimulator]:
    with TeamsSimulator() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def late(api: httpx.Client) -> str:
    """A specimen that is open past its limit; return its id."""
    body = {"specimen_id": "AL1", "assay": ASSAY, "machine_id": MACHINE, "operator_id": "O1"}
    answer = api.post(f"{API}/specimens", json={**body, "received_at": "2024-02-01T00:00:00Z"})
    assert answer.status_code == 201, answer.text
    return "AL1"


def pressed(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_rule_is_written_refused_at_its_field_raises_an_alert_and_keeps_its_history(
    visitor: Visitor, app: Served, api: httpx.Client, late: str
) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.MANAGER, subject="ines"))
    watch_layout(page)
    page.goto("/alerts")
    expect(page.locator("#live")).to_contain_text("live")
    pressed(page, "New rule")
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("AL late")
    page.get_by_label("Limit, minutes").fill("240")
    page.get_by_label("Assay", exact=True).fill("CBC")
    expect(page.locator("#rule-says")).to_have_text("P90 of CBC above 4 h over the last 24 h")
    page.get_by_label("Ends at, minutes").fill("120")
    expect(page.locator("#rule-says")).to_have_text("P90 of CBC above 4 h over the last 24 h; ends at 2 h or less")
    page.get_by_label("Over the last").fill("")
    visitor.forgive("422")
    pressed(page, "Save the rule")
    expect(page.locator("#rule-window-number-refused")).to_have_text("must be a number of minutes, hours or days")
    page.get_by_label("Over the last").fill("24")
    page.get_by_label("Watch").select_option("open_breaches")
    page.get_by_label("Assay", exact=True).fill(ASSAY)
    page.get_by_label("Limit, specimens").fill("0")
    page.get_by_label("Ends at, specimens").fill("3")
    visitor.forgive("422")
    pressed(page, "Save the rule")
    clear = page.get_by_label("Ends at, specimens")
    expect(clear).to_be_focused()
    expect(clear).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#rule-clear-refused")).to_have_text("must not be above the limit")
    assert objections(page) == []
    visitor.screenshot("alerts-refused")
    clear.fill("")
    pressed(page, "Save the rule")
    rule = page.locator("#rules tbody tr", has_text="AL late")
    expect(rule).to_contain_text(WORDS)
    expect(rule).to_contain_text("never")
    expect(page.locator("#rule-editor")).to_be_hidden()
    page.evaluate("() => (window.__shifts = [])")  # that a form is gone once it is saved is no jump
    pressed(page, "Evaluate now AL late")
    standing = page.locator("#standing tbody tr", has_text="AL late")
    expect(standing).to_contain_text(WORDS)
    expect(rule).to_contain_text("raised an alert")
    pressed(page, "Acknowledge AL late")
    expect(standing).to_contain_text("seen by ines")
    visitor.screenshot("alerts")
    # It ends by itself once the specimen has its result.
    assert api.post(f"{API}/specimens/{late}/start").status_code == 200
    assert api.post(f"{API}/specimens/{late}/complete").status_code == 200
    pressed(page, "Evaluate now AL late")
    ended = page.locator("#past tbody tr", has_text="AL late")
    expect(ended).to_contain_text("good again")
    expect(ended).to_contain_text("ines")
    expect(standing).to_have_count(0)
    assert layout_shift(page) < 0.02
    page.get_by_label("Rule", exact=True).select_option(label="AL late")
    page.get_by_label("State", exact=True).select_option("resolved")
    page.wait_for_url(re.compile(r"/alerts\?state=resolved&rule=[0-9a-f]{32}$"))
    expect(page.locator("#standing")).to_be_hidden()
    expect(page.locator("#past tbody tr")).to_have_count(1)
    page.go_back()
    expect(page.locator("#standing")).to_contain_text("No alert")
    page.get_by_role("button", name="Switch off AL late").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Switch on AL late")).to_be_focused()
    pressed(page, "Edit AL late")
    page.get_by_label("Name").fill("AL later")
    pressed(page, "Save the rule")
    page.once("dialog", lambda dialog: dialog.accept())
    pressed(page, "Delete AL later")
    expect(page.locator("#rules tbody tr", has_text="AL late")).to_have_count(0)


def test_a_channel_in_a_dry_run_shows_its_payload_and_one_that_sends_what_came_back(
    visitor: Visitor, app: Served, teams: TeamsSimulator
) -> None:
    page = visitor.page
    visitor.enter(app.running.token(Role.ADMIN), "/alerts")
    pressed(page, "New channel")
    page.locator("#channel-form").get_by_label("Name").fill("AL room")
    page.get_by_label("URL, kept secret").fill("ftp://nowhere")
    page.get_by_label("Dry run").check()
    visitor.forgive("422")
    pressed(page, "Save the channel")
    expect(page.locator("#channel-url-refused")).to_contain_text("must start with http")
    page.get_by_label("URL, kept secret").fill(f"{teams.url}/workflows/al?sig=very-secret")
    pressed(page, "Save the channel")
    row = page.locator("#channels tbody tr", has_text="AL room")
    expect(row).to_contain_text("dry run")
    pressed(page, "Test AL room")
    message = page.locator("#message")
    expect(message).to_contain_text("nothing was sent")
    expect(message.locator("pre")).to_contain_text("AdaptiveCard")
    assert teams.messages("al") == []
    pressed(page, "Edit AL room")
    page.get_by_label("Dry run").uncheck()
    pressed(page, "Save the channel")
    expect(row).to_contain_text("on")
    teams.behaves(status=400)
    pressed(page, "Test AL room")
    expect(message).to_contain_text("answered 400")
    messages = page.locator("#messages tbody tr")
    expect(messages).to_contain_text("given up")
    assert objections(page) == []
    visitor.screenshot("alerts-channel")
    teams.behaves()
    pressed(page, "Send Labkeeper test message again")
    expect(messages).to_contain_text("delivered")
    page.get_by_label("State of messages").select_option("parked")
    expect(page.locator("#messages")).to_contain_text("It has no such messages.")
    assert len(teams.messages("al")) == 1
    assert "very-secret" not in page.content()
    page.once("dialog", lambda dialog: dialog.accept())
    pressed(page, "Delete AL room")
    expect(row).to_have_count(0)


def test_limits_are_changed_and_a_change_of_somebody_else_is_not_written_over(
    visitor: Visitor, app: Served, api: httpx.Client
) -> None:
    page = visitor.page
    usual = api.get(f"{API}/sla-limits").json()
    before = {**usual, "by_assay": {**usual["by_assay"], "Third": 1 / 3}}
    assert api.put(f"{API}/sla-limits", json=before).status_code == 200
    visitor.enter(app.running.token(Role.MANAGER), "/alerts")
    expect(page.get_by_label("For every assay")).to_have_value(f"{before['default_hours']:g}")
    expect(page.get_by_label("Hours for Third", exact=True)).to_have_value("0.333333")
    pressed(page, "Add an assay")
    page.locator("#assay-limits li").last.get_by_label("Assay", exact=True).fill(ASSAY)
    hours = page.locator("#assay-limits li").last.get_by_label("Hours")
    hours.fill("0")
    visitor.forgive("422")
    pressed(page, "Save the limits")
    expect(hours).to_have_attribute("aria-invalid", "true")
    hours.fill("1.5")
    pressed(page, "Save the limits")
    expect(page.locator("#limits-told")).to_have_text("saved")
    assert api.get(f"{API}/sla-limits").json()["by_assay"] == {**before["by_assay"], ASSAY: 1.5}
    hours.fill("2")
    assert api.put(f"{API}/sla-limits", json=before).status_code == 200
    visitor.forgive("412")
    pressed(page, "Save the limits")
    expect(page.locator("#limits")).to_contain_text("Somebody has changed the limits meanwhile")
    pressed(page, "Back to the stored ones")
    expect(page.locator("#assay-limits li")).to_have_count(len(before["by_assay"]))
    assert api.put(f"{API}/sla-limits", json=usual).status_code == 200


def test_who_only_reads_is_offered_nothing_that_changes_anything(
    visitor: Visitor, app: Served, api: httpx.Client
) -> None:
    page = visitor.page
    rule = {"name": "AL quiet", "metric": "silence", "operator": ">=", "threshold": 90, "filters": {"assay": ASSAY}}
    path = f"{API}/alert-rules/{api.post(f'{API}/alert-rules', json=rule).json()['rule_id']}"
    visitor.enter(app.running.token(Role.USER), "/alerts?state=bogus&colour=blue")
    expect(page.locator("#notices")).to_contain_text("asks for a state that cannot be")
    expect(page.locator("#rules tbody tr", has_text="AL quiet")).to_contain_text(
        f"Nothing of {ASSAY} received for at least 90 min"
    )
    expect(page.locator("#limits")).to_have_attribute("data-state", "ready")
    offered = page.locator("main :is(button, input):not(:disabled):not([readonly]):visible").all_inner_texts()
    assert [one for one in offered if one not in ("Newest", "Older", "\N{MULTIPLICATION SIGN}")] == []
    for absent in ("#channels", "#messages", "#rule-form", "#channel-form"):
        expect(page.locator(absent)).to_have_count(0)
    assert api.delete(path).status_code == 204


def test_an_older_page_has_an_address_and_a_rule_that_somebody_else_changed_is_loaded_anew(
    visitor: Visitor, app: Served, api: httpx.Client
) -> None:
    page = visitor.page
    rule = {"name": "AL pages", "metric": "throughput", "operator": "<", "threshold": 5, "filters": {"assay": ASSAY}}
    path = f"{API}/alert-rules/{api.post(f'{API}/alert-rules', json=rule).json()['rule_id']}"
    for _ in range(2):
        assert api.post(f"{path}/evaluate").json()["outcome"] == "raised"
        for active in (False, True):
            assert api.patch(path, json={"active": active}).status_code == 200
    # The page asks for fifty at a time; so many alerts would take long to raise.
    visitor.context.route(
        re.compile(r"/api/v1/alerts\?"), lambda route: route.continue_(url=route.request.url.replace("=50", "=1"))
    )
    visitor.enter(app.running.token(Role.MANAGER), f"/alerts?rule={path.rsplit('/', 1)[1]}")
    rows = page.locator("#past tbody tr")
    expect(rows).to_have_count(1)
    pressed(page, "Older")
    page.wait_for_url("**&after=*")
    expect(page.locator("#past")).to_contain_text("an older page")
    page.reload()
    expect(page.locator("#past")).to_contain_text("an older page")
    expect(page.get_by_role("button", name="Older")).to_be_hidden()
    pressed(page, "Newest")
    expect(page.locator("#past")).to_contain_text("the last 50")
    pressed(page, "Edit AL pages")
    assert api.patch(path, json={"threshold": 4}).status_code == 200
    visitor.forgive("412")
    pressed(page, "Save the rule")
    expect(page.locator("#rule-form")).to_contain_text("Somebody has changed this rule meanwhile")
    pressed(page, "Load it anew")
    limit = page.get_by_label("Limit, specimens")
    expect(limit).to_have_value("4")
    limit.press("Enter")
    expect(page.get_by_role("button", name="Edit AL pages")).to_be_focused()
    page.keyboard.press("Enter")
    assert api.delete(path).status_code == 204
    visitor.forgive("404")
    pressed(page, "Save the rule")
    expect(page.locator("#rule-form")).to_contain_text("Somebody has deleted this rule meanwhile")
    pressed(page, "Cancel")
    visitor.forgive("422")
    visitor.forgive("400")
    page.goto("/alerts?after=nonsense")
    expect(page.locator("#notices")).to_contain_text("asks for a page that cannot be")
    expect(page.locator("#past")).to_have_attribute("data-state", "ready")
