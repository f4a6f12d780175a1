"""Commands that look at a warehouse and send nothing: plan, status, check, explain."""

from __future__ import annotations

import sys

import click

from ..settings.errors import UsageError
from .options import (
    Target,
    all_option,
    console,
    handle_errors,
    looking,
    opened,
    report_names,
    reports_option,
    since_option,
    target_options,
    until_option,
)


@click.command()
@target_options
@reports_option
@since_option
@until_option
@click.option("--backfill", is_flag=True, help="Plan a backfill instead of a load.")
@click.option("--requests", is_flag=True, help="Print every request, one a line.")
def plan(
    target: Target,
    reports: str | None,
    since: str | None,
    until: str | None,
    backfill: bool,
    requests: bool,
) -> None:
    """Shows what `load` would request. Sends nothing."""
    with handle_errors():
        from ..jobs.load_loop import configured_run
        from ..planning.load_plan import LoadRequest
        from ..planning.plan_preview import plan_load
        from .render.plan import print_plan, print_requests

        if backfill and (since or until):
            raise UsageError("--backfill fills all gaps: leave --since and --until out")
        request = LoadRequest(
            reports=report_names(reports), since=since, until=until, backfill=backfill
        )
        run = configured_run(**target.silent_options)
        try:
            found = plan_load(run, target.place, request)
            if requests:
                print_requests(found.requests)
            else:
                print_plan(console(), found, run)
        finally:
            run.close()


@click.command()
@target_options
@reports_option
@click.option("--slices", is_flag=True, help="A line for each slice, not for each kind of slice.")
@click.option("--json", "as_json", is_flag=True, help="Everything, for machines.")
@all_option
def status(
    target: Target, reports: str | None, slices: bool, as_json: bool, all_accounts: bool
) -> None:
    """Shows what is loaded and what lacks; exit code 3 when anything does."""
    with handle_errors():
        from sources.help_scout.catalog.reports import REPORTS

        from ..planning.coverage_status import look_at, status_json
        from .render.status import print_status

        if all_accounts:
            if slices or as_json:
                raise UsageError("--all has a line an account: for more name one with --account")
            sys.exit(_status_of_all(target, report_names(reports)))
        with looking(target) as (run, place):
            found = look_at(run, place, report_names(reports) or REPORTS)
            if as_json:
                click.echo(status_json(found))
            else:
                print_status(console(), found, each_slice=slices)
            code = found.exit_code
    sys.exit(code)


def _status_of_all(target: Target, names: tuple[str, ...]) -> int:
    """Prints a line for each configured account; the exit code."""
    from sources.help_scout.catalog.reports import REPORTS
    from sources.help_scout.errors import ConfigurationError

    from ..planning.coverage_status import StatusReport, look_at
    from ..settings.errors import COMPLETE, FAILED, PARTIAL, NothingLoaded, PipelineError, explain
    from .render.status import print_accounts

    found: dict[str, StatusReport | str] = {}
    unknown = set()
    for one in target.each_account():
        assert one.account is not None
        try:
            with looking(one) as (run, place):
                found[one.account] = look_at(run, place, names or REPORTS)
        except (PipelineError, ConfigurationError) as error:
            found[one.account], _ = explain(error)
            if not isinstance(error, NothingLoaded):
                unknown.add(one.account)
    print_accounts(console(), found, unknown, target.destination)
    if unknown:
        return FAILED
    is_complete = all(not isinstance(s, str) and s.exit_code == COMPLETE for s in found.values())
    return COMPLETE if is_complete else PARTIAL


@click.command()
@target_options
@click.option("--only", metavar="NAME", multiple=True, help="This check only; can be repeated.")
@click.option("--strict", is_flag=True, help="Exit code 3 also when reports disagree.")
@click.option("--json", "as_json", is_flag=True, help="Everything, for machines.")
def check(target: Target, only: tuple[str, ...], strict: bool, as_json: bool) -> None:
    """Checks that what is loaded is whole, and whether Help Scout's reports agree; exit code 3 when
    it is not whole."""
    with handle_errors():
        from sources.help_scout.api.client import utc_now

        from ..quality.check_results import store_results
        from ..quality.check_runner import all_checks, check_pipeline, exit_code
        from ..quality.disagreements import pasts_of, with_pasts
        from ..settings.configuration import Publishing
        from .render.checks import print_results, results_json

        checks, now = all_checks(only), utc_now()
        strict = strict or Publishing.configured().strict_checks
        with opened(target) as (run, pipeline):
            account, zone = run.settings.account, run.time.zone
            found = check_pipeline(pipeline, checks, account, strict=strict)
            results = with_pasts(found, pasts_of(pipeline, account, found, zone), now)
            store_results(pipeline, results, now, account)
        if as_json:
            click.echo(results_json(results))
        else:
            print_results(console(), results, zone)
        code = exit_code(results)
    sys.exit(code)


@click.command()
@target_options
@click.option(
    "--probe",
    is_flag=True,
    help="Test on the account what Help Scout's documentation leaves open: up to 200 requests.",
)
def doctor(target: Target, probe: bool) -> None:
    """Looks for what would keep a load from being complete; exit code 3 when there is a problem."""
    if probe:
        _probe(target)
        return
    with handle_errors():
        from ..jobs.diagnostics import examine, exit_code
        from ..jobs.load_loop import configured_run
        from .render.doctor import print_findings

        target.check()
        run = configured_run(**target.options)
        try:
            findings = list(examine(run, target.place))
        finally:
            run.close()
        print_findings(console(), findings)
        code = exit_code(findings)
    sys.exit(code)


def _probe(target: Target) -> None:
    """Tests the assumptions on the account, prints what came of each and keeps it."""
    with handle_errors():
        from ..jobs.load_loop import configured_run
        from ..probes.account_facts import store_facts
        from ..probes.assumptions import probe_account
        from ..quality.probe_checks import checked_agreements
        from .render.probes import print_facts

        target.check()
        run = configured_run(**target.options)
        try:
            if target.place.exists():
                target.place.check_account(run.settings.account)
            facts = probe_account(run)
        finally:
            run.close()
        account, today = run.settings.account, run.now.astimezone(run.time.zone).date()
        with target.place.open() as pipeline:
            facts += checked_agreements(pipeline, account, today)
            store_facts(pipeline, facts, run.now, account)
        print_facts(console(), facts, run.client.sent)


@click.command()
@click.argument("report")
@click.argument("column")
@click.argument("date")
@target_options
@click.option("--grain", type=click.Choice(["day", "week", "month"]), help="[default: shortest]")
@click.option("--slice", "slice_", metavar="SLICE", help="As in the column slice. [default: all]")
@click.option(
    "--where",
    metavar="COLUMN=VALUE",
    multiple=True,
    help="Only the rows that have it, of tables with several a window; can be repeated.",
)
def explain(
    report: str,
    column: str,
    date: str,
    target: Target,
    grain: str | None,
    slice_: str | None,
    where: tuple[str, ...],
) -> None:
    """Tells where the value in COLUMN of REPORT, or of one of its tables, comes from, of the window
    around DATE."""
    with handle_errors():
        from sources.help_scout.planning.settings import parse_date

        from ..quality.value_lineage import Question, explain_value, owner_of
        from .render.explain import print_explanation

        day = parse_date("DATE", date)
        assert day is not None
        unclear = [text for text in where if "=" not in text]
        if unclear:
            raise UsageError(f"--where {unclear[0]}: write a column and its value, user_id=4")
        owner, table = owner_of(report)
        question = Question(
            report=owner,
            table=table,
            column=column,
            day=day,
            grain=grain,
            slice=slice_,
            where=dict(text.split("=", 1) for text in where),
        )
        with opened(target) as (run, pipeline):
            found = explain_value(pipeline, run, question)
        print_explanation(console(), found, run.client.base_url, run.time)
