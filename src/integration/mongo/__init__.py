"""MongoDB: the only place that knows a driver."""

import os

# motor runs every call in a pool of threads, five per processor core, made when it is imported. Each change stream
# holds one of them nearly all the time: on two cores the logs and read models of a process leave hardly any.
os.environ.setdefault("MOTOR_MAX_WORKERS", "64")
