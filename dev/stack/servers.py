"""The servers, each declared as a value: its command, its address, and how to see that it is ready."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from dev.stack.folders import CHECKOUT, PROGRAMS
from dev.stack.layout import Layout
from dev.stack.readiness import dynamodb_answers, http_answers, neo4j_answers, redis_answers, sqs_answers
from dev.stack.redis_users import OPERATOR, password, users_file

BUCKETS = ("images", "sightline")
"""Created when S3 first starts: one for pictures, one for sightline's own objects."""

VERSIONED = BUCKETS[:1]
"""Those that keep versions where a caller wants that: sightline's own objects need none."""

EVENTS = "sightline-events"
"""The queue of S3's events. S3Mock sends none: `python -m dev.demo.put --events` does so in its place."""

KEY_PREFIX = "sightline:"

QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Compile quickly, once. Java's second compiler pays off after minutes, and takes half of two cores until then."""

OPTIMIZED = ("-XX:TieredStopAtLevel=4",)
"""Use the second compiler, too: of several levels Java takes the last."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may choose.

    dynamodb_optimized: it is asked so much that compiling it well pays off; rekognition: more of its arguments;
    is_versioned: whether the bucket for pictures keeps versions; has_flower: whether Flower will run, so that the
    console leads to it; defaults: SIGHTLINE_* settings that the stack's own override; settings: those that override the
    stack's own.
    """

    dynamodb_in_memory: bool = False
    dynamodb_optimized: bool = False
    rekognition: tuple[str, ...] = ()
    is_versioned: bool = False
    has_flower: bool = False
    defaults: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Server:
    """One server. settings: how sightline finds it; files: written before it starts."""

    name: str
    command: tuple[str, ...]
    address: str
    settings: Mapping[str, str]
    is_ready: Callable[[], bool]
    files: Mapping[Path, str] = field(default_factory=dict)


def redis_server(layout: Layout, options: Options) -> Server:
    """Return Redis, with the users of deploy/redis. An append-only file: a restart loses a second at most."""
    port, rules = layout.port("redis"), layout.data("redis") / "users.acl"
    secret = password(layout, OPERATOR)
    url = f"redis://{OPERATOR}:{secret}@127.0.0.1:{port}/0"
    key_prefix = options.settings.get("SIGHTLINE_KEY_PREFIX", KEY_PREFIX)
    command = ("redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(layout.data("redis")))
    shows_its_environment = ("--set-proc-title", "no")  # a title would overwrite the mark of its owner
    return Server(
        "redis",
        (*command, "--save", "", "--appendonly", "yes", "--aclfile", str(rules), *shows_its_environment),
        f"redis://127.0.0.1:{port}/0",
        {"SIGHTLINE_REDIS_URL": url},
        partial(redis_answers, port, OPERATOR, secret),
        {rules: users_file(layout, key_prefix)},
    )


def neo4j_server(layout: Layout, _: Options) -> Server:
    """Return Neo4j Community, run from its jars as by its own launcher (Java 17 needs the packages opened)."""
    port, home = layout.port("neo4j"), layout.data("neo4j")
    uri, password = f"bolt://127.0.0.1:{port}", layout.password("neo4j")
    packages = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
    opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in packages]
    settings = {
        "SIGHTLINE_NEO4J_URI": uri,
        "SIGHTLINE_NEO4J_USER": "neo4j",
        "SIGHTLINE_NEO4J_PASSWORD": password,
        "SIGHTLINE_NEO4J_DATABASE": "neo4j",
    }
    return Server(
        "neo4j",
        (
            *_java(layout, "neo4j", "1g", *opened),
            "org.neo4j.server.CommunityEntryPoint",
            f"--home-dir={home}",
            f"--config-dir={home}",
            "--console-mode",
        ),
        uri,
        settings,
        partial(neo4j_answers, uri, password),
        {home / "neo4j.conf": _neo4j_conf(port)},
    )


def dynamodb_server(layout: Layout, options: Options) -> Server:
    """Return DynamoDB Local, with one database for all keys and regions: its clients here are one account."""
    port, data = layout.port("dynamodb"), layout.data("dynamodb")
    where = ("-inMemory",) if options.dynamodb_in_memory else ("-dbPath", str(data))
    native = f"-Djava.library.path={PROGRAMS / 'dynamodb'}"
    compiled = OPTIMIZED if options.dynamodb_optimized else ()
    url = f"http://127.0.0.1:{port}"
    return Server(
        "dynamodb",
        (
            *_java(layout, "dynamodb", "1g", native, *compiled),
            "LoopbackDynamoDb",
            "-port",
            str(port),
            "-disableTelemetry",
            "-sharedDb",
            *where,
        ),
        url,
        {"SIGHTLINE_DYNAMODB_ENDPOINT": url},
        partial(dynamodb_answers, port),
    )


def s3_server(layout: Layout, options: Options) -> Server:
    """Return S3Mock. It keeps its objects as files."""
    port = layout.port("s3")
    url = f"http://127.0.0.1:{port}"
    store = {"root": layout.data("s3"), "retainFilesOnExit": "true", "initialBuckets": ",".join(BUCKETS)}
    properties = [f"--com.adobe.testing.s3mock.store.{name}={value}" for name, value in store.items()]
    if options.is_versioned:
        properties.append(f"--versioned-buckets={','.join(VERSIONED)}")
    return Server(
        "s3",
        (*_java(layout, "s3", "512m"), "LoopbackS3", f"--server.port={port}", *properties),
        url,
        {"SIGHTLINE_S3_ENDPOINT": url, "SIGHTLINE_CHECKPOINT_BUCKET": BUCKETS[-1]},
        partial(http_answers, port, "/"),
    )


def rekognition_server(layout: Layout, options: Options) -> Server:
    """Return our local Rekognition. It reads the pictures from the local S3."""
    port = layout.port("rekognition")
    url = f"http://127.0.0.1:{port}"
    command = (sys.executable, "-m", "dev.rekognition", "--host", "127.0.0.1", "--port", str(port))
    source = ("--s3-endpoint", f"http://127.0.0.1:{layout.port('s3')}")
    calls = ("--calls-log", str(layout.data("rekognition") / "calls.jsonl"))
    told = ("--completions-queue", f"http://127.0.0.1:{layout.port('sqs')}/000000000000/{EVENTS}")
    return Server(
        "rekognition",
        (*command, *source, *calls, *told, *options.rekognition),
        url,
        {"SIGHTLINE_REKOGNITION_ENDPOINT": url},
        partial(http_answers, port, "/healthz"),
    )


def sqs_server(layout: Layout, _: Options) -> Server:
    """Return ElasticMQ with the queue of S3's events. It keeps messages in a file."""
    port, data = layout.port("sqs"), layout.data("sqs")
    url, conf = f"http://127.0.0.1:{port}", data / "elasticmq.conf"
    settings = {"SIGHTLINE_SQS_ENDPOINT": url, "SIGHTLINE_EVENT_QUEUES": f"{url}/000000000000/{EVENTS}"}
    return Server(
        "sqs",
        (*_java(layout, "sqs", "192m", f"-Dconfig.file={conf}"), "org.elasticmq.server.Main"),
        url,
        settings,
        partial(sqs_answers, port),
        {conf: _elasticmq_conf(port, data)},
    )


SERVERS: Mapping[str, Callable[[Layout, Options], Server]] = {
    "redis": redis_server,
    "neo4j": neo4j_server,
    "dynamodb": dynamodb_server,
    "s3": s3_server,
    "rekognition": rekognition_server,
    "sqs": sqs_server,
}

FOR_WORKERS = tuple(name for name in SERVERS if name != "sqs")
"""Those that workers need: only `sightline listen` needs the queue of S3's events."""


def _java(layout: Layout, name: str, heap: str, *options: str) -> tuple[str, ...]:
    """Return a Java command with a bounded heap: five servers and the workers share one machine."""
    scratch = f"-Djava.io.tmpdir={layout.scratch}"  # removed with the stack's folder
    program = PROGRAMS / name
    return ("java", f"-Xmx{heap}", *QUICK_START, scratch, *options, "-cp", f"{program / 'classes'}:{program}/*")


def _elasticmq_conf(port: int, data: Path) -> str:
    return f"""include file("{CHECKOUT / "dev" / "stack" / "java" / "sqs" / "elasticmq.conf"}")
node-address {{ host = "127.0.0.1", port = {port} }}
rest-sqs {{ bind-hostname = "127.0.0.1", bind-port = {port} }}
messages-storage {{ uri = "jdbc:h2:file:{data / "messages"}" }}
"""


def _neo4j_conf(port: int) -> str:
    return f"""server.default_listen_address=127.0.0.1
server.bolt.enabled=true
server.bolt.listen_address=127.0.0.1:{port}
server.bolt.advertised_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.heap.initial_size=512m
server.memory.heap.max_size=1g
server.memory.pagecache.size=512m
dbms.security.auth_enabled=true
dbms.usage_report.enabled=false
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
"""
