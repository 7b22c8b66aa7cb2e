//! Work of destructors, which are not asynchronous.

use std::{thread, time::Duration};

/// Does it on a thread and a runtime of its own, and waits for it within a limit. What is not removed
/// stays behind, which is said.
#[expect(
    clippy::print_stderr,
    reason = "it is said to whoever watches the tests"
)]
pub(crate) fn aside(
    limit: Duration,
    what: &str,
    work: impl Future<Output = Result<(), String>> + Send + 'static,
) {
    let working = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        runtime.block_on(async {
            let done = tokio::time::timeout(limit, work).await;
            done.unwrap_or_else(|_| Err(format!("it takes longer than {limit:?}")))
        })
    });
    match working.join() {
        Ok(Ok(())) => {}
        Ok(Err(error)) => eprintln!("{what} of a test stay behind: {error}"),
        Err(_) => eprintln!("{what} of a test stay behind"),
    }
}
