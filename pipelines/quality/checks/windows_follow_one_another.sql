-- A window of a day, week or month is the same in all tables, and begins where none before it is
-- still going on.
-- kind: integrity
-- needs: report_windows
with windows as (
    select distinct account, grain, window_start, window_end, window_date
    from {windows_of_reports} as stored
)

select later.account, later.grain, later.window_date, later.window_start, later.window_end
from windows as later
where later.window_start >= later.window_end
    or exists (
        select 1 from windows as earlier
        where earlier.account = later.account and earlier.grain = later.grain
            and (
                (earlier.window_start < later.window_start
                    and earlier.window_end > later.window_start)
                or (earlier.window_start = later.window_start
                    and (earlier.window_end <> later.window_end
                        or earlier.window_date <> later.window_date))
                or (earlier.window_date = later.window_date
                    and earlier.window_start <> later.window_start)
            )
    )
