"""The document of one living record in the read model ``labs_records``, and back.

Document: ``{_id: record id, experiment, type, username, opportunity_id, organization_id, program_id, labs_record_id,
public, data: JSON text, version, since, public_since, tokens}``. ``version`` is that of the record's last event,
``since`` the version with which it came to be here or came to its present scope, ``public_since`` the one with which it
came to be or became public the last time, ``tokens`` what filters look for (see ``index_tokens``).
"""

from typing import Any

from domain.records.json_text import from_text
from domain.records.record_history import COLUMNS
from domain.records.values import LabsRecord

Document = dict[str, Any]


def record_of(document: Document) -> LabsRecord:
    """Return the record that a document holds."""
    columns = {name: document[name] for name in COLUMNS}
    return LabsRecord(id=document["_id"], data=from_text(document["data"]), **columns)
