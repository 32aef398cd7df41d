"""What a CSV is refused for."""

import pytest

from service.errors import Invalid


def refusal(read, text: str | bytes, **options: object) -> Invalid:  # type: ignore[no-untyped-def]
    with pytest.raises(Invalid) as caught:
        read(text, **options)
    return caught.value
