"""A small laboratory to simulate, and what is known of it."""

from domain.labops.whatif.laboratory import Arrivals, Laboratory, Machine
from domain.labops.whatif.observed import Calibration, Observed, ObservedMachine
from tests.support.specimen_tables import NOON

SERVICE = {"CBC": (2.0, 3.0, 4.0), "PCR": (6.0, 8.0, 10.0)}
SMALL = Laboratory(
    assays=("CBC", "PCR"),
    arrivals=Arrivals((20.0,), ((0.5, 0.5),)),
    machines=(Machine("M.1", 1, 0.1, SERVICE), Machine("$M2", 1, 0.05, SERVICE)),
    handling={"CBC": (1.0, 2.0)},
    rerun_probability=0.5,
)
CALIBRATION = Calibration(
    SMALL,
    Observed(
        since=NOON,
        until=NOON,
        specimens=100,
        arrivals_per_hour=20.0,
        arrivals="constant",
        service_times="measured",
        measured_share=1.0,
        handling_mean=1.5,
        rerun_probability=0.5,
        tat_p50=5.0,
        tat_p90=12.0,
        tat_p99=20.0,
        machines=(ObservedMachine("M.1", 50, 1, 0.1, 5.5), ObservedMachine("$M2", 50, 1, 0.05, 5.5)),
    ),
)
