"""Widgets made from the settings tree: a setting that the library gains shows up here by itself.

A widget's key is `config.` and the dotted place of its setting. Streamlit forgets a widget that is not on the page, so
each gets what the workspace keeps as the value to begin with, every time it is drawn. Writing it into the session's
state once would not do: when a click interrupts the run that wrote it, the browser never hears of it, shows the
widget's own default and sends that back as if somebody had chosen it.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Mapping, Sequence
from enum import EnumType
from typing import Any, Literal, Union, get_args, get_origin

import streamlit as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from smartsynth.errors import ConfigError
from smartsynth.yaml_text import dumped, loaded

NONE = "–"


def is_group(info: FieldInfo) -> bool:
    """Whether a setting is a group of settings."""
    return isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)


def group(
    model: type[BaseModel], config: dict[str, Any], place: str, *, columns: Sequence[str], skip: Sequence[str] = ()
) -> None:
    """Widgets for the settings of a group; what differs from the default is put into `config`, the rest taken out."""  # fmt: skip
    for name, info in model.model_fields.items():
        here = f"{place}.{name}" if place else name
        if here in skip:
            continue
        if is_group(info) and isinstance(info.annotation, type):
            group(info.annotation, config, here, columns=columns, skip=skip)
        else:
            set_value(config, here, setting(here, info, value_of(config, here, info), columns=columns), info)


def setting(
    place: str, info: FieldInfo, value: Any, *, columns: Sequence[str], placeholder: str | None = None,
    label: str | None = None,
) -> Any:  # fmt: skip
    """The widget of one setting, under its own name unless it is given another; gives its value.

    Raises:
        ConfigError: What was typed into a free field is not YAML.
    """
    kind, optional = _plain(info.annotation)
    label = label or place.rpartition(".")[2].replace("_", " ").capitalize()
    key = f"config.{place}"
    about = info.description
    of_columns = isinstance(info.json_schema_extra, Mapping) and info.json_schema_extra.get("of") == "columns"
    if of_columns and get_origin(kind) is tuple:
        chosen = [name for name in value or () if name in columns]
        return tuple(st.multiselect(label, list(columns), chosen, key=key, help=about)) or None
    if of_columns:
        return _one_of(label, key, list(columns), value, about, optional=True)
    if get_origin(kind) is Literal or isinstance(kind, EnumType):
        known = list(kind.__members__.values()) if isinstance(kind, EnumType) else list(get_args(kind))
        return _one_of(label, key, known, value, about, optional=optional)
    if kind is bool:
        return st.toggle(label, bool(value), key=key, help=about)
    if kind in (int, float):
        return _number(label, key, kind, info, value, about, optional=optional, placeholder=placeholder)
    if kind is str:
        return st.text_input(label, value or "", key=key, help=about, placeholder=placeholder) or (
            None if optional else ""
        )
    return _free(label, key, value, about)


def value_of(config: Mapping[str, Any], place: str, info: FieldInfo) -> Any:
    """The value of a setting, its default if it is not set."""
    at: Any = config
    for name in place.split("."):
        if not isinstance(at, Mapping) or name not in at:
            return info.get_default(call_default_factory=True)
        at = at[name]
    return at


def set_value(config: dict[str, Any], place: str, value: Any, info: FieldInfo) -> None:
    """Put a value into nested settings; one that is the default is taken out."""
    *groups, name = place.split(".")
    at = config
    for part in groups:
        at = at.setdefault(part, {})
    if value == info.get_default(call_default_factory=True):
        at.pop(name, None)
    else:
        at[name] = list(value) if isinstance(value, tuple) else value
    for depth in range(len(groups), 0, -1):  # no empty group stays behind
        parent = config
        for part in groups[: depth - 1]:
            parent = parent[part]
        if parent.get(groups[depth - 1]) == {}:
            del parent[groups[depth - 1]]


def options(cls: type[Any], config: dict[str, Any], *, skip: Sequence[str] = ()) -> None:
    """Widgets for the options of a generator, from its signature; `skip` have a place of their own."""
    given, told = dict(config.get("options", {})), meanings(cls)
    for name, parameter in inspect.signature(cls).parameters.items():
        info = FieldInfo(annotation=type(parameter.default), default=parameter.default, description=told.get(name))
        if name in skip or not isinstance(parameter.default, bool | int | float | str):
            continue
        place = f"generator.{cls.name}.{name}"
        value = setting(place, info, given.get(name, parameter.default), columns=())
        if value == parameter.default:
            given.pop(name, None)
        else:
            given[name] = value
    if given:
        config["options"] = given
    else:
        config.pop("options", None)


def meanings(cls: type[Any]) -> dict[str, str]:
    """What the options of a generator mean, by name, as its docstring says it.

    >>> class Painter:
    ...     '''Paints.
    ...
    ...     Args:
    ...         steps: From noise to an image; more are slower,
    ...             and a little better.
    ...     '''
    >>> meanings(Painter)
    {'steps': 'From noise to an image; more are slower, and a little better.'}
    """
    lines = (inspect.getdoc(cls) or "").partition("Args:\n")[2].splitlines()
    told: dict[str, str] = {}
    name = ""
    for line in lines:
        text = line.strip()
        if line and not line.startswith(" "):
            break
        if match := re.fullmatch(r" {4}(\w+): (.+)", line):
            name, text = match[1], match[2]
            told[name] = text
        elif name and text:
            told[name] += f" {text}"
    return told


def _plain(annotation: Any) -> tuple[Any, bool]:
    """The type of a setting without `| None`, and whether it may be None."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        if len(inner) == 1:
            return inner[0], True
    return annotation, False


def _one_of(label: str, key: str, known: list[Any], value: Any, about: str | None, *, optional: bool) -> Any:
    known = [getattr(item, "value", item) for item in known]
    index = known.index(value) if value in known else None if optional else 0
    return st.selectbox(label, known, index=index, key=key, help=about, placeholder=NONE)


def _number(
    label: str, key: str, kind: Any, info: FieldInfo, value: Any, about: str | None, *, optional: bool,
    placeholder: str | None,
) -> Any:  # fmt: skip
    bounds: dict[str, Any] = {}
    for rule in info.metadata:
        for name in ("ge", "gt"):
            if hasattr(rule, name):
                bounds["min_value"] = kind(getattr(rule, name))
        for name in ("le", "lt"):
            if hasattr(rule, name):
                bounds["max_value"] = kind(getattr(rule, name))
    bounds |= {"step": 1} if kind is int else {"step": 0.05, "format": "%g"}
    bounds |= {} if value is None and not optional else {"value": None if value is None else kind(value)}
    return st.number_input(label, key=key, help=about, placeholder=placeholder, **bounds)


def _free(label: str, key: str, value: Any, about: str | None) -> Any:
    """A field for YAML, for settings that are lists or trees of their own."""
    known = dumped(_json(value)) if value else ""
    typed = st.text_area(f"{label} (YAML)", known, key=key, help=about)
    try:
        return loaded(typed) if typed.strip() else (value if not value else type(value)())
    except ValueError as error:
        raise ConfigError(f"{label}: this is not valid YAML. {error}") from None


def _json(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    if isinstance(value, Mapping):
        return {key: _json(item) for key, item in value.items()}
    return [_json(item) for item in value] if isinstance(value, list | tuple) else value
