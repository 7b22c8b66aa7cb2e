//! What a participant is called for, in the trace of the order.
//!
//! The ports know of no traces, so this comes with the running task. It is set only where the caller is
//! recorded: otherwise it costs nothing.

use traces::TraceContext;

tokio::task_local! {
    static CALLER: TraceContext;
}

/// Does `work`, and what participants are asked meanwhile follows from `caller`.
pub(crate) async fn called_by<F: Future>(caller: Option<TraceContext>, work: F) -> F::Output {
    match caller {
        Some(caller) => CALLER.scope(caller, work).await,
        None => work.await,
    }
}

/// What a call follows from, if that is recorded.
pub(super) fn caller() -> Option<TraceContext> {
    CALLER.try_with(|caller| *caller).ok()
}
