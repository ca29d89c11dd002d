"""One calling process of the limiter's benchmark: 16 threads that call as fast as their variant allows.

Each process writes `ready`, reads when to begin, so that all begin at the same time, and ends by itself.
"""

import argparse
import io
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

from bench.limiter_variants import VARIANTS, Variant

THREADS = 16


def picture() -> bytes:
    """Return the only image of the benchmark: the endpoint analyses it once and then remembers the answer."""
    file = io.BytesIO()
    Image.new("RGB", (80, 80), "gray").save(file, "PNG")
    return file.getvalue()


def _call_until(variant: Variant, image: bytes, end: float) -> None:
    while time.monotonic() < end:
        variant.call(image)


def main() -> None:
    """Call for as long as asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("variant", choices=VARIANTS)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--quota", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    variant, image = VARIANTS[options.variant](options.endpoint, options.redis, options.quota), picture()
    print("ready", flush=True)
    begin = float(sys.stdin.readline())
    if (early_seconds := begin - time.time()) < 0:
        sys.exit(f"{-early_seconds:.1f} s too late: the machine is too busy to measure on")
    time.sleep(early_seconds)
    end = time.monotonic() + options.seconds
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(_call_until, variant, image, end) for _ in range(THREADS)]:
            done.result()


if __name__ == "__main__":
    main()
