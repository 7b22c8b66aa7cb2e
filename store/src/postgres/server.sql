-- The session keeps its synchronous_commit, whatever the server's is set to while it lives.
SELECT
    pg_is_in_recovery(),
    current_setting('fsync'),
    current_setting('full_page_writes'),
    set_config('synchronous_commit', current_setting('synchronous_commit'), false)
