"""PromQL: the few forms of expression that alerts and dashboards are put together from. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from apps.contracts.names import Metric
from infra.releases.targets import BACKEND, BOT, DETECTOR, Target

POD: Final = "namespace, pod"
"""Labels that a process's series share."""


@dataclass(frozen=True)
class Series:
    """Selects the series of one stack: everything is asked for with its namespace, so that two stacks never mix."""

    namespace: str

    def of(self, metric: str, target: Target, **labels: str) -> str:
        """A metric of one of our services. A label value that begins with `~` is a pattern, with `!` an exclusion."""
        return self._selected(metric, {"job": target.job, **labels})

    def cluster(self, metric: str, **labels: str) -> str:
        """A metric that Kubernetes' own exporters have of the namespace; their job may be called otherwise."""
        return self._selected(metric, labels)

    def backend(self, metric: str, **labels: str) -> str:
        """A metric of the backends."""
        return self.of(metric, BACKEND, **labels)

    def detector(self, metric: str, **labels: str) -> str:
        """A metric of the detectors, standbys included."""
        return self.of(metric, DETECTOR, **labels)

    def bot(self, metric: str, **labels: str) -> str:
        """A metric of the bot."""
        return self.of(metric, BOT, **labels)

    def of_leader(self, expression: str) -> str:
        """Only of the detector that leads: a standby's gauges keep what they last showed."""
        return f"{expression} and on ({POD}) {self.detector(Metric.LEADER)} == 1"

    def market_open(self, expression: str) -> str:
        """Only while the exchange's calendar has the market open, as the leader says."""
        return f"{expression} unless on ({POD}) {self.detector(Metric.DATA_STATE, state='closed')} == 1"

    def _selected(self, metric: str, labels: dict[str, str]) -> str:
        matched = ", ".join(_matcher(name, value) for name, value in {"namespace": self.namespace, **labels}.items())
        return f"{metric}{{{matched}}}"


def _matcher(name: str, value: str) -> str:
    for mark, operator in (("!~", "!~"), ("~", "=~"), ("!", "!=")):
        if value.startswith(mark):
            return f'{name}{operator}"{value.removeprefix(mark)}"'
    return f'{name}="{value}"'


def risen(series: str, window: str) -> str:
    """A counter that counted within the window, its very first count included, which `increase` alone overlooks."""
    return f"(increase({series}[{window}]) > 0 or ({series} unless {series} offset {window}) > 0)"


def quantile(share: float, histogram: str, by: str, window: str = "5m") -> str:
    """A quantile of a histogram's buckets, by labels. `histogram` selects `..._bucket`."""
    return f"histogram_quantile({share:g}, sum by (le, {by}) (rate({histogram}[{window}])))"


def buckets(metric: str) -> str:
    """The series of a histogram's buckets."""
    return f"{metric}_bucket"
