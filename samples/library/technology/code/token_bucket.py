"""Rate limiting with a token bucket.

A bucket holds at most ``burst`` tokens and is refilled with ``rate`` tokens per second. Every request takes one token;
a request that finds the bucket empty has to wait. Short bursts pass at once, while the long-term average can never
exceed the rate.
"""

import time
from dataclasses import dataclass, field


@dataclass
class TokenBucket:
    """A bucket that is refilled lazily: no timer and no thread, only arithmetic on the clock."""

    rate: float
    burst: float
    clock: callable = time.monotonic
    tokens: float = field(init=False)
    updated: float = field(init=False)

    def __post_init__(self):
        if self.rate <= 0 or self.burst < 1:
            raise ValueError("rate must be positive and burst at least one")
        self.tokens = self.burst
        self.updated = self.clock()

    def _refill(self):
        now = self.clock()
        self.tokens = min(self.burst, self.tokens + (now - self.updated) * self.rate)
        self.updated = now

    def try_take(self, count=1):
        """Takes tokens if there are enough; says whether it did."""
        self._refill()
        if self.tokens < count:
            return False
        self.tokens -= count
        return True

    def seconds_until(self, count=1):
        """How long a caller has to wait before ``count`` tokens are there."""
        if count > self.burst:
            raise ValueError("more tokens than the bucket can ever hold")
        self._refill()
        return max(0.0, (count - self.tokens) / self.rate)


def limit(bucket, calls):
    """Runs the calls one after the other, never faster than the bucket allows."""
    for call in calls:
        while not bucket.try_take():
            time.sleep(bucket.seconds_until())
        yield call()
