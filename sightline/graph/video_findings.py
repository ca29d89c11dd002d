"""Show what a job found in a video: whole, in one transaction, in place of what was shown of it before."""

from collections.abc import Sequence

from neo4j import Transaction

from sightline.graph.cypher import HIDE_JOB, Statements
from sightline.graph.declarations import FRAME, Node
from sightline.graph.protocol import VideoFindings
from sightline.graph.sessions import Sessions, Shortfall
from sightline.models.answers import Json

AT_ONCE = 1000
"""Links that one statement makes."""


def show(findings: VideoFindings, statements: Statements, sessions: Sessions) -> None:
    """Link a video to what was found. Raise Unavailable where the database is to blame."""
    node = Node(findings.label, findings.key)
    keys = sorted({span.name for span in findings.spans})

    def work(transaction: Transaction) -> None:
        if keys:
            transaction.run(statements.merge[FRAME.node], keys=[findings.video_id]).consume()
            transaction.run(statements.merge[node], keys=keys).consume()
        transaction.run(HIDE_JOB, video_id=findings.video_id, job=findings.kind).consume()
        rows = [[span.name, span.from_ms, span.to_ms, span.confidence] for span in findings.spans]
        for first in range(0, len(rows), AT_ONCE):
            _link(transaction, statements.show[node], findings, rows[first : first + AT_ONCE])

    sessions.run(work)


def _link(transaction: Transaction, statement: str, findings: VideoFindings, rows: Sequence[Json]) -> None:
    found = transaction.run(statement, video_id=findings.video_id, job=findings.kind, spans=rows)
    if found.single(strict=True)["linked"] < len(rows):
        raise Shortfall(findings.video_id)
