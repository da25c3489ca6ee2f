"""Many documents at once, for projectors that must not know the driver."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pymongo import DeleteOne, InsertOne, ReplaceOne
from pymongo.errors import BulkWriteError

from integration.mongo.driver import MongoCollection, MongoDocument, MongoSession

_DUPLICATE_KEY = 11000


async def write_documents_async(
    target: MongoCollection,
    *,
    new: Iterable[MongoDocument],
    changed: Iterable[MongoDocument],
    gone: Iterable[str | int],
    session: MongoSession | None,
) -> None:
    """Insert new documents, replace changed ones and delete gone ones, each by its ``_id``."""
    operations: list[InsertOne[MongoDocument] | ReplaceOne[MongoDocument] | DeleteOne] = [
        InsertOne(document) for document in new
    ]
    operations += [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in changed]
    operations += [DeleteOne({"_id": key}) for key in gone]
    if operations:
        await target.bulk_write(operations, ordered=False, session=session)


async def insert_missing_async(target: MongoCollection, documents: Sequence[MongoDocument]) -> None:
    """Insert documents; those that a unique index knows already stay as they are."""
    try:
        await target.insert_many(list(documents), ordered=False)
    except BulkWriteError as error:
        faults = error.details.get("writeErrors") or [{}]
        if any(fault.get("code") != _DUPLICATE_KEY for fault in faults) or error.details.get("writeConcernErrors"):
            raise


async def read_documents_async(
    target: MongoCollection, ids: Sequence[str | int], session: MongoSession | None
) -> dict[str, MongoDocument]:
    """Return the documents that exist among the given ids, by id as text."""
    if not ids:
        return {}
    found = await target.find({"_id": {"$in": list(ids)}}, session=session).to_list(None)
    return {str(document["_id"]): document for document in found}


async def update_where_async(
    target: MongoCollection,
    where: Mapping[str, Any],
    pipeline: Sequence[Mapping[str, Any]],
    session: MongoSession | None,
) -> None:
    """Change all documents that match, by an update pipeline."""
    await target.update_many(where, list(pipeline), session=session)
