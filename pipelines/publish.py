from pathlib import Path


def published_path(warehouse: Path) -> Path:
    return warehouse.with_name(f"{warehouse.stem}.published{warehouse.suffix}")
