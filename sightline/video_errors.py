"""The errors of videos, and of the jobs on them: the rest of the tree that `sightline/errors.py` draws.

SightlineError
├── RetryableError
│   ├── JobsAtLimit               as many jobs on videos run as the account may have
│   └── PagesExpired              the pages of a job's results died while they were read
└── RejectedError
    ├── NotAVideo, UnreadableVideo, TruncatedVideo, VideoTooLarge, VideoTooLong, VideoTooSlow, TooManyFrames
    └── NotForJobs, VideoTooLargeForJobs, VideoOverwritten, JobFailed, JobTokenMismatch, JobOutcomeUnknown, ResultsGone
"""

from sightline.errors import RejectedError, RetryableError


class JobsAtLimit(RetryableError):
    """AWS runs as many jobs on stored videos as the account may have at once."""

    rule = "an account may run 20 jobs on stored videos at once"
    remedy = "It waits until one has ended; others may use the same account"


class PagesExpired(RetryableError):
    """The token of the next page of a job's results is older than a day."""

    rule = "the pages of a job's results must be read within 24 hours"
    remedy = "They are read again from the first"


class NotAVideo(RejectedError):
    """The bytes are not in a container that videos are taken from."""

    rule = "the content must be an MP4, QuickTime, Matroska or AVI file, whatever its name says"
    remedy = "Upload the video itself; add a picture under a name that ends like one"


class UnreadableVideo(RejectedError):
    """No frame of the video can be decoded."""

    rule = "at least one frame must decode"
    remedy = "Convert it, for example to H.264 in MP4, and upload it again"


class TruncatedVideo(RejectedError):
    """The video ends before its header says."""

    rule = "a video must be whole"
    remedy = "Upload it again, whole, and add it again: what was taken of it stays, and is not paid for twice"


class VideoTooLarge(RejectedError):
    """The file is larger than is downloaded."""

    rule = "a video must have at most SIGHTLINE_VIDEO_MOST_MIB"
    remedy = "Cut it into shorter ones, or raise that setting: a worker needs so much disk for each of its threads"


class VideoTooLong(RejectedError):
    """The video lasts longer than is looked at."""

    rule = "a video must last at most SIGHTLINE_VIDEO_MOST_MINUTES"
    remedy = "Cut it into shorter ones, or raise that setting"


class VideoTooSlow(RejectedError):
    """A whole turn passed without reaching the next frame to be taken."""

    rule = "each next frame of a video must be reached within one turn of a worker"
    remedy = "Cut it into shorter ones, or give the queue `frames` a faster machine; then run `sightline dead redrive`"


class TooManyFrames(RejectedError):
    """More frames would be taken than were agreed to."""

    rule = "no more frames are taken, and paid for, than were agreed to"
    remedy = "Add it again, and agree to its new number of frames"


class VideoTooLargeForJobs(RejectedError):
    """The file is larger than Rekognition's jobs take."""

    rule = "Rekognition's jobs take videos of at most 10 GB"
    remedy = "Cut it into shorter ones, or take frames of it instead"


class NotForJobs(RejectedError):
    """A video of which only jobs are wanted, and that Rekognition's jobs do not take."""

    rule = "Rekognition's jobs take H.264 in MP4 and MOV alone"
    remedy = "Convert it, or take frames of it: SIGHTLINE_VIDEO_FRAMES"


class VideoOverwritten(RejectedError):
    """The object has other bytes than those whose price was agreed to."""

    rule = "a job must analyse the bytes whose price was agreed to, and the object has others now"
    remedy = "Add the video again, and agree to its new price"


class JobFailed(RejectedError):
    """AWS says that the job failed."""

    rule = "Rekognition must be able to analyse the video"
    remedy = (
        "Convert it to H.264 in MP4 if that is the reason; `sightline dead redrive` starts the job once more, which may"
        " be billed again"
    )


class JobTokenMismatch(RejectedError):
    """AWS knows the token of the job for another request."""

    rule = "the token of a job must stand for one request"
    remedy = (
        "Another program of this account may use the same tokens, or SIGHTLINE_VIDEO_JOBS_TOPIC was changed after the"
        " job was begun; `sightline dead redrive` starts it under a new token"
    )


class JobOutcomeUnknown(RejectedError):
    """The job may have been started, and the token that would tell is too old."""

    rule = "whether a job was started must be found out within six days: AWS forgets its token after seven"
    remedy = "It may have been billed; `sightline dead redrive` starts it once more, which is billed again"


class ResultsGone(RejectedError):
    """AWS knows the job no more."""

    rule = "AWS keeps the results of a job for seven days"
    remedy = "`sightline dead redrive` starts the job once more, which is billed again"
