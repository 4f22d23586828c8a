"""Classes of one kind by name: the one list that all who need their names read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type)


class Registry(Mapping[str, Any]):
    """Classes of one kind, each under the name that it gives itself.

    Parameters
    ----------
    title : str
        What one of them is called in errors, such as "threshold".
    classes : iterable of type
        The classes that come with the package, in the order in which they are listed.
    key : str, default="name"
        The class attribute that holds the name.

    Attributes
    ----------
    built_in : tuple of str
        Names of the classes that come with the package, in their order.

    Examples
    --------
    >>> class Median:
    ...     name = "median"
    >>> rules = Registry("rule", [Median])
    >>> rules["median"] is Median, list(rules)
    (True, ['median'])
    """

    def __init__(self, title: str, classes: Iterable[type], key: str = "name") -> None:
        self.title = title
        self._key = key
        self._classes: dict[str, type] = {}
        for cls in classes:
            self.register(cls)
        self.built_in = tuple(self._classes)

    def register(self, cls: Class) -> Class:
        """Add a class under its name, in place of an own one of that name.

        Parameters
        ----------
        cls : type
            With a class attribute that holds its name. Returned as it is, so that
            this method can decorate it.

        Raises
        ------
        ValueError
            If the class has no name, or that of a class of the package.
        """
        name = cls.__dict__.get(self._key)
        if not isinstance(name, str):
            raise ValueError(
                f"{cls.__name__} has no name of its own. Write {self._key} = '...' in "
                f"the class to register it as a {self.title}."
            )
        if name in getattr(self, "built_in", ()):
            raise ValueError(
                f"{name!r} is the name of aeanomaly's own {self.title} "
                f"{self._classes[name].__name__}. Give {cls.__name__} another name."
            )
        self._classes[name] = cls
        return cls

    def __getitem__(self, name: str) -> Any:
        if name in self._classes:
            return self._classes[name]
        raise KeyError(f"{name!r} is not the name of a {self.title}. Allowed: {self}.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)

    def __str__(self) -> str:
        return ", ".join(map(repr, self))
