"""What a webhook decides: past events, one action, new events."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.kernel.domain_event import RecordedDomainEvent
from domain.kernel.field_change import FieldChange
from domain.webhooks.errors import InvalidWebhookError, WebhookRemovedError
from domain.webhooks.events import (
    WEBHOOKS_EVENTS,
    WebhookChangedDomainEvent,
    WebhookDisabledDomainEvent,
    WebhookRegisteredDomainEvent,
    WebhookRemovedDomainEvent,
    WebhookSecretReplacedDomainEvent,
)
from domain.webhooks.webhook import Webhook, WebhookDetails

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DETAILS = WebhookDetails(url="https://hooks.example.org/labs", event_types=("labs.*",))


def registered(**changes: Any) -> WebhookRegisteredDomainEvent:
    values = {"url": DETAILS.url, "event_types": ["labs.*"], "active": True, **changes}
    return WebhookRegisteredDomainEvent(aggregate_id="h1", created_at=NOW, **values)


REMOVED = WebhookRemovedDomainEvent(aggregate_id="h1", created_at=NOW)
DISABLED = WebhookDisabledDomainEvent(aggregate_id="h1", created_at=NOW, reason="gone")


def given(*events: RecordedDomainEvent) -> Webhook:
    webhook = Webhook()
    for version, event in enumerate(events, 1):
        event.aggregate_version = version
    webhook.replay(events)
    return webhook


def test_a_registration_is_one_fact_and_holds_no_secret() -> None:
    webhook = Webhook.register("h1", DETAILS, NOW)
    [event] = webhook.pending_events
    assert isinstance(event, WebhookRegisteredDomainEvent)
    assert (event.url, event.event_types, event.active) == (DETAILS.url, ["labs.*"], True)
    assert all("secret" not in event_class.__annotations__ for event_class in WEBHOOKS_EVENTS)


def test_a_change_names_only_what_differs() -> None:
    webhook = given(registered())
    webhook.change(WebhookDetails(url=DETAILS.url, event_types=("*",), active=True), NOW)
    [event] = webhook.pending_events
    assert isinstance(event, WebhookChangedDomainEvent)
    assert event.changed_fields == {"event_types": FieldChange(["labs.*"], ["*"])}
    assert webhook.state.event_types == ("*",)


def test_a_change_of_nothing_is_no_fact() -> None:
    webhook = given(registered())
    webhook.change(DETAILS, NOW)
    assert webhook.pending_events == []


def test_a_disabled_webhook_wants_nothing_until_it_is_active_again() -> None:
    webhook = given(registered())
    assert webhook.disable("gone", NOW)
    assert not webhook.disable("gone", NOW)
    assert isinstance(webhook.pending_events[0], WebhookDisabledDomainEvent)
    assert not webhook.state.wants("labs.lab-record-created.v1")
    assert webhook.state.disabled_reason == "gone"
    webhook.change(DETAILS, NOW)
    assert webhook.state.wants("labs.lab-record-created.v1")
    assert webhook.state.disabled_reason is None


def test_a_removed_webhook_accepts_nothing() -> None:
    webhook = given(registered(), REMOVED)
    for action in (
        lambda: webhook.change(DETAILS, NOW),
        lambda: webhook.note_secret_replaced(NOW),
        lambda: webhook.remove(NOW),
    ):
        with pytest.raises(WebhookRemovedError):
            action()
    assert not webhook.disable("gone", NOW)
    assert webhook.pending_events == []


def test_a_replaced_secret_is_told_without_it() -> None:
    webhook = given(registered())
    webhook.note_secret_replaced(NOW)
    [event] = webhook.pending_events
    assert isinstance(event, WebhookSecretReplacedDomainEvent)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.org",
        "ftp://hooks.example.org",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://",
        "http:///x",
        "https://ann:pw@hooks.example.org",
        "https://@hooks.example.org",
        "https://hooks.example.org/#part",
        "https://hooks.example.org/#",
        "https://hooks.example.org:0/",
        "https://hooks.example.org:99999/",
        "https://hooks.example.org/a b",
        "https://hooks.example.org\\@169.254.169.254/",
        "https://hooks.example.org/\n",
        "http://[::1",
        "https://hooks.example.org/" + "a" * 2048,
    ],
)
def test_a_url_that_breaks_a_rule_is_refused(url: str) -> None:
    with pytest.raises(InvalidWebhookError) as refused:
        WebhookDetails(url=url, event_types=("*",))
    assert refused.value.field == "url"


def test_a_url_may_have_a_query_and_a_port() -> None:
    assert WebhookDetails(url="http://127.0.0.1:8080/hook?from=labs", event_types=("*",)).active
