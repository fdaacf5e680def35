"""Free text that a shopper types: what of it may go further."""


class TextError(ValueError):
    """A text that is not taken. `reason` is a sentence for the client; it never repeats the text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_text(text: str, *, most: int) -> str:
    """The text trimmed and in NFC.

    Raises:
        TextError: it may not be taken.
    """
    raise NotImplementedError


def has_card_number(text: str) -> bool:
    raise NotImplementedError
