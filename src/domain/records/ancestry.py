"""Whose child a record may become."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from domain.records.errors import InvalidRecordError
from domain.records.values import LabsRecord, RecordItem

ParentOf = Callable[[int], Awaitable[int | None]]
"""Returns the parent of a record that is stored; None without one, and where there is no such record."""


async def check_ancestry_async(
    items: Sequence[RecordItem],
    after: Sequence[LabsRecord],
    before: Mapping[int, LabsRecord | None],
    parent_of: ParentOf,
) -> None:
    """Check that no record becomes its own ancestor: removing it would come back to it.

    Args:
        after: what each item leads to.
        before: the records that are changed, by id.

    Raises:
        InvalidRecordError: one would; names the first such item.
    """
    written = {item.id: record for item, record in zip(items, after, strict=True) if item.id is not None}
    for index, item in enumerate(items):
        if item.id is None:
            continue  # nothing can name it yet
        known = before.get(item.id)
        at = after[index].labs_record_id
        if at is None or (known is not None and known.labs_record_id == at):
            continue
        passed: set[int] = set()
        while at is not None and at not in passed:
            if at == item.id:
                raise InvalidRecordError(index, "labs_record_id", "must be neither the record itself nor below it")
            passed.add(at)
            at = written[at].labs_record_id if at in written else await parent_of(at)
