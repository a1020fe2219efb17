"""``GET /metrics``: the figures of ``gateway.core.figures`` as Prometheus reads them."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from gateway.core.figures import FIGURES, PREFIX, Figure, Snapshot

CONTENT_TYPE = CONTENT_TYPE_LATEST


def render(snapshot: Snapshot) -> bytes:
    """The exposition of one moment."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Moment(snapshot))
    return generate_latest(registry)


class _Moment(Collector):
    def __init__(self, snapshot: Snapshot):
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        for figure in FIGURES:
            yield _family(figure, self._snapshot)


def _family(figure: Figure, snapshot: Snapshot) -> Metric:
    kind = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
    family = kind(PREFIX + figure.name, figure.words, labels=[figure.label] if figure.label else [])
    values = figure.read(snapshot)
    if values is None:
        return family
    if isinstance(values, (int, float)):
        family.add_metric([], float(values))
        return family
    for name, value in sorted(values.items()):
        family.add_metric([name], float(value))
    return family
