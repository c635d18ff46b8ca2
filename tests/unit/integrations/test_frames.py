"""Arrays, sparse matrices and frames on the way to a generator and back."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from smartsynth.integrations.frames import below, formed, framed, schema_of, with_target
from smartsynth.schema import Kind, Role

MIXED = np.array([["a", 1, 2.5], ["b", 2, np.nan]], dtype=object)


@pytest.mark.parametrize(
    "table",
    [
        np.arange(6.0).reshape(2, 3),
        np.arange(6, dtype=np.int8).reshape(2, 3),
        MIXED,
        sparse.csr_matrix(np.eye(2, 3, dtype=np.float32)),
        sparse.csc_matrix(np.eye(2, 3)),
        pd.DataFrame({"x": [1, 2], "y": pd.Categorical(["a", "b"]), "z": pd.array([1, None], dtype="Int64")}),
        pd.DataFrame({"x": pd.arrays.SparseArray([0.0, 1.0]), "y": [True, False]}),
        pd.DataFrame([[1, 2.5], [3, 4.5]], columns=["same", "same"]),
        pd.DataFrame([[1, 2.5]], columns=[("a", 0), 7]),
    ],
    ids=["floats", "bytes", "objects", "csr", "csc", "frame", "sparse frame", "one name twice", "names of any kind"],
)
def test_a_table_comes_back_as_it_was(table):
    """Through a frame with names that are text, and back in its own form: cells, dtypes, names."""
    frame = framed(table)
    assert frame.columns.is_unique
    assert all(isinstance(name, str) for name in frame.columns)
    back = formed(frame, table)
    assert type(back) is type(table)
    if isinstance(table, pd.DataFrame):
        pd.testing.assert_frame_equal(back, table)
    elif sparse.issparse(table):
        assert (back != table).nnz == 0 and back.dtype == table.dtype
    else:
        assert back.dtype == table.dtype
        pd.testing.assert_frame_equal(pd.DataFrame(back), pd.DataFrame(table), check_dtype=False)
    assert below(table, back).shape == (2 * table.shape[0], table.shape[1])


def test_columns_of_an_array_of_objects_are_what_their_cells_are():
    kinds = framed(np.concatenate([MIXED] * 20)).dtypes
    assert pd.api.types.is_numeric_dtype(kinds["1"])
    assert pd.api.types.is_object_dtype(kinds["0"])


def test_a_target_takes_no_name_that_is_taken():
    frame, name = with_target(pd.DataFrame({"target": [1.5, 2.5], "_target": ["a", "b"]}), np.array([0, 1]))
    assert name == "__target"
    column = schema_of(frame, name)[name]
    assert (column.kind, column.role) == (Kind.CATEGORICAL, Role.TARGET)
