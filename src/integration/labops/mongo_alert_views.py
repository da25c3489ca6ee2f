"""Alerts as people see them, and the last evaluation of each rule."""

from datetime import datetime
from typing import Any

from application.labops.alerts.ports import AlertViews, EvaluationMemory
from application.labops.alerts.views import (
    AlertFilter,
    AlertStatus,
    AlertView,
    EvaluationOutcome,
    EvaluationView,
)
from domain.kernel.aggregate import BEFORE_ANYTHING
from integration.labops.alerts_projector import MODEL
from integration.mongo.driver import MongoCollection, MongoDriver, translating_outages
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch

EVALUATIONS = "labops_alert_evaluations"
_STORE = "the read model store"


class MongoAlertViews(AlertViews):
    """The read model ``alerts``."""

    def __init__(self, driver: MongoDriver, watch: ReadModelWatch) -> None:
        self._driver = driver
        self._watch = watch

    async def get_async(self, alert_id: str) -> AlertView | None:
        collection = await self._collection_async()
        if collection is None:
            return None
        with translating_outages(_STORE):
            document = await collection.find_one({"_id": alert_id})
        return None if document is None else _view(document)

    async def list_async(self, chosen: AlertFilter, limit: int, before: tuple[datetime, str] | None) -> list[AlertView]:
        collection = await self._collection_async()
        if collection is None:
            return []
        query: dict[str, Any] = {}
        if chosen.status is not None:
            query["status"] = chosen.status.value
        elif chosen.standing is not None:
            resolved = AlertStatus.RESOLVED.value
            query["status"] = {"$ne": resolved} if chosen.standing else resolved
        if chosen.rule_id is not None:
            query["rule_id"] = chosen.rule_id
        if before is not None:
            at, alert_id = before
            query["$or"] = [{"raised_at": {"$lt": at}}, {"raised_at": at, "_id": {"$lt": alert_id}}]
        with translating_outages(_STORE):
            found = await collection.find(query).sort([("raised_at", -1), ("_id", -1)]).limit(limit).to_list(limit)
        return [_view(document) for document in found]

    async def last_ordinal_async(self, rule_id: str) -> int:
        collection = await self._collection_async()
        if collection is None:
            return 0
        with translating_outages(_STORE):
            document = await collection.find_one({"rule_id": rule_id}, {"ordinal": 1}, sort=[("ordinal", -1)])
        return 0 if document is None else int(document["ordinal"])

    async def _collection_async(self) -> MongoCollection | None:
        current = await self._watch.current_async(MODEL)
        return self._driver.collection(current.collection) if current else None


def _view(document: dict[str, Any]) -> AlertView:
    names = AlertView.__dataclass_fields__.keys() - {"alert_id", "status"}
    # Until the read model is rebuilt, documents of its first version serve.
    values = {"worst_severity": document["severity"], **document}
    values = {name: values[name] for name in names}
    return AlertView(alert_id=document["_id"], status=AlertStatus(document["status"]), **values)


class MongoEvaluationMemory(EvaluationMemory):
    """Documents ``{_id: rule id, at, outcome, value, specimens, breached, alert_id}``."""

    def __init__(self, driver: MongoDriver) -> None:
        self._collection = driver.collection(EVALUATIONS)

    async def put_async(self, evaluation: EvaluationView) -> None:
        document = {
            "_id": evaluation.rule_id,
            "at": evaluation.evaluated_at,
            "outcome": evaluation.outcome.value,
            "value": evaluation.value,
            "specimens": evaluation.specimens,
            "breached": evaluation.breached,
            "alert_id": evaluation.alert_id,
        }
        is_later = {"$lt": [{"$ifNull": ["$at", BEFORE_ANYTHING]}, evaluation.evaluated_at]}
        fields = {name: {"$cond": [is_later, {"$literal": value}, f"${name}"]} for name, value in document.items()}
        del fields["_id"]
        with translating_outages(_STORE):
            await self._collection.update_one({"_id": evaluation.rule_id}, [{"$set": fields}], upsert=True)

    async def get_many_async(self, rule_ids: list[str]) -> dict[str, EvaluationView]:
        with translating_outages(_STORE):
            found = await self._collection.find({"_id": {"$in": rule_ids}}).to_list(None)
        return {one["_id"]: _evaluation(one) for one in found}

    async def forget_async(self, rule_id: str) -> None:
        with translating_outages(_STORE):
            await self._collection.delete_one({"_id": rule_id})


def _evaluation(document: dict[str, Any]) -> EvaluationView:
    return EvaluationView(
        rule_id=document["_id"],
        evaluated_at=document["at"],
        outcome=EvaluationOutcome(document["outcome"]),
        value=document["value"],
        specimens=document["specimens"],
        breached=document["breached"],
        alert_id=document["alert_id"],
    )
