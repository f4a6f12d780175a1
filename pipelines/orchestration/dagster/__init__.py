"""The load of Help Scout's reports on Dagster."""

from ...settings.process import prepare_process

prepare_process()  # in each of Dagster's processes, before any of them loads anything
