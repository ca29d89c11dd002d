"""What `make up` and `python -m dev.stack status` print: what runs, and how to reach it."""

from collections.abc import Mapping
from pathlib import Path

from dev.stack.layout import Layout, is_free
from dev.stack.pidfiles import PidFiles


def addresses(folder: Path, env: Mapping[str, str]) -> str:
    """Return the addresses of everything, with passwords: they are valid only for this stack, on this machine."""
    layout = Layout(folder)
    rows = {
        "Console": f"{console(folder)}  {console_login(env)}",
        "Flower": f"http://127.0.0.1:{layout.port('flower')}  {_login(env, 'FLOWER')}",
        "Neo4j": f"{env['SIGHTLINE_NEO4J_URI']}  {_login(env, 'NEO4J')}",
        "S3": f"{env['SIGHTLINE_S3_ENDPOINT']}  buckets images and {env['SIGHTLINE_CHECKPOINT_BUCKET']}, any key",
        "DynamoDB": f"{env['SIGHTLINE_DYNAMODB_ENDPOINT']}  any key, tables {env['SIGHTLINE_TABLE_PREFIX']}…",
        "Rekognition": env["SIGHTLINE_REKOGNITION_ENDPOINT"],
        "Events": f"{env['SIGHTLINE_EVENT_QUEUES']}  S3's events go here, any key",
        "Redis": f"{env['SIGHTLINE_REDIS_URL']}  keys {env['SIGHTLINE_KEY_PREFIX']}…",
        "Producers": f"{env['SIGHTLINE_REDIS_PRODUCER_URL']}  can send images and nothing else",
        **_metrics(layout, folder),
        "Logs": str(folder / "logs"),
        "Settings": f". {folder / 'env'}   then `sightline …` and any client talk to this stack",
    }
    return "\n".join(f"{name:<12} {value}" for name, value in rows.items() if value)


def console(folder: Path) -> str:
    """Return the console's address."""
    return f"http://127.0.0.1:{Layout(folder).port('web')}"


def console_login(env: Mapping[str, str]) -> str:
    """Return the first user and password of the console: `sightline users` adds others and changes this one."""
    return f"user {env['SIGHTLINE_WEB_FIRST_USER']}, password {env['SIGHTLINE_WEB_FIRST_PASSWORD']}"


def processes(folder: Path) -> str:
    """Return every running process with its id."""
    entries = PidFiles(folder).running()
    return "\n".join(f"{entry.name:<24} {entry.pid}" for entry in entries) or "nothing is running"


def _login(env: Mapping[str, str], part: str) -> str:
    return f"user {env[f'SIGHTLINE_{part}_USER']}, password {env[f'SIGHTLINE_{part}_PASSWORD']}"


def _metrics(layout: Layout, folder: Path) -> dict[str, str]:
    """Return the ports that answer: first that of the whole system's metrics, then those of our other processes."""
    workers = sorted(entry.name for entry in PidFiles(folder).running() if "-" in entry.name)
    ports = {name: layout.port(f"metrics of {name}") for name in workers} | {"Flower": layout.port("flower")}
    answering = {name: port for name, port in ports.items() if not is_free(port)}
    whole = [f"http://127.0.0.1:{port}/metrics" for name, port in answering.items() if name.startswith("operations-")]
    others = [f"{name} :{port}" for name, port in answering.items() if not name.startswith("operations-")]
    return {"Metrics": f"{' '.join(whole)}  of the whole system", "Others": f"{', '.join(others)}; each /metrics"}
