"""What Teams is sent: the kit's card, the card of workflows, and neither larger than it takes."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import orjson
import pytest

from application.labops.alerts.card_text import as_written
from application.labops.alerts.configured_channel import ConfiguredChannel
from application.labops.alerts.messages import ChannelMessage, MessageSection, message_of
from application.labops.alerts.ports import DayInFigures
from application.labops.alerts.teams_cards import LARGEST_BYTES, adaptive_card, message_card, teams_payload
from application.labops.standups.standup import summary_message
from domain.labops.alert_channel import ChannelKind
from domain.labops.alert_events import AlertAnnouncedDomainEvent

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def announced(kind: str = "raised") -> AlertAnnouncedDomainEvent:
    return AlertAnnouncedDomainEvent(
        aggregate_id="r-1",
        created_at=AT,
        rule_id="r",
        kind=kind,
        rule_name="late",
        metric="sla_breach_rate",
        operator="gt",
        threshold=0.1,
        value=0.18,
        severity="HIGH",
        window="P1D",
        assay=None,
        machine_id=None,
        raised_at=AT,
        specimens=66,
        concerned=12,
        top_assays=["CBC", "PCR"],
        top_counts=[7, 5],
        channels=[],
        quiet_until=AT,
    )


def test_the_card_of_connectors_has_the_kits_shape() -> None:
    card = message_card(message_of(announced(), "https://dash.example.org"))
    facts = card["sections"][0].pop("facts")
    assert card == {
        "@type": "MessageCard",
        "@context": "http://schema.org/extensions",
        "themeColor": "FF0000",
        "summary": "SLA Breach Alert",
        "sections": [{"activityTitle": "SLA Breach Alert", "activitySubtitle": "Window: last 24h"}],
        "potentialAction": [
            {
                "@type": "OpenUri",
                "name": "View Dashboard",
                "targets": [{"os": "default", "uri": "https://dash.example.org/"}],
            }
        ],
    }
    assert facts[:2] == [{"name": "SLA Breaches", "value": "12"}, {"name": "Top Assays", "value": "CBC(7), PCR(5)"}]


def test_what_is_over_is_green_and_needs_no_link() -> None:
    card = message_card(message_of(announced("resolved"), ""))
    assert (card["themeColor"], card["summary"]) == ("00FF00", "SLA Status OK")
    assert "potentialAction" not in card


def test_a_workflow_gets_one_adaptive_card_in_its_envelope() -> None:
    message = adaptive_card(message_of(announced(), "https://dash.example.org"))
    [attachment] = message["attachments"]
    assert message["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["contentUrl"] is None
    content = attachment["content"]
    assert (content["type"], content["version"]) == ("AdaptiveCard", "1.4")
    assert content["body"][2]["facts"][0] == {"title": "SLA Breaches", "value": "12"}
    assert content["actions"][0]["url"] == "https://dash.example.org/"


UNRULY = "[here](http://evil.example) **M_1** `x` ~~y~~ <http://evil.example> <b>z</b>"


def texts_of(node: object) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in texts_of(value)]
    if isinstance(node, list):
        return [text for item in node for text in texts_of(item)]
    return [node] if isinstance(node, str) else []


@pytest.mark.parametrize("kind", [ChannelKind.TEAMS_WORKFLOW, ChannelKind.TEAMS_LEGACY])
def test_names_that_people_gave_make_no_links_and_format_nothing(kind: ChannelKind) -> None:
    message = replace(
        message_of(replace(announced(), rule_name=UNRULY, assay=UNRULY), ""),
        title=UNRULY,
        subtitle=UNRULY,
        sections=(MessageSection(UNRULY, f"- {UNRULY}\n1. {UNRULY}", ((UNRULY, UNRULY),)),),
    )
    sent = orjson.loads(teams_payload(kind, message))
    sent.pop("summary", None)  # no card: what a notification says, as plain text
    unruly = [text for text in texts_of(sent) if "evil" in text]
    assert len(unruly) == 8
    for text in unruly:
        bare = re.sub(r"\\[\\`*_~\[\]<.-]|&lt;", "", text)
        assert not re.search(r"[\\`*_~\[\]<]|^- |^1\. ", bare, re.MULTILINE), text


def test_what_is_written_comes_out_as_it_was() -> None:
    for text in ("CBC(7), PCR(5)", "95.0 min", "-", "Daily Standup - Ann", "-5 C", "M1 & M2", "2.5 h"):
        assert as_written(text) == as_written(text, is_html=True) == text
    assert as_written("> 1\n # 2\n+ 3\n12) 4") == "\\> 1\n \\# 2\n\\+ 3\n12\\) 4"
    assert as_written("a < b", is_html=True) == "a &lt; b"


def test_texts_of_many_bytes_and_many_marks_fit_as_well() -> None:
    for mark in ("\U0001f9ea", "\u6f22", "*", "<"):
        facts = tuple((mark * 100, mark * 3_000) for _ in range(40))
        message = ChannelMessage(title=mark * 200, subtitle=mark * 200, color="FF0000", facts=facts)
        for kind in (ChannelKind.TEAMS_WORKFLOW, ChannelKind.TEAMS_LEGACY):
            assert len(teams_payload(kind, message)) <= LARGEST_BYTES


def test_the_summary_has_the_kits_facts() -> None:
    message = summary_message(date(2026, 3, 1), DayInFigures(1200, 214.46, 0.0704, 9), "")
    assert message.color == "0076D7"
    assert dict(message.facts) == {
        "Total Specimens": "1200",
        "TAT P90": "214.5 min",
        "Error Rate": "7.0%",
        "SLA Breaches": "9",
    }


@pytest.mark.parametrize("kind", [ChannelKind.TEAMS_WORKFLOW, ChannelKind.TEAMS_LEGACY])
@pytest.mark.parametrize(
    ("facts", "sections", "length"), [(5, 0, 100_000), (3_000, 0, 50), (3, 50, 9_000), (3, 2_000, 20), (0, 0, 1)]
)
def test_no_message_is_larger_than_teams_takes(kind: ChannelKind, facts: int, sections: int, length: int) -> None:
    def some(number: int) -> tuple[tuple[str, str], ...]:
        return tuple((f"fact {one}", "\u00e4" * length) for one in range(number))

    parts = tuple(MessageSection(f"part {one}", "x" * length, some(3)) for one in range(sections))
    message = ChannelMessage(
        title="t" * length, subtitle="", color="FF0000", facts=some(facts), sections=parts, link="https://x/" + "y" * 3
    )
    body = teams_payload(kind, message)
    assert len(body) <= LARGEST_BYTES
    sent = orjson.loads(body)
    assert sent.get("type") == "message" or sent["@type"] == "MessageCard"
    if sections == 2_000:
        assert b"more left out" in body


def test_an_address_of_the_older_connectors_is_known_by_its_host() -> None:
    assert ConfiguredChannel("https://acme.webhook.office.com/x").kind is ChannelKind.TEAMS_LEGACY
    assert ConfiguredChannel("https://prod-1.westeurope.logic.azure.com/x").kind is ChannelKind.TEAMS_WORKFLOW
    assert "secret" not in repr(ConfiguredChannel("https://x/secret"))
