"""Two processes that evaluate the same rule, a worker that died in the middle, and the summary of a day."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from application.kernel.cloud_events import CloudEvents
from application.labops.alerts.alert_evaluation import AlertEvaluation
from application.labops.alerts.channel_payloads import ChannelPayloads
from application.labops.alerts.configured_channel import ConfiguredChannel
from application.labops.alerts.notifications import CONFIGURED_CHANNEL, NewNotification
from application.labops.alerts.ports import DayInFigures, MeasuredValues
from application.labops.standups.daily_summary import DailySummary
from domain.kernel.clock import SystemClock
from domain.labops.alert_events import ALERT_EVENTS, AlertAnnouncedDomainEvent, AlertRaisedDomainEvent
from domain.labops.alert_rule import AlertRule
from domain.labops.alert_values import AlertMetric, AlertOperator, AlertRuleDetails, Measurement
from integration.labops.mongo_alert_notifications import MongoAlertNotifications
from integration.labops.mongo_alert_repositories import MongoAlertRepository
from integration.labops.mongo_alert_views import MongoAlertViews, MongoEvaluationMemory
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.subscriptions.checkpoints import Checkpoints
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch

RULE = AlertRuleDetails(
    name="errors",
    metric=AlertMetric.ERROR_RATE,
    operator=AlertOperator.GT,
    threshold=0.1,
    clear_threshold=0.1,
    window=timedelta(hours=1),
    cool_down=timedelta(),
)


class Told(MeasuredValues):
    """Answers what it was told to."""

    def __init__(self, value: float) -> None:
        self.value = value
        self.days: list[tuple[datetime, datetime]] = []

    async def measure_async(self, rule: AlertRuleDetails, now: datetime, since: datetime) -> Measurement:
        return Measurement(self.value, 10)

    async def day_async(self, begins: datetime, ends: datetime) -> DayInFigures:
        self.days.append((begins, ends))
        return DayInFigures(10, 95.0, 0.1, 2)


async def test_many_evaluations_at_once_raise_one_alert_and_tell_it_once(driver: MongoDriver) -> None:
    clock, told = SystemClock(), Told(0.5)
    stores = [MongoEventStore(driver, "labops", EventCodec("labops", ALERT_EVENTS), clock) for _ in range(2)]
    await stores[0].prepare_async()
    watch = ReadModelWatch(driver, Checkpoints(driver, clock))
    views, memory = MongoAlertViews(driver, watch), MongoEvaluationMemory(driver)
    processes = [AlertEvaluation(MongoAlertRepository(one), views, told, memory, clock) for one in stores]
    rule = AlertRule.define("r1", RULE, clock.now())
    try:
        for _ in range(3):
            told.value = 0.5
            await asyncio.gather(*(process.evaluate_async(rule) for process in processes * 2))
            told.value = 0.0
            await asyncio.gather(*(process.evaluate_async(rule) for process in processes * 2))
        facts, _ = await stores[0].read_log_async(0, 100)
    finally:
        for store in stores:
            await store.close_async()
    raised = [fact.event.aggregate_id for fact in facts if isinstance(fact.event, AlertRaisedDomainEvent)]
    assert raised == ["r1-1", "r1-2", "r1-3"]
    kinds = [fact.event.kind for fact in facts if isinstance(fact.event, AlertAnnouncedDomainEvent)]
    assert kinds == ["raised", "resolved"] * 3


async def test_what_was_under_way_when_its_process_died_is_not_sent_again(driver: MongoDriver) -> None:
    notifications = MongoAlertNotifications(driver, SystemClock())
    await notifications.prepare_async()
    new = [
        NewNotification(notification_id=one, channel_id="c", subject="a", about="raised", title="t", body=one.encode())
        for one in ("n1", "n2")
    ]
    await notifications.queue_async(new)
    await notifications.queue_async(new)
    now = datetime(2100, 1, 1, tzinfo=UTC)
    due = await notifications.first_due_async("c", now)
    assert due is not None
    assert due.notification_id == "n1"
    assert await notifications.confirm_nothing_async() == 0, "what only waits for its turn is not in doubt"
    assert [await notifications.claim_async(due, now) for _ in range(2)] == [True, False]
    assert await notifications.confirm_nothing_async() == 1
    following = await notifications.first_due_async("c", now)
    assert following is not None
    assert following.notification_id == "n2"
    assert await notifications.claim_async(following, now)
    assert await notifications.first_due_async("c", now) is None
    assert await notifications.retry_async("c", "n1")
    assert not await notifications.retry_async("c", "n2")


async def test_the_summary_of_a_day_goes_out_once_and_in_time(driver: MongoDriver) -> None:
    notifications, told = MongoAlertNotifications(driver, SystemClock()), Told(0.0)
    payloads = ChannelPayloads(CloudEvents(), "")
    configured, zone = ConfiguredChannel("https://example.org/x"), ZoneInfo("Europe/Berlin")
    summary = DailySummary(told, notifications, payloads, configured, zone, time(7, 30))
    assert not await summary.post_if_due_async(datetime(2026, 3, 30, 5, 29, tzinfo=UTC))
    assert await summary.post_if_due_async(datetime(2026, 3, 30, 5, 30, tzinfo=UTC))
    assert not await summary.post_if_due_async(datetime(2026, 3, 30, 9, tzinfo=UTC))
    [(begins, ends)] = told.days
    assert ends.astimezone(UTC) - begins.astimezone(UTC) == timedelta(hours=23), "summer time began on this day"
    [queued] = await notifications.list_async(CONFIGURED_CHANNEL, None, 10, None)
    assert (queued.title, queued.about) == ("Daily Lab Summary", "summary")
