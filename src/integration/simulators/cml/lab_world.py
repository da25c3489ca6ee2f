"""The labs of a simulated controller, and how they change by themselves."""

import os
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import orjson

from integration.simulators.cml.lab_stories import SimulatedLab, new_lab, seeded_random, title

_NEXT_STATES = {"DEFINED_ON_CORE": ("STARTED",), "STOPPED": ("STARTED", "DEFINED_ON_CORE"), "STARTED": ("STOPPED",)}


class LabWorld:
    """All labs. With a state file every change outlives the process.

    Each step draws from its own seed, so the same seed and step bring the same change also after a restart.
    """

    def __init__(self, seed: int, name: str, labs: int, state_file: Path | None) -> None:
        self.labs: dict[str, SimulatedLab] = {}
        self._seed = f"{seed}/{name}"
        self._state_file = state_file
        self._usual = labs
        self._steps = 0
        self._made = 0
        self._tiles: bytes | None = None
        if not self._load():
            for _ in range(labs):
                self._add_seeded()
            self.changed()

    def tiles(self) -> bytes:
        """Return the answer to ``populate_lab_tiles``, topology preview included."""
        if self._tiles is None:
            self._tiles = tiles_of(self.labs.values())
        return self._tiles

    def step(self) -> str:
        """Let something happen, and say what."""
        self._steps += 1
        random = seeded_random(self._seed, "step", self._steps)
        happening = random.choices(("state", "rename", "nodes", "new", "delete"), (12, 3, 3, 2, 2))[0]
        if happening == "new" or not self.labs:
            told = f"new {self._add_seeded()}" if len(self.labs) < 2 * self._usual + 2 else "nothing"
        else:
            lab = random.choice(list(self.labs.values()))
            told = self._let_happen(happening, lab, random)
        self.changed()
        return told

    def add(self, lab: SimulatedLab) -> None:
        """Put a lab in."""
        self.labs[lab.lab_id] = lab
        self.changed()

    def remove(self, lab_id: str) -> None:
        """Take a lab out."""
        del self.labs[lab_id]
        self.changed()

    def replace_all(self, labs: list[dict[str, Any]]) -> None:
        """Have exactly these labs; every entry needs an ``id``, everything else is taken as it is."""
        self.labs = {str(data["id"]): SimulatedLab(data) for data in labs}
        self.changed()

    def changed(self) -> None:
        """Forget prepared answers and write the state file, in one piece or not at all."""
        self._tiles = None
        if self._state_file is None:
            return
        state = {"steps": self._steps, "made": self._made, "labs": [lab.data for lab in self.labs.values()]}
        self._state_file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._state_file.with_suffix(f".{os.getpid()}.tmp")
        beside.write_bytes(orjson.dumps(state))
        beside.replace(self._state_file)

    def _let_happen(self, happening: str, lab: SimulatedLab, random: Random) -> str:
        now = datetime.now(UTC)
        if happening == "delete" and len(self.labs) > max(self._usual // 2, 1):
            del self.labs[lab.lab_id]
        elif happening == "rename":
            lab.change(now, lab_title=title(random))
        elif happening == "nodes":
            nodes = max(1, int(lab.data.get("node_count") or 1) + random.choice((-1, 1, 2)))
            lab.change(now, node_count=nodes, link_count=random.randint(max(nodes - 1, 0), nodes * 2))
        else:
            happening = "state"
            lab.change(now, state=random.choice(_NEXT_STATES.get(str(lab.data.get("state")), ("STOPPED",))))
        return f"{happening} {lab.lab_id}"

    def _add_seeded(self) -> str:
        self._made += 1
        seed = f"{self._seed}/{self._made}"
        lab = new_lab(seed, seeded_random(seed), datetime.now(UTC))
        self.labs[lab.lab_id] = lab
        return lab.lab_id

    def _load(self) -> bool:
        if self._state_file is None or not self._state_file.exists():
            return False
        try:
            state = orjson.loads(self._state_file.read_bytes())
            labs = {str(data["id"]): SimulatedLab(data) for data in state["labs"]}
            self._steps, self._made = int(state["steps"]), int(state["made"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return False
        self.labs = labs
        return True


def tiles_of(labs: Any) -> bytes:
    """Return the answer to ``populate_lab_tiles`` for some labs, joined from their prepared bytes."""
    preview = b',"topology":{"nodes":[],"links":[],"annotations":[]}}'
    tiles = b",".join(b'"%s":%s%s' % (lab.lab_id.encode(), lab.body()[:-1], preview) for lab in labs)
    return b'{"lab_tiles":{%s}}' % tiles
