"""A cursor over the fields of one message, and the refusal it raises. Never knows which message it reads."""

from __future__ import annotations

import math

from apps.simulator.messages import Code
from apps.simulator.requests import ContractQuery

SYSTEM = -1
ID_MAX = 2**31 - 1
TEXT_MAX = 1_000
RIGHTS = {"": "", "0": "", "?": "", "C": "C", "CALL": "C", "P": "P", "PUT": "P"}


class RequestRefused(Exception):
    """A request that cannot be served; becomes message 4. `req_id` is -1 when it names none."""

    def __init__(self, req_id: int, code: int, text: str) -> None:
        super().__init__(text)
        self.req_id, self.code, self.text = req_id, code, text


class Fields:
    """A cursor over one message. `req_id` is known once read, so that a refusal names the request it is about."""

    def __init__(self, fields: list[str]) -> None:
        self._fields = fields
        self._next = 0
        self.req_id = SYSTEM

    def refuse(self, reason: str) -> RequestRefused:
        """The refusal of this message, to be raised."""
        return RequestRefused(self.req_id, Code.VALIDATION, f"Error validating request.-'sim' : cause - {reason}")

    def text(self) -> str:
        """The next field as it is."""
        if self._next >= len(self._fields):
            raise self.refuse(
                f"message {self._fields[0][:12]!r} ends after {len(self._fields)} fields; more are needed"
            )
        value = self._fields[self._next]
        self._next += 1
        if len(value) > TEXT_MAX:
            raise self.refuse(f"field {self._next - 1} has {len(value)} characters, at most {TEXT_MAX} are taken")
        return value

    def skip(self, count: int = 1) -> None:
        """Fields the simulator does not act on."""
        for _ in range(count):
            self.text()

    def integer(self, default: int | None = None) -> int:
        """The next field as a whole number; empty gives `default`, or is refused."""
        value = self.text()
        if not value and default is not None:
            return default
        try:
            number = int(value)
        except ValueError:
            number = ID_MAX + 1
        if not -ID_MAX <= number <= ID_MAX:
            raise self.refuse(f"field {self._next - 1} must be a whole number, not {value[:40]!r}")
        return number

    def number(self) -> float | None:
        """The next field as a finite number; None when empty or the wire's "no value"."""
        value = self.text()
        if not value:
            return None
        try:
            number = float(value)
        except ValueError:
            raise self.refuse(f"field {self._next - 1} must be a number, not {value[:40]!r}") from None
        if not math.isfinite(number):
            raise self.refuse(f"field {self._next - 1} must be finite, not {value[:40]!r}")
        return None if abs(number) > 1e300 else number

    def flag(self) -> bool:
        """The next field as 1 or 0; empty is 0."""
        value = self.text().lower()
        if value not in {"", "0", "1", "true", "false"}:
            raise self.refuse(f"field {self._next - 1} must be 0 or 1, not {value[:40]!r}")
        return value in {"1", "true"}

    def identity(self) -> int:
        """The next field as the request's id, remembered for refusals."""
        self.req_id = self.integer()
        return self.req_id

    def count(self, most: int) -> int:
        """The next field as the number of groups that follow; empty is 0."""
        number = self.integer(default=0)
        if not 0 <= number <= most:
            raise self.refuse(f"field {self._next - 1} must be between 0 and {most}, not {number}")
        return number

    def contract(self) -> ContractQuery:
        """The next twelve fields."""
        con_id, symbol, sec_type, expiry = self.integer(default=0), self.text(), self.text(), self.text()
        strike, right = self.number(), self.text().upper()
        if right not in RIGHTS:
            raise self.refuse(f"the right must be C, CALL, P or PUT, not {right[:40]!r}")
        return ContractQuery(
            con_id=con_id,
            symbol=symbol,
            sec_type=sec_type,
            expiry=expiry,
            strike=strike or None,
            right=RIGHTS[right],
            multiplier=self.text(),
            exchange=self.text(),
            primary_exchange=self.text(),
            currency=self.text(),
            local_symbol=self.text(),
            trading_class=self.text(),
        )
