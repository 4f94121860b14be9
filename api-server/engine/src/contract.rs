//! What every journal must do, as tests that a backend takes over with [`journal_contract!`](crate::journal_contract).
//!
//! Nothing here asks for more than [`Journal`](crate::journal::Journal) says: where a prefix of a refused batch may be
//! there, the tests allow it.

#![expect(
    missing_docs,
    clippy::missing_panics_doc,
    reason = "a test's name says what it is about, and a test panics"
)]

pub mod accessing;
pub mod appending;
pub mod chain;
pub mod inspecting;
pub mod model;
pub mod racing;
pub mod reading;
pub mod remembering;
pub mod restoring;
pub mod signing;
pub mod snapshots;
pub mod storing;
pub mod sweeping;

/// Makes a test of every sentence of the contract.
///
/// `$fresh` names an async function without arguments. It makes an empty journal and returns an `Arc<dyn Journal>`
/// of it together with whatever must live as long as the test, such as a temporary directory:
///
/// ```ignore
/// async fn fresh() -> (Arc<dyn Journal>, TempDir) { … }
///
/// ssm_engine::journal_contract!(fresh);
/// ```
///
/// The crate that uses it needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! journal_contract {
    ($fresh:path) => {
        $crate::journal_contract! { $fresh;
            appending::appended_entries_are_read_back_byte_for_byte,
            appending::a_batch_is_there_whole_and_in_order,
            appending::appending_the_same_batch_again_is_a_conflict_and_changes_nothing,
            appending::a_taken_position_is_a_conflict_and_nothing_of_the_batch_is_there,
            appending::a_batch_that_begins_before_the_end_adds_nothing_behind_it,
            appending::a_gap_is_a_conflict_and_nothing_is_written,
            appending::an_entry_of_a_thousand_changes_is_read_back,
            reading::an_empty_journal_has_nothing_to_read,
            reading::entries_are_read_in_order_from_anywhere_up_to_the_limit,
            reading::a_search_finds_what_the_filter_lets_through_newest_first,
            reading::a_search_goes_on_page_by_page,
            reading::the_history_of_a_config_is_what_touched_it_newest_first,
            inspecting::it_is_shown_by_what_entries_are_found,
            inspecting::values_are_counted_and_named,
            signing::signatures_are_read_back_in_the_order_of_entries,
            signing::an_entry_may_be_signed_with_two_keys,
            signing::signatures_of_a_refused_batch_are_not_there,
            snapshots::a_snapshot_is_all_of_its_chunks_in_their_order,
            snapshots::a_chunk_that_is_stored_again_takes_the_place_of_the_first,
            snapshots::a_snapshot_that_was_not_finished_is_none,
            snapshots::only_the_snapshots_that_are_kept_stay,
            storing::values_that_entries_name_are_there,
            storing::a_value_may_be_stored_again,
            storing::thousands_of_values_are_found_at_once,
            storing::large_values_are_read_back,
            storing::records_that_entries_name_are_there_each_in_its_own_part,
            storing::destroyed_records_are_gone_and_nothing_else_is,
            sweeping::what_was_stored_for_entries_that_never_came_is_destroyed_and_nothing_else,
            sweeping::nothing_is_destroyed_by_somebody_who_knows_another_history,
            remembering::activity_is_there_by_kind_and_name,
            remembering::later_activity_takes_the_place_of_earlier,
            remembering::activity_that_has_expired_is_deleted_with_the_next_save,
            remembering::activity_is_found_by_kind_and_by_when_it_expires,
            restoring::the_mark_of_a_restore_stays_until_it_is_taken_away,
            accessing::access_records_are_read_back_by_chain_and_in_order,
            accessing::access_records_are_shown_with_all_that_lies_beside_them,
            accessing::access_records_may_be_appended_again_and_not_in_the_place_of_others,
            accessing::a_search_for_access_finds_what_the_filter_lets_through_newest_first,
            accessing::a_search_for_access_goes_on_page_by_page,
            accessing::old_access_goes_from_the_front_of_each_chain,
            racing::of_many_who_append_at_one_position_one_wins,
            racing::everything_that_many_appenders_write_is_there_once,
            racing::who_reads_during_writing_sees_a_prefix,
        }

        #[test]
        fn any_sequence_of_calls_answers_as_a_plain_list_would() {
            $crate::contract::model::any_sequence_of_calls_answers_as_a_plain_list_would($fresh);
        }
    };
    ($fresh:path; $($part:ident :: $name:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let (journal, _kept) = $fresh().await;
            $crate::contract::$part::$name(journal).await;
        }
    )*};
}
