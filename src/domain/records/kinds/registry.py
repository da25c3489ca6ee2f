"""All kinds. A new one is its file and a line here."""

from domain.records.kinds.audit_creation_job import AUDIT_CREATION_JOB
from domain.records.kinds.audit_session import AUDIT_SESSION
from domain.records.kinds.fund import FUND
from domain.records.kinds.kind import Kind
from domain.records.kinds.pipeline_chat_history import PIPELINE_CHAT_HISTORY
from domain.records.kinds.pipeline_definition import PIPELINE_DEFINITION
from domain.records.kinds.pipeline_render_code import PIPELINE_RENDER_CODE
from domain.records.kinds.solicitation import SOLICITATION
from domain.records.kinds.solicitation_response import SOLICITATION_RESPONSE
from domain.records.kinds.solicitation_review import SOLICITATION_REVIEW
from domain.records.kinds.task import TASK
from domain.records.kinds.typed_record import TypedRecord
from domain.records.kinds.workflow_chat_history import WORKFLOW_CHAT_HISTORY
from domain.records.kinds.workflow_definition import WORKFLOW_DEFINITION
from domain.records.kinds.workflow_render_code import WORKFLOW_RENDER_CODE
from domain.records.kinds.workflow_run import WORKFLOW_RUN
from domain.records.values import LabsRecord

KINDS: tuple[Kind, ...] = (
    AUDIT_SESSION,
    AUDIT_CREATION_JOB,
    TASK,
    WORKFLOW_DEFINITION,
    WORKFLOW_RENDER_CODE,
    WORKFLOW_RUN,
    WORKFLOW_CHAT_HISTORY,
    PIPELINE_DEFINITION,
    PIPELINE_RENDER_CODE,
    PIPELINE_CHAT_HISTORY,
    SOLICITATION,
    SOLICITATION_RESPONSE,
    SOLICITATION_REVIEW,
    FUND,
)
_BY_NAME = {kind.name: kind for kind in KINDS}
_BY_KEY = {(kind.experiment, kind.type): kind for kind in KINDS}


def kind_named(name: str) -> Kind | None:
    """Return a kind by its name; None when there is none."""
    return _BY_NAME.get(name)


def kind_of(experiment: str, type_: str) -> Kind | None:
    """Return the kind of records with this experiment and type; None when they are plain records."""
    return _BY_KEY.get((experiment, type_)) or _BY_KEY.get((None, type_))


def typed(record: LabsRecord) -> TypedRecord | None:
    """Return a record as its kind sees it; None when it is a plain one."""
    kind = kind_of(record.experiment, record.type)
    return None if kind is None else kind.view(record)
