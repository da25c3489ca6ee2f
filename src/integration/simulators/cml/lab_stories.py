"""Seeded labs that look like those of a training department."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import Any
from uuid import UUID

import orjson

PERMISSIONS = ("lab_admin", "lab_edit", "lab_exec", "lab_view")
_TOPICS = (
    "BGP basics", "OSPF areas", "EVPN fabric", "MPLS L3VPN", "Segment routing", "IPv6 migration", "SD-WAN overlay",
    "Zone firewall", "QoS queues", "Multicast PIM", "STP loops", "VXLAN gateway", "ISIS levels", "NAT at the edge",
    "DMVPN hubs", "Wireless controller", "NetFlow export", "Telemetry streams", "Route leaking", "First-hop redundancy",
)  # fmt: skip
_PURPOSES = ("exam", "rehearsal", "customer demo", "regression", "class 1", "class 2", "pod 3", "pod 7", "sandbox", "")
_PEOPLE = (
    ("alice", "Alice Almeida"), ("bruno", "Bruno Bakker"), ("chen", "Chen Cao"), ("dara", "Dara Diallo"),
    ("emil", "Emil Eriksen"), ("farah", "Farah Fofana"), ("grace", "Grace Gupta"), ("user", "Ordinary User"),
)  # fmt: skip
_GROUPS = ("students", "instructors", "network-core", "qa")


def seeded_uuid(*parts: object) -> str:
    """Return the same id for the same parts, in the version 4 form that a controller insists on."""
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=16).digest()
    return str(UUID(bytes=digest, version=4))


def seeded_random(*parts: object) -> Random:
    """Return the same luck for the same parts."""
    return Random("/".join(map(str, parts)))  # noqa: S311 stories, not secrets


@dataclass(slots=True)
class SimulatedLab:
    """A lab; ``data`` is the controller's own answer, its bytes are kept until it changes."""

    data: dict[str, Any]
    _body: bytes | None = field(default=None, repr=False)

    @property
    def lab_id(self) -> str:
        return str(self.data["id"])

    def change(self, at: datetime, **fields: object) -> None:
        """Set fields and the time of modification."""
        self.data.update(fields, modified=shown_time(at))
        self._body = None

    def body(self) -> bytes:
        """Return the JSON of the lab."""
        if self._body is None:
            self._body = orjson.dumps(self.data)
        return self._body


@dataclass(frozen=True, slots=True)
class Group:
    """A group as an older controller names it in a lab."""

    id: str
    name: str
    permission: str


def shown_time(at: datetime) -> str:
    """Return a time as a controller writes it: with offset, whole seconds."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def title(random: Random) -> str:
    """Return a plausible title."""
    purpose = random.choice(_PURPOSES)
    return f"{random.choice(_TOPICS)} {purpose}".strip()[:64]


def new_lab(seed: object, random: Random, at: datetime) -> SimulatedLab:
    """Return a lab with everything told that a controller tells; the id depends on the seed only."""
    username, fullname = random.choice(_PEOPLE)
    nodes = random.randint(2, 24)
    created = at - timedelta(minutes=random.randint(1, 60 * 24 * 90))
    groups = [
        asdict(Group(seeded_uuid("group", name), name, random.choice(("read_only", "read_write"))))
        for name in sorted(random.sample(_GROUPS, random.choice((0, 0, 1, 2))))
    ]
    return SimulatedLab(
        {
            "id": seeded_uuid("lab", seed),
            "created": shown_time(created),
            "modified": shown_time(created),
            "lab_title": title(random),
            "lab_description": random.choice(
                ("", "", "Prepared for the next course.", "Keep until the end of the month.")
            ),
            "lab_notes": random.choice(("", "", "Console passwords are in the team's vault.")),
            "owner": seeded_uuid("user", username),
            "owner_username": username,
            "owner_fullname": fullname,
            "state": random.choice(("DEFINED_ON_CORE", "STOPPED", "STARTED", "STARTED")),
            "node_count": nodes,
            "link_count": random.randint(nodes - 1, nodes * 2),
            "groups": groups,
            "effective_permissions": list(PERMISSIONS),
        }
    )
