"""What the names of columns and tables say of keys: `customer_id` names a row of customers, `home_team_id` one of teams."""

from __future__ import annotations

import re

OWN = frozenset(
    [
        "parent",
        "manager",
        "supervisor",
        "boss",
        "reports",
        "reportsto",
        "head",
        "mother",
        "father",
        "reply",
        "previous",
        "root",
        "lead",
        "superior",
        "referred",
        "referrer",
    ]
)
"""Words of columns that name another row of their own table."""
GENERIC = frozenset({"id", "key", "code", "no", "num", "nr", "number", "uuid", "guid", "name", "pk"})
"""Names of keys that say nothing of their table."""
SAME_NAME = 1
"""How well a column fits a key that has the very same telling name (see `named_for`)."""
_ENDS = re.compile(r"(?:^|_)(id|key|code|no|nr|num|number|uuid|guid|pk)$|(id|num|key)$")


def plain(name: str) -> str:
    """A name in small letters with its words apart.

    >>> plain("customerId")
    'customer_id'
    """
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")


def one_of(table: str) -> str:
    """The name of a table in the singular.

    >>> one_of("Categories"), one_of("order_lines"), one_of("status")
    ('category', 'order_line', 'status')
    """
    name = plain(table)
    if name.endswith("ies"):
        return name[:-3] + "y"
    if name.endswith(("ses", "xes", "ches", "shes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith(("ss", "us", "is")) else name


def ends_as_key(column: str) -> bool:
    """Whether a column is called like a key: `id`, `customer_id`, `tailnum`."""
    return _ENDS.search(plain(column)) is not None


def is_key_of(column: str, table: str) -> bool:
    """Whether a column is called like the key of its table."""
    one = one_of(table)
    own = {f"{one}_id", f"{plain(table)}_id", f"{one}id", one, f"{one}_key", f"{one}_code"}
    return plain(column) in {"id", "uuid", "pk", *own}


def named_for(column: str, child: str, parent: str, key: str) -> int | None:
    """How well the name of a column says that it holds keys of the parent, 0 at best; None if it does not."""
    name, key, one, many = plain(column), plain(key), one_of(parent), plain(parent)
    full = {f"{one}_{key}", f"{many}_{key}", f"{one}{key}"} if key in GENERIC else {key}
    if child != parent and name in full and one in [*name.split("_"), name.removesuffix(key).rstrip("_")]:
        return 0
    if child != parent and name == key and key not in GENERIC:
        return SAME_NAME
    if child == parent:
        return 2 if any(word in OWN for word in name.split("_")) else None
    if any(name.endswith(f"_{one}") for one in full):
        return 3
    if name in (one, many) or re.fullmatch(rf"{re.escape(one)}_(id|key|code|no|nr|num|ref)", name):
        return 4
    return 5 if one in name.split("_") and _ENDS.search(name) else None
