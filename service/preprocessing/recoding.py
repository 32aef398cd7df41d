"""Maps the codes of another dataset's categories to those of the training dataset while batches are read."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import Table
from service.errors import Invalid


class Recoding:
    """The code in the training dataset of each category of another one, for the columns in which they differ."""

    def __init__(self, theirs: Table, mine: Table) -> None:
        self.codes: dict[int, NDArray[np.float64]] = {}
        for index, (there, here) in enumerate(zip(theirs.columns, mine.columns, strict=True)):
            if there.categories is None or there.categories == here.categories:
                continue
            known = {text: code for code, text in enumerate(here.categories or ())}
            unknown = [text for text in there.categories if text not in known]
            if unknown:
                raise Invalid(f"column `{there.name}` has a category the training dataset lacks: {unknown[0]!r}")
            self.codes[index] = np.array([known[text] for text in there.categories], dtype=np.float64)

    def read(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Return stored rows (k, columns) with the training dataset's codes; missing values remain missing."""
        if not self.codes:
            return raw
        recoded = np.array(raw)
        for index, codes in self.codes.items():
            present = ~np.isnan(recoded[:, index])
            recoded[present, index] = codes[recoded[present, index].astype(np.intp)]
        return recoded
