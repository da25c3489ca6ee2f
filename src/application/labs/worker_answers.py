"""A worker straight from its aggregate, for answers that must not lag behind the command."""

from application.labs.sync_ledger import WorkerSync
from application.labs.views import WorkerView
from domain.labs.cml_worker import CmlWorker


def worker_view_of(worker: CmlWorker, sync: WorkerSync | None = None) -> WorkerView:
    """Return the view of an aggregate as it stands now."""
    state = worker.state
    return WorkerView(
        worker_id=state.id,
        name=state.name,
        region=state.region,
        endpoint_url=state.endpoint_url,
        verify_tls=state.verify_tls,
        active=state.active,
        max_history_size=state.max_history_size,
        reachability=state.reachability.value,
        reachability_reason=state.reachability_reason,
        reachability_changed_at=state.reachability_changed_at,
        labs_held=len(state.held_lab_ids),
        registered_at=state.created_at,
        decommissioned=state.decommissioned,
        version=state.state_version,
        last_synced_at=sync.last_synced_at if sync else None,
        stale_since=sync.stale_since if sync else None,
        last_error=sync.error if sync else None,
        next_refresh_at=sync.next_due_at if sync and state.active else None,
    )
