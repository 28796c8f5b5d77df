"""Text that somebody else wrote, made safe to show on a terminal, a page or in a table."""

from __future__ import annotations

import re

#: Colours and moves on a terminal.
CONTROL_SEQUENCE = re.compile(r"\x1b\[.*?[@-~]")
#: Reverses or embeds the direction of what follows, so that a line reads other than it is.
BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Spaces and joiners of emoji and letters, which `str.isprintable` excludes but which are safe to show.
SAFE = frozenset("\n\t\u00a0\u2009\u202f\u3000\u200c\u200d")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class _Shown(dict[int, str]):
    """What is shown of a character, by its number. The first of them, which most texts consist of, are kept."""

    def __missing__(self, number: int) -> str:
        character = chr(number)
        is_safe = character in SAFE or (character.isprintable() and character not in BIDIRECTIONAL)
        shown = character if is_safe else REPLACEMENT
        if number < 0x3000:
            self[number] = shown
        return shown


_SHOWN = _Shown()


def plain(text: str, most: int | None = None) -> str:
    """`text` without terminal codes; other characters that cannot be printed become U+FFFD.

    Args:
        text: any text, also with surrogates from names of files that are not UTF-8.
        most: the number of characters to keep; longer text ends in an ellipsis.

    Returns:
        The text. Line ends and tabs are kept.
    """
    cut = text if most is None else text[: 4 * most]
    shown = CONTROL_SEQUENCE.sub("", cut).replace("\r\n", "\n").translate(_SHOWN)
    return shown if most is None or len(shown) <= most else shown[: most - 1] + "…"


def one_line(text: str, most: int | None = None) -> str:
    """`plain` text on a single line."""
    return plain(" ".join(text.split()), most)


__all__ = ["BIDIRECTIONAL", "one_line", "plain"]
