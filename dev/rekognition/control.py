"""Change the endpoint while it runs: quotas, latency and the fault script, for tests and benchmarks.

    POST /control {"quotas": {"DetectLabels": 20}, "latency_ms": 100,
                   "faults": [{"operation": "DetectLabels", "next": 3, "answer": "ThrottlingException"}]}

Each member is optional. `"quotas": null` lifts all, `{"DetectLabels": null}` one; `"clear_faults": true` forgets the
script. Answers of faults: an error code of AWS, `cut`, `hang`, or `slow` with `seconds`. To jobs on videos more can
happen: {"operation": "run", "answer": "fail"}, {"operation": "notify", "answer": "lose"}, `double`, or `late` with
`seconds`. `"jobs_at_once": 20` is how many may run, `"job_seconds": 5` how long one takes at the least.
"""

from dev.rekognition.endpoint import Endpoint
from dev.rekognition.faults import read_fault
from sightline.models.answers import Json

_MEMBERS = frozenset({"quotas", "latency_ms", "faults", "clear_faults", "jobs_at_once", "job_seconds"})


def change(endpoint: Endpoint, wanted: Json) -> None:
    """Apply `wanted`; raise ValueError and change nothing if a part of it is wrong."""
    unknown = sorted(set(wanted) - _MEMBERS)
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: not known here. Send {', '.join(sorted(_MEMBERS))}")
    quotas = read_quotas(wanted.get("quotas") or {})
    latency = _positive(wanted.get("latency_ms", 1000 * endpoint.latency_seconds), "latency_ms")
    at_once = _positive(wanted.get("jobs_at_once", endpoint.jobs.most), "jobs_at_once")
    job_seconds = _positive(wanted.get("job_seconds", endpoint.jobs.least_seconds), "job_seconds")
    faults = [read_fault(each) for each in wanted.get("faults", ())]
    if wanted.get("clear_faults"):
        endpoint.faults.clear()
    if wanted.get("quotas", quotas) is None:
        endpoint.quotas.lift()
    endpoint.quotas.change(quotas)
    endpoint.latency_seconds = latency / 1000
    endpoint.jobs.most, endpoint.jobs.least_seconds = int(at_once), job_seconds
    for operation, fault, times in faults:
        endpoint.faults.add(operation, fault, times)


def state(endpoint: Endpoint) -> Json:
    """Return what is in force."""
    return {
        "quotas": endpoint.quotas.rates,
        "latency_ms": 1000 * endpoint.latency_seconds,
        "faults_left": endpoint.faults.left,
        "jobs": {
            "at_once": endpoint.jobs.most,
            "seconds": endpoint.jobs.least_seconds,
            "running": endpoint.jobs.running,
        },
    }


def read_quotas(rates: Json) -> dict[str, float | None]:
    """Read calls per second by operation; None means no quota. Raise ValueError for anything else."""
    if not isinstance(rates, dict):
        raise ValueError(f'quotas {rates!r}: must be an object such as {{"DetectLabels": 50}}')  # noqa: TRY004 - one error for bad input
    return {name: None if rate is None else _positive(rate, f"quota of {name}") for name, rate in rates.items()}


def _positive(number: object, name: str) -> float:
    if not isinstance(number, int | float) or isinstance(number, bool) or number < 0:
        raise ValueError(f"{name} {number!r}: must be a number, 0 or more")
    return float(number)
