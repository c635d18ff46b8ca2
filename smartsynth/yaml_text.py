"""YAML and JSON as people mean them: the core schema of YAML 1.2, in which no key stands twice.

    1e6, -1e-7         numbers (YAML 1.1 wants a dot in them)
    2020-01-01         a text, as ISO writes dates
    no, yes, 12:30     texts; true and false are the only truths
    010                ten

JSON is read by its own rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable
from typing import Any

import yaml

_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
_BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$")
_FLOAT = re.compile(
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)


class _Dumper(yaml.SafeDumper):
    """Writes texts in quotes that YAML 1.1 or 1.2 would read as something else."""


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  (PyYAML copies it before it adds to it)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} stands twice in one mapping: join the two", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _of_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _of_float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(str(loader.construct_scalar(node)).lower().replace(".inf", "inf").replace(".nan", "nan"))


def _prepared() -> None:
    kinds: tuple[tuple[str, re.Pattern[str], str], ...] = (
        ("null", _NULL, "~nN"), ("bool", _BOOL, "tTfF"), ("int", _INT, "-+0123456789"), ("float", _FLOAT, "-+.0123456789"), ("merge", re.compile("^<<$"), "<"),
    )  # fmt: skip
    for name, form, first in kinds:
        for one in (_Loader, _Dumper):
            one.add_implicit_resolver(f"tag:yaml.org,2002:{name}", form, [*first, *([""] if name == "null" else [])])
    makers: dict[str, Callable[[yaml.SafeLoader, yaml.ScalarNode], Any]] = {"int": _of_int, "float": _of_float}
    for name, make in makers.items():
        _Loader.add_constructor(f"tag:yaml.org,2002:{name}", make)


_prepared()


def loaded(text: str) -> Any:
    """What a text of YAML or JSON holds.

    Raises:
        ValueError: It is neither, or a key stands twice in one mapping; the message says where.

    >>> loaded("{low: 2020-01-01, high: 1e6, categories: [NO, SE]}")
    {'low': '2020-01-01', 'high': 1000000.0, 'categories': ['NO', 'SE']}
    """
    text = text.removeprefix("\ufeff")
    if text.lstrip().startswith(("{", "[")):
        try:
            return json.loads(text, object_pairs_hook=_once)
        except (json.JSONDecodeError, RecursionError):
            pass  # YAML may begin so too
    try:
        return yaml.load(text, _Loader)  # noqa: S506  (a safe loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error) or "it goes too deep") from None


def dumped(values: Any, *, width: int = 120, flow: bool = False) -> str:
    r"""Values as YAML that `loaded`, and others, read back.

    >>> dumped({"code": "1e6", "at": "2020-01-01", "n": 1})
    "code: '1e6'\nat: '2020-01-01'\nn: 1\n"
    """
    return str(
        yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width, default_flow_style=flow)
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
        raise ValueError(f"the key {twice!r} stands twice in one object: join the two")
    return found
