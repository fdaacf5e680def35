"""What a dashboard shows of carts."""

from prometheus_client import Counter

SWEPT = Counter("bff_carts_swept", "Carts that sweeps settled, expired, removed unborn or forgot.", ["what"])
