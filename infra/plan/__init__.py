"""The golden plan: the program of a stack recorded without cloud, CLI or network, as a file that is reviewed."""

from infra.plan.model import Invocation, Mode, Plan, Read, Registration
from infra.plan.recorder import PlanRefused, record
from infra.plan.values import UNKNOWN, Secret, reveal

__all__ = ["UNKNOWN", "Invocation", "Mode", "Plan", "PlanRefused", "Read", "Registration", "Secret", "record", "reveal"]
