//! What every event store keeps to: one list of cases, run for each adapter.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod archiving;
mod build;
mod cases;
mod follow;
#[cfg(feature = "kurrentdb")]
mod kurrent;
mod like_memory;
mod postgres;
mod report;
mod world;

use world::World;

/// Makes a test of every case for every adapter.
macro_rules! contract {
    ($($area:ident: $($case:ident),+;)+) => {
        mod memory {$(
            mod $area {$(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let case = crate::report::Case::begin("memory", stringify!($area), stringify!($case));
                    crate::cases::$area::$case(crate::World::memory()).await;
                    case.passed();
                }
            )+}
        )+}

        mod over_postgres {$(
            mod $area {$(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let case = crate::report::Case::begin("postgres", stringify!($area), stringify!($case));
                    crate::cases::$area::$case(crate::World::postgres().await).await;
                    case.passed();
                }
            )+}
        )+}

        mod over_postgres_archived {$(
            mod $area {$(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let case =
                        crate::report::Case::begin("postgres_archived", stringify!($area), stringify!($case));
                    crate::cases::$area::$case(crate::World::postgres_archived().await).await;
                    case.passed();
                }
            )+}
        )+}

        #[cfg(feature = "kurrentdb")]
        mod over_kurrentdb {$(
            mod $area {$(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let case =
                        crate::report::Case::begin("kurrentdb_fake", stringify!($area), stringify!($case));
                    crate::cases::$area::$case(crate::World::kurrentdb().await).await;
                    case.passed();
                }
            )+}
        )+}

        #[cfg(feature = "kurrentdb")]
        mod over_kurrentdb_server {$(
            mod $area {$(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let case =
                        crate::report::Case::begin("kurrentdb_server", stringify!($area), stringify!($case));
                    match crate::World::kurrentdb_server() {
                        Ok(world) => {
                            crate::cases::$area::$case(world).await;
                            case.passed();
                        }
                        Err(reason) => case.skipped(reason),
                    }
                }
            )+}
        )+}
    };
}

contract! {
    append:
        an_event_comes_back_as_it_was_appended,
        payloads_are_kept_byte_for_byte,
        versions_are_contiguous_from_one,
        an_expectation_that_is_too_low_conflicts,
        an_expectation_that_is_too_high_conflicts,
        an_append_without_events_is_a_condition,
        several_streams_get_all_or_nothing,
        a_stream_may_only_be_required,
        ten_thousand_versions_in_one_stream,
        an_empty_batch_is_nothing,
        what_breaks_the_rules_is_refused_whole;
    batch:
        appends_build_on_each_other,
        what_builds_on_a_conflict_conflicts,
        what_builds_on_a_duplicate_conflicts,
        others_are_done_beside_a_conflict,
        what_is_not_done_holds_no_stream,
        a_command_twice_in_a_batch_is_done_once,
        a_whole_batch_again_is_all_duplicates;
    command:
        a_duplicate_returns_the_first_record,
        a_refusal_is_remembered,
        recorded_commands_are_found,
        old_commands_are_forgotten,
        one_command_raced_by_32_callers_has_one_effect;
    read:
        streams_are_read_in_the_order_asked,
        streams_are_paged,
        all_events_are_paged_in_order,
        a_page_is_bounded_by_its_bytes,
        a_page_of_history_is_bounded_by_its_bytes,
        a_bookmark_tells_one_history_from_another,
        nothing_is_read_of_what_is_not_there,
        the_head_moves_and_the_epoch_stays,
        an_append_hints_at_the_new_head;
    concurrency:
        a_reader_never_misses_what_many_write,
        conditions_hold_when_the_append_is_done;
    lease:
        one_holder_at_a_time,
        a_lease_that_ends_is_given_on_under_a_higher_epoch,
        a_lost_lease_cannot_be_renewed_or_released,
        of_many_who_ask_one_gets_it;
}

// Cases that need a server, connections that break or other processes do not apply to memory. They
// are in `postgres`.
