"""Dataset → files, bytes, or a table of the caller's own kind, written the way the real data were written.

    CSV, TSV   delimiter, decimal mark, places, date format, truth words and missing token of the source
    text       a text a line, or a paragraph each if some have several lines
    JSON       an array of objects          JSONL   one object a line
               conversations and questions about texts in the shape of the source (conversations.py)
    Parquet    manifest in the schema metadata under `smartsynth`
    Excel      one sheet
    folder     Hugging Face data set: data/train-00000-of-00001.parquet and a README.md card
    images     a folder or a zip of PNG files: train/LABEL/000000.png, and train/metadata.csv with the other columns (Hugging Face's
               imagefolder); or a Parquet column as Hugging Face's `Image`

Every file appears whole or not at all. A manifest is written beside the file as `<name>.manifest.json`, a card as `<name>.card.md`.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from smartsynth import atomic, conversations, image_export
from smartsynth.config import ExportConfig
from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError, DataError, did_you_mean
from smartsynth.schema import Column

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("csv", "tsv", "txt", "json", "jsonl", "parquet", "excel", "hf", "folder", "zip")
_SUFFIXES = {
    ".csv": "csv", ".tsv": "tsv", ".txt": "txt", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".parquet": "parquet", ".pq": "parquet", ".xlsx": "excel", ".zip": "zip", "": "hf",
}  # fmt: skip
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\x00")


def write(
    dataset: Dataset,
    path: str | Path,
    *,
    format: str | None = None,
    manifest: Mapping[str, Any] | None = None,
    config: ExportConfig | None = None,
    card: str | None = None,
) -> list[Path]:
    """Write the rows (and the manifest) and say which files came of it.

    Args:
        dataset: Rows with their schema and source.
        path: File, or folder for the formats `hf` and `folder`.
        format: `csv`, `tsv`, `txt`, `json`, `jsonl`, `parquet`, `excel`, `hf`, `folder` or `zip`; by the path's suffix if not given.
        manifest: JSON to put beside the file.
        config: Whether text cells that a spreadsheet would run are defused.
        card: Markdown to put beside the file; a folder's own card takes the place of its head.

    Raises:
        ConfigError: The format is not known, or the path cannot be written.
    """
    path = Path(path)
    if format is None and not path.suffix and image_export.column_of(dataset.schema) is not None:
        format = "folder"
    format = format_of(path, format)
    if format == "folder":
        return write_folder(path, _picture_files(dataset, manifest, config, card), ours=image_export.SPLIT)
    if format == "hf":
        return write_folder(path, _data_files(dataset, manifest, card), ours="data")
    if path.is_dir():
        raise ConfigError(f"{path} is a folder. Name a file in it.")
    beside = path.with_name(f"{path.stem}.manifest.json")
    parts = {path: to_bytes(dataset, format=format, config=config, manifest=manifest)}
    if manifest is not None:
        parts[beside] = as_json(manifest)
    if card is not None:
        parts[path.with_name(f"{path.stem}.card.md")] = card.encode()
    atomic.write_files(parts)
    return list(parts)


def format_of(path: Path, format: str | None) -> str:
    """The format to write: the one asked for, else the one of the path's suffix."""
    if format is None:
        if path.suffix.lower() not in _SUFFIXES:
            known = ", ".join(suffix for suffix in _SUFFIXES if suffix)
            raise ConfigError(
                f"{path.name}: the suffix {path.suffix!r} names no format. Use one of {known}, or --format."
            )
        return _SUFFIXES[path.suffix.lower()]
    if format not in FORMATS:
        raise ConfigError(
            f"format={format!r} is not known.{did_you_mean(format, FORMATS)} Formats: {', '.join(FORMATS)}."
        )
    return format


def to_bytes(
    dataset: Dataset,
    *,
    format: str = "csv",
    config: ExportConfig | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> bytes:
    """The rows as the bytes of a file."""
    if format == "zip":
        return image_export.zipped(_picture_files(dataset, manifest, config))
    if format != "parquet":
        image_export.check_none(dataset.schema, format)
    if format in ("csv", "tsv"):
        return _csv(dataset, format, (config or ExportConfig()).formula_guard)
    if format == "txt":
        return _texts(dataset)
    if format in ("json", "jsonl"):
        return _records(dataset, lines=format == "jsonl")
    if format == "parquet":
        return _parquet(dataset, manifest)
    if format == "excel":
        return _excel(dataset)
    raise ConfigError(
        f"format={format!r} cannot be written to a stream. Use csv, tsv, txt, json, jsonl, parquet, excel or zip."
    )


def digest(dataset: Dataset, config: ExportConfig | None = None) -> str:
    """SHA-256 of the rows as a CSV file, whatever format they are written in; of images the hash of their files' hashes."""
    if image_export.column_of(dataset.schema) is None:
        return hashlib.sha256(to_bytes(dataset, format="csv", config=config)).hexdigest()
    files = sorted(_picture_files(dataset, None, config).items())
    lines = (f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def to_native(dataset: Dataset) -> Any:
    """The rows as the kind of table that the real rows came in: pandas, polars, Arrow or a `datasets.Dataset`."""
    if dataset.source.backend == "pandas":
        return dataset.frame
    if dataset.source.backend == "datasets":
        from smartsynth import hf_export

        return hf_export.to_hugging_face(dataset)
    table = to_arrow(dataset.frame)
    if dataset.source.backend == "arrow":
        return table
    import polars

    return polars.from_arrow(table)


def _csv(dataset: Dataset, format: str, guard: bool) -> bytes:
    source = dataset.source
    delimiter = "\t" if format == "tsv" else source.delimiter[:1]
    delimiter = "," if format == "csv" and delimiter == "\t" else delimiter
    decimal = source.decimal if source.decimal != delimiter else "."
    cells = {c.name: _written(dataset.frame[c.name], c, decimal, guard) for c in dataset.schema}
    frame = pd.DataFrame(cells)
    if guard:
        frame.columns = pd.Index([_guarded(name) for name in dataset.schema.names])
    sink = _Lines()
    frame.to_csv(sink, index=False, sep=delimiter, lineterminator="\r\n", quotechar=source.quotechar)
    return sink.getvalue().encode(source.encoding if source.encoding.startswith("utf-16") else "utf-8")


class _Lines(io.StringIO):
    """Rows that end in a line feed, of a writer that ends them otherwise so that cells with a carriage return are quoted too."""

    def __init__(self) -> None:
        super().__init__(newline="")

    def write(self, text: str) -> int:
        return super().write(f"{text.removesuffix(chr(13) + chr(10))}\n")


def _written(series: pd.Series[Any], column: Column, decimal: str, guard: bool) -> pd.Series[Any]:
    """The cells of a column as they stand in a text file."""
    missing = series.isna().to_numpy()
    known = series[~missing]
    if pd.api.types.is_bool_dtype(series.dtype):
        yes, no = (column.format or "True/False").split("/", 1)
        texts = [yes if cell else no for cell in known]
    elif pd.api.types.is_datetime64_any_dtype(series.dtype):
        texts = list(known.dt.strftime(column.format or iso_format(known)))
    elif pd.api.types.is_timedelta64_dtype(series.dtype):
        texts = [str(cell) for cell in known]
    elif pd.api.types.is_float_dtype(series.dtype):
        texts = [_float(float(cell), column) for cell in known]
        texts = [text.replace(".", decimal) for text in texts] if decimal != "." else texts
    elif pd.api.types.is_integer_dtype(series.dtype) or column.dtype in ("decimal", "date", "time"):
        texts = [str(cell) for cell in known]
    else:
        texts = [str(cell) for cell in known]
        texts = [_guarded(text) for text in texts] if guard else texts
    out = np.full(len(series), column.missing, dtype=object)
    out[~missing] = texts
    return pd.Series(out, dtype=object)


def _guarded(text: str) -> str:
    """A text that no spreadsheet runs."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _float(value: float, column: Column) -> str:
    if column.format and column.format.startswith("."):
        return format(value, column.format)
    if column.decimals is None:
        return repr(value)
    text = f"{value:.{column.decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def iso_format(moments: pd.Series[Any]) -> str:
    """The shortest ISO 8601 format that loses nothing."""
    zone = "%z" if moments.dt.tz is not None else ""
    if not zone and (moments.dt.normalize() == moments).all():
        return "%Y-%m-%d"
    return ("%Y-%m-%dT%H:%M:%S.%f" if (moments.dt.microsecond != 0).any() else "%Y-%m-%dT%H:%M:%S") + zone


def _texts(dataset: Dataset) -> bytes:
    if len(dataset.schema) != 1:
        raise ConfigError(
            f"format='txt' is for a single column of texts, and there are {len(dataset.schema)}: {', '.join(dataset.schema.names)}. Use csv "
            "or jsonl."
        )
    cells = dataset.frame[dataset.schema.names[0]].dropna()
    texts = [re.sub(r"\n\s*\n", "\n", str(cell)).strip("\n") for cell in cells]  # a blank line ends a text
    between = "\n\n" if any("\n" in text for text in texts) else "\n"
    return (between.join(texts) + "\n").encode()


def _records(dataset: Dataset, *, lines: bool) -> bytes:
    columns = [[_json_value(cell) for cell in _json_cells(dataset.frame[c.name], c)] for c in dataset.schema]
    names = dataset.schema.names
    rows: Any = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    shape = dataset.source.shape
    if shape == conversations.SQUAD and not lines:
        return as_json(conversations.document_of(rows))
    if shape in (conversations.MESSAGES, conversations.SHAREGPT):
        rows = conversations.conversations_of(rows, shape)
    texts = [json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows]
    return ("".join(f"{text}\n" for text in texts) if lines else "[\n" + ",\n".join(texts) + "\n]\n").encode()


def _json_cells(series: pd.Series[Any], column: Column) -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        known = series.dropna()
        return list(series.dt.strftime(column.format or iso_format(known)).astype(object).where(series.notna(), None))
    return list(series.astype(object).where(series.notna(), None))


def _json_value(cell: Any) -> Any:
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, float) and not np.isfinite(cell):
        return None
    return cell if cell is None or isinstance(cell, str | int | float | bool) else str(cell)


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """The rows as an Arrow table, without pandas' own notes about them."""
    import pyarrow

    try:
        return pyarrow.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError) as error:
        raise DataError(f"A column holds cells of several types and cannot be written as Arrow: {error}") from error


def _parquet(dataset: Dataset, manifest: Mapping[str, Any] | None) -> bytes:
    import pyarrow.parquet

    table = to_arrow(dataset.frame)
    told: dict[str, bytes] = {} if manifest is None else {"smartsynth": as_json(manifest)}
    if (pictures := image_export.column_of(dataset.schema)) is not None:
        table, features = _with_pictures(table, pictures.name)
        told["huggingface"] = features
    table = table.replace_schema_metadata(told or None)
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer)
    return buffer.getvalue()


def _with_pictures(table: pa.Table, name: str) -> tuple[pa.Table, bytes]:
    """The table with images as Hugging Face's `Image` has them, and what it reads to know."""
    table = table.set_column(table.column_names.index(name), name, pictures_array(table[name].to_pylist()))
    features = {
        field.name: {"_type": "Image"} if field.name == name else {"dtype": _hf_type(field.type), "_type": "Value"}
        for field in table.schema
    }
    return table, json.dumps({"info": {"features": features}}).encode()


def pictures_array(cells: Iterable[bytes | None]) -> pa.Array:
    """Images as Hugging Face's `Image` stores them."""
    import pyarrow as pa

    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.array([None if cell is None else {"bytes": cell, "path": None} for cell in cells], kind)


def _excel(dataset: Dataset) -> bytes:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    add_sheet(book, "synthetic", dataset)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def add_sheet(book: Any, title: str, dataset: Dataset) -> None:
    """Write the rows to a new sheet of a write-only workbook.

    Raises:
        ConfigError: There are more rows than a sheet holds.
    """
    if len(dataset) >= 1_048_576:
        raise ConfigError(f"{len(dataset):,} rows do not fit an Excel sheet (1,048,575). Use csv or parquet.")
    sheet = book.create_sheet(title)
    sheet.append([_excel_cell(sheet, name) for name in dataset.schema.names])
    columns = [
        list(dataset.frame[c.name].astype(object).where(dataset.frame[c.name].notna(), None)) for c in dataset.schema
    ]
    for row in zip(*columns, strict=True):
        sheet.append([_excel_cell(sheet, cell) for cell in row])


def _excel_cell(sheet: Any, cell: Any) -> Any:
    """A cell as Excel holds it; text stays text, also where it looks like a formula."""
    if isinstance(cell, pd.Timestamp):
        return cell.tz_localize(None).to_pydatetime()
    if isinstance(cell, str):
        from openpyxl.cell import WriteOnlyCell

        made = WriteOnlyCell(sheet, value=cell)
        made.data_type = "s"
        return made
    return cell.item() if isinstance(cell, np.generic) else cell


def _data_files(dataset: Dataset, manifest: Mapping[str, Any] | None, text: str | None) -> dict[str, bytes]:
    """The files of a Hugging Face data-set folder by their paths."""
    files = {
        "data/train-00000-of-00001.parquet": _parquet(dataset, manifest),
        "README.md": _card(dataset, text).encode(),
    }
    return files if manifest is None else {**files, "manifest.json": as_json(manifest)}


def _picture_files(
    dataset: Dataset, manifest: Mapping[str, Any] | None, config: ExportConfig | None, text: str | None = None
) -> dict[str, bytes]:
    """The files of a folder of images by their paths."""
    files, table = image_export.parts(dataset)
    files[f"{image_export.SPLIT}/{image_export.INDEX}"] = to_bytes(table, format="csv", config=config)
    files["README.md"] = picture_card(len(dataset), text).encode()
    return files if manifest is None else {**files, "manifest.json": as_json(manifest)}


def write_folder(folder: Path, files: Mapping[str, bytes], *, ours: str) -> list[Path]:
    """A folder of files; an older one of ours is replaced, anything else is left alone."""
    if folder.exists() and not _is_ours(folder, ours):
        raise ConfigError(f"{folder} exists and is not a data-set folder. Name another one.")
    with atomic.folder(folder) as work:
        for path, content in files.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_bytes(content)
    return sorted(folder / path for path in files)


def _is_ours(folder: Path, ours: str) -> bool:
    """Whether a folder is empty, or holds what we wrote and nothing else."""
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()}
    if not names:
        return True
    card = folder / "README.md"
    written = card.is_file() and "smartsynth" in card.read_text("utf-8", "replace")
    return written and (folder / ours).is_dir() and names <= {ours, "README.md", "manifest.json"}


def picture_card(rows: int, told: str | None = None) -> str:
    """The card of a folder or a zip of images, with what is told of its run."""
    import yaml

    head = {
        "tags": ["synthetic", "smartsynth"],
        "configs": [{"config_name": "default", "drop_labels": True, "data_dir": "."}],
    }
    text = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    about = f"{rows:,} synthetic images, made by SmartSynth."
    if told is not None:
        return f"---\n{text}---\n\n{body_of(told)}"
    return f"---\n{text}---\n\n# Synthetic images\n\n{about} Other columns: `train/metadata.csv`. Scores and privacy checks: `manifest.json`.\n"


def _card(dataset: Dataset, text: str | None) -> str:
    pictures, table = image_export.column_of(dataset.schema), to_arrow(dataset.frame)
    features = [
        {
            "name": field.name,
            "dtype": "image" if pictures is not None and field.name == pictures.name else _hf_type(field.type),
        }
        for field in table.schema
    ]
    return card(features, {"train": table}, text)


def card(features: Sequence[Mapping[str, Any]], splits: Mapping[str, pa.Table], told: str | None = None) -> str:
    """The card of a folder of Parquet files.

    Args:
        features: Of the columns, as `dataset_info` has them.
        splits: Rows by name.
        told: A card whose text it has; one sentence if not given.
    """
    import yaml

    data_files = [{"split": name, "path": f"data/{name}-*"} for name in splits]
    head = {
        "tags": ["synthetic", "smartsynth"],
        "configs": [{"config_name": "default", "data_files": data_files}],
        "dataset_info": {
            "features": list(features),
            "splits": [
                {"name": name, "num_bytes": table.nbytes, "num_examples": len(table)} for name, table in splits.items()
            ],
        },
    }
    text = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    rows = f"{sum(map(len, splits.values())):,} synthetic rows, {len(features)} columns, made by SmartSynth."
    if told is not None:
        return f"---\n{text}---\n\n{body_of(told)}"
    return f"---\n{text}---\n\n# Synthetic data\n\n{rows} Scores and privacy checks: `manifest.json`.\n"


def body_of(card: str) -> str:
    r"""A card without its head.

    >>> body_of("---\nlicense: mit\n---\n\n# Rows\n")
    '# Rows\n'
    """
    return card.split("---\n", 2)[2].lstrip("\n") if card.startswith("---\n") else card


def _hf_type(kind: pa.DataType) -> str:
    """What Hugging Face calls an Arrow type."""
    name = str(kind)
    return {"float": "float64", "int": "int64", "double": "float64", "large_string": "string"}.get(name, name)


def as_json(value: Mapping[str, Any]) -> bytes:
    """A manifest as the bytes of its file."""
    return (json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()
