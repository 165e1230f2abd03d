"""Component: the base of every component of the program. Registers as outputs exactly what its class declares."""

from __future__ import annotations

from typing import Any, ClassVar

import pulumi
from pydantic.alias_generators import to_camel


class UndeclaredOutput(AttributeError):
    """A component ended its constructor without setting an output that its class declares."""


class Component(pulumi.ComponentResource):
    """A component resource whose outputs are its annotated attributes of type `pulumi.Output`.

    A subclass sets TOKEN ("spy:module:Type"), declares its outputs as annotations, and ends its constructor with
    `self.register()`. Children take `ResourceOptions(parent=self)`; the component's own options are never handed on.
    """

    TOKEN: ClassVar[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(self.TOKEN, name, {}, opts)

    @classmethod
    def declared_outputs(cls) -> tuple[str, ...]:
        """Names of the attributes that are outputs, in the order of their declaration."""
        ours = [of for of in reversed(cls.__mro__) if issubclass(of, Component)]
        hints = {name: hint for of in ours for name, hint in vars(of).get("__annotations__", {}).items()}
        return tuple(name for name, hint in hints.items() if str(hint).startswith("pulumi.Output"))

    def register(self) -> None:
        """Register the declared outputs, camelCase; raises UndeclaredOutput when one was never set."""
        outputs: dict[str, Any] = {}
        for name in self.declared_outputs():
            if name not in self.__dict__:
                raise UndeclaredOutput(f"{type(self).__name__} declares the output {name} and never sets it")
            outputs[to_camel(name)] = self.__dict__[name]
        self.register_outputs(outputs)
