"""Sections: typed, frozen groups of settings, each setting declared once.

A declaration reads `level: Setting[str | int, int] = setting(default="INFO", …)`: a keyword takes
`str | int`, reading the attribute gives `int`. Type checkers build the constructor from it (PEP 681,
with the rule for fields that are descriptors), so a misspelt name is seen before anything runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, Generic, NoReturn, Self, TypeVar, dataclass_transform, overload

from fastapi_spine.core.errors import SettingsError
from fastapi_spine.settings.complaint import HIDDEN, clipped, unfit, unknown
from fastapi_spine.settings.kind import Kind, Malformed

Given = TypeVar("Given")
Value = TypeVar("Value")
AnySection = TypeVar("AnySection", bound="Section")

SWITCH = "enabled"
"""The setting that a bare true or false stands for, in sections that have it."""


class Setting(Generic[Given, Value]):
    """One setting: its default, its line of documentation, its kind of value.

    Attributes:
        name: The attribute it was declared as.
        written_default: The default as it was declared.
        doc: One sentence for the reference page.
        kind: How the value is written, read and shown.
        secret: Whether the value may never be shown.
        also: Further environment variables that set it, weaker than its own.
        section: The section it holds, or None for a plain value.
    """

    def __init__(
        self,
        *,
        default: object,
        doc: str,
        kind: Kind[Value],
        secret: bool = False,
        also: tuple[str, ...] = (),
        section: type[Section] | None = None,
    ) -> None:
        self.name = ""
        self.written_default = default
        self.doc = doc
        self.kind = kind
        self.secret = secret
        self.also = also
        self.section = section

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else vars(instance)[self.name]

    def __set__(self, instance: object, value: Given) -> NoReturn:
        raise _frozen(instance)

    @cached_property
    def default(self) -> Value:
        """The parsed default; parsed when first asked for, to keep importing quick."""
        return self.kind.parse(self.written_default)

    def read(self, written: object, *, name: str, place: str) -> Value:
        """Parse what was written.

        Args:
            written: The value of a keyword or of a TOML file.
            name: What to call the setting in an error.
            place: Where it was written, for an error.

        Returns:
            The parsed value.

        Raises:
            SettingsError: The value does not fit.
        """
        try:
            return self.kind.parse(written)
        except Malformed as error:
            raise self.complain(written, name=name, place=place, detail=str(error)) from None

    def complain(
        self, written: object, *, name: str, place: str, detail: str = ""
    ) -> SettingsError:
        """Word the error for a value that does not fit, without the value when it is a secret."""
        return unfit(
            name,
            shown=HIDDEN if self.secret else clipped(written),
            place=place,
            expected=self.kind.expected,
            default=self.shown(self.default),
            detail=detail,
        )

    def shown(self, value: Value) -> str:
        """Show a parsed value as TOML writes it; a secret one is hidden unless it is empty."""
        return HIDDEN if self.secret and value else self.kind.show(value)


def setting(
    *,
    default: Given,
    doc: str,
    kind: Kind[Value],
    secret: bool = False,
    also: tuple[str, ...] = (),
) -> Setting[Given, Value]:
    """Declare one setting of a section.

    Args:
        default: The default, spelt as a user would spell it.
        doc: One sentence for the reference page.
        kind: How the value is written, read and shown.
        secret: Whether the value may never be shown.
        also: Further environment variables that set it, weaker than its own.

    Returns:
        The declaration.
    """
    return Setting(default=default, doc=doc, kind=kind, secret=secret, also=also)


def section(*, default_factory: type[AnySection], doc: str) -> Setting[AnySection, AnySection]:
    """Declare a section inside another one.

    Args:
        default_factory: The section's class; the name is the one type checkers know.
        doc: One sentence for the reference page.

    Returns:
        The declaration.
    """
    return _nested(default_factory, doc)


def switchable(
    *, default_factory: type[AnySection], doc: str
) -> Setting[AnySection | bool, AnySection]:
    """Declare a section that a bare True or False switches on or off.

    Args:
        default_factory: The section's class, which declares `enabled`.
        doc: One sentence for the reference page.

    Returns:
        The declaration.
    """
    return _nested(default_factory, doc)


def _nested(cls: type[AnySection], doc: str) -> Setting[Any, AnySection]:
    def parse(value: object) -> AnySection:
        if isinstance(value, cls):
            return value
        if value is cls:  # the default: made when first asked for
            return cls()
        if isinstance(value, bool) and SWITCH in cls.declared:
            return cls(**{SWITCH: value})
        raise Malformed

    switch = ", True or False" if SWITCH in cls.declared else ""
    kind = Kind(expected=f"{cls.__name__}(…){switch}", parse=parse, show=repr)
    return Setting(default=cls, doc=doc, kind=kind, section=cls)


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(setting, section, switchable)
)
class Section:
    """A frozen group of settings; its subclasses declare them.

    Attributes:
        declared: Every setting of the class by name, in the order of declaration.
        program: The command whose flags the settings are; empty for those of the layer, which are keywords.
        given: The parsed values that were given and not left to their defaults.
    """

    declared: ClassVar[Mapping[str, Setting[Any, Any]]] = MappingProxyType({})
    program: ClassVar[str] = ""
    given: Mapping[str, Any]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {name: one for name, one in vars(cls).items() if isinstance(one, Setting)}
        cls.declared = MappingProxyType({**cls.declared, **own})

    def __init__(self, **given: object) -> None:
        """Check and keep what was given.

        Args:
            given: Settings by name; those left out have their defaults.

        Raises:
            SettingsError: A name is unknown or a value does not fit.
        """
        place = f"{type(self).__name__}(…)"
        for name in given:
            if name not in self.declared:
                raise unknown(name, place=place, known=self.declared)
        parsed = {
            name: self.declared[name].read(value, name=name, place=place)
            for name, value in given.items()
        }
        values = {name: one.default for name, one in self.declared.items()}
        for name, value in parsed.items():
            values[name] = self.declared[name].kind.merge(values[name], value)
        # Past the guard below, which is for everybody else.
        vars(self).update(values, given=MappingProxyType(parsed))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise _frozen(self)

    def __delattr__(self, name: str) -> NoReturn:
        raise _frozen(self)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(vars(self)[name] == vars(other)[name] for name in self.declared)

    __hash__ = None  # type: ignore[assignment]  # values may be tables

    def __repr__(self) -> str:
        pairs = (f"{name}={self.declared[name].shown(self.given[name])}" for name in self.given)
        return f"{type(self).__name__}({', '.join(pairs)})"


def _frozen(instance: object) -> AttributeError:
    return AttributeError(f"{type(instance).__name__} is frozen; make a new one with other values")
