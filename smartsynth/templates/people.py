"""Names, addresses and telephone numbers of a language, as pools to draw from; from mimesis.

Names are drawn as often as mimesis draws them, not as often as they occur. City, street and postcode do not belong together.
Digits of numbers are drawn anew. Where a country has set numbers aside for fiction, these are taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from smartsynth.errors import ConfigError, MissingExtraError, did_you_mean

_DRAWS = 4_000
_FICTION = {
    "en": "+1-###-555-01##",  # North American Numbering Plan: 555-0100 to 555-0199
    "en-gb": "+44 7700 900###",  # Ofcom
    "fr": "+33 1 99 00 ## ##",  # Arcep
}


def locales() -> tuple[str, ...]:
    """The languages that there are names of."""
    try:
        from mimesis.locales import Locale
    except ImportError:
        raise MissingExtraError("Names of persons", "templates") from None
    return tuple(locale.value for locale in Locale)


def check_locale(locale: str, allowed: tuple[str, ...] | None) -> None:
    """ConfigError if a template cannot be made in this language."""
    known = locales()
    if allowed is not None and locale in known and locale not in allowed:
        raise ConfigError(f"locale={locale!r} is not one that this template is for. Its locales: {', '.join(allowed)}.")
    if locale not in known:
        wanted = allowed or known
        raise ConfigError(
            f"locale={locale!r} is not known.{did_you_mean(locale, wanted)} Locales: {', '.join(wanted)}."
        )


@lru_cache(maxsize=64)
def pool(locale: str, part: str, sex: str | None = None) -> tuple[str, ...]:
    """Texts to draw from, equal for equal arguments; a # in them stands for a digit."""
    from mimesis import Address, Person
    from mimesis.enums import Gender
    from mimesis.locales import Locale

    of = Locale(locale)
    gender = {"F": Gender.FEMALE, "M": Gender.MALE}.get(sex or "")
    person, address = Person(of, seed=1), Address(of, seed=1)
    draw: dict[str, Callable[[], str]] = {
        "first_name": lambda: person.first_name(gender=gender), "last_name": lambda: person.last_name(gender=gender),
        "street": address.address, "city": address.city, "postcode": address.postal_code, "phone": person.phone_number,
    }  # fmt: skip
    if part == "phone" and locale in _FICTION:
        return (_FICTION[locale],)
    drawn = tuple(draw[part]() for _ in range(_DRAWS))
    if part in ("first_name", "last_name", "city"):
        return drawn
    return tuple(_digits(text, keep=4 if part == "phone" else 1) for text in drawn)


def _digits(text: str, *, keep: int) -> str:
    """A text whose digits after the first few are to be drawn; what is in front, such as a code of a country, is kept."""
    seen = 0

    def placed(found: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        return found[0] if seen <= keep else "#"

    return re.sub(r"[0-9]", placed, text)
