"""Every time limit that another one depends on. `tests/unit/test_timing.py` asserts how they must relate.

From the inside out: a call to Rekognition and the requests around it fit into a claim; a claim that nobody may take
over yet, and the waits before it, fit into a task; a task ends before Redis delivers its message a second time.
"""

from datetime import timedelta

CALL_CONNECT = timedelta(seconds=5)
CALL_READ = timedelta(seconds=30)
CALL_LIMIT = CALL_CONNECT + CALL_READ
"""How long one call to Rekognition may take: botocore sends it once."""

STORE_CONNECT = timedelta(seconds=3)
STORE_READ = timedelta(seconds=10)
STORE_ATTEMPTS = 3
STORE_REQUEST_LIMIT = STORE_ATTEMPTS * (STORE_CONNECT + STORE_READ) + timedelta(seconds=6)
"""How long one request to S3 or DynamoDB may take: botocore's attempts, the back-off between them, and our pause."""

CLAIM_LEASE = timedelta(seconds=90)
"""How long a claim is good for: one call and the writes around it."""

CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far apart the clocks of two machines, or of S3 and a machine, may be. S3 tells whole seconds."""

TAKEOVER_AFTER = CLOCK_TOLERANCE
"""How long after the end of a lease another worker may claim."""

CALL_BEGINS_WITHIN = CLAIM_LEASE + TAKEOVER_AFTER - CALL_LIMIT - 2 * STORE_REQUEST_LIMIT
"""How long after its claim a call may begin: the call, the last look at the object and settling must end before another
worker may claim."""

SLOT_PATIENCE_UNDER_CLAIM = CALL_BEGINS_WITHIN - timedelta(seconds=5)
"""How long a step that holds a claim waits for a rate slot before it gives the claim back, and its message returns to
the queue. The rest is for the claim's own answer and the requests before the slot."""

SLOT_PATIENCE = timedelta(seconds=60)
"""How long a call without a claim (`sightline detect`) waits for a rate slot."""

SLOT_LATE = timedelta(seconds=0.5)
"""A slot is used at most so long after the moment that was booked."""

SLOT_REPLY_LIMIT = timedelta(seconds=2)
"""The limiter waits no longer for Redis (one second to connect, one to read). If a reply took longer, the process stood
still meanwhile."""

ATTEMPTS_BEGIN_WITHIN = timedelta(seconds=60)
"""For how long a step begins further attempts at a call."""

LONGEST_TASK = timedelta(seconds=200)
"""No task takes longer while S3 and DynamoDB answer: one that began earlier and has not ended never will."""

LONGEST_TASK_IN_AN_OUTAGE = ATTEMPTS_BEGIN_WITHIN + CLAIM_LEASE + TAKEOVER_AFTER + timedelta(seconds=5)
"""While S3 or DynamoDB is away: attempts, the last one with an answer held for as long as its claim, and the back-off.
"""

VISIBILITY_TIMEOUT = timedelta(seconds=300)
"""When Redis delivers a message again that was taken and not finished. If requests hang as well, it may come a second
time to a task that still runs; the claim in the ledger is there for that."""

EMPTY_FOR = timedelta(minutes=3)
"""For so long after its upload an empty object is not there yet: s3fs and FTP gateways create it, then write it."""

EMPTY_LOOKED_AT_EVERY = timedelta(seconds=20)
"""How often such an object is looked at."""

FACTS_TRUSTED_FOR = timedelta(seconds=60)
"""For how long a step believes what its message says of the row, instead of reading it."""

CHECK_AFTER = timedelta(minutes=2)
"""When the reconciler first looks at a row that has not moved."""

CHECK_KEPT_FROM = CHECK_AFTER / 2
"""A row that is analysed keeps the check it has, if that comes after so long: to move it costs a write unit."""

RUN_LIMIT = timedelta(seconds=100)
"""When a scheduled run is cut: the next one goes on from there."""

RUN_LEASE = timedelta(seconds=60)
"""How long a scheduled run's lease lasts. It is renewed with each piece of work. Short, because nobody repairs anything
until a dead holder's lease has ended."""

ORIGINAL_LINK_LASTS = timedelta(seconds=60)
"""How long the console's link to an object is valid: time enough for a browser to follow it."""
