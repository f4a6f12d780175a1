"""A warehouse can be opened whatever a kill has left beside it."""

from __future__ import annotations

from pathlib import Path

from pipelines.settings.constants import PIPELINE
from pipelines.warehouse.database_file import state_folder
from pipelines.warehouse.open import open_pipeline


def test_a_schema_whose_writing_was_killed_is_no_schema(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    with open_pipeline(warehouse):
        pass
    schemas = state_folder(warehouse) / PIPELINE / "schemas"
    schemas.mkdir(parents=True, exist_ok=True)
    unfinished = schemas / "31fcce00246ddc34"  # dlt writes under such a name, then renames
    unfinished.write_text('{"version": 1')
    with open_pipeline(warehouse) as pipeline:
        assert list(pipeline.schemas) == []
    assert not unfinished.exists()
