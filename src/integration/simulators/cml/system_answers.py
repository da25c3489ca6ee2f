"""What a simulated controller says about itself."""

from typing import Any

from integration.simulators.cml.lab_stories import seeded_uuid

_GIB = 1024**3


def information(ready: bool) -> dict[str, Any]:
    """Return the answer to ``system_information``."""
    return {"version": "2.9.0+build.1", "ready": ready, "allow_ssh_pubkey_auth": False, "oui": None}


def health(name: str) -> dict[str, Any]:
    """Return the answer to ``system_health``: all is well."""
    checks = (
        "kvm_vmx_enabled", "enough_cpus", "lld_connected", "lld_synced", "libvirt", "fabric", "device_mux",
        "refplat_images_available", "docker_shim", "valid",
    )  # fmt: skip
    compute = dict.fromkeys(checks, True) | {"admission_state": "READY", "is_controller": True, "hostname": name}
    return {
        "valid": True,
        "computes": {seeded_uuid("compute", name): compute},
        "is_licensed": True,
        "is_enterprise": True,
        "controller": {"core_connected": True, "nodes_loaded": True, "images_loaded": True, "valid": True},
    }


def stats(name: str, started_labs: int) -> dict[str, Any]:
    """Return the answer to ``system_stats``; the load follows the started labs."""
    cpu_percent = min(4.0 + 3.5 * started_labs, 97.0)
    used = min(8 + 3 * started_labs, 120) * _GIB
    memory = {"used": used, "free": 128 * _GIB - used, "total": 128 * _GIB}
    disk = {"used": 210 * _GIB, "free": 302 * _GIB, "total": 512 * _GIB}
    compute = {
        "cpu": {"count": 32, "percent": cpu_percent, "model": "simulated", "predicted": 0, "load": [1.0, 1.0, 1.0]},
        "memory": memory,
        "disk": disk,
        "dominfo": {
            "allocated_cpus": 4 * started_labs,
            "allocated_memory": used,
            "total_nodes": 6 * started_labs,
            "total_orphans": 0,
            "running_nodes": 6 * started_labs,
            "running_orphans": 0,
        },
    }
    return {
        "computes": {seeded_uuid("compute", name): {"hostname": name, "is_controller": True, "stats": compute}},
        "all": {"cpu": {"count": 32, "percent": cpu_percent}, "memory": memory, "disk": disk},
        "controller": {"disk": disk},
    }
