//! How far a backup is.

/// Is told how far a backup, its verification or its restore is.
pub trait Watch: Send {
    /// Something begins of which there is so much to do.
    fn begin(&mut self, what: &'static str, total: u64);
    /// So much more of it is done.
    fn advance(&mut self, more: u64);
}

/// Is told nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn begin(&mut self, _: &'static str, _: u64) {}

    fn advance(&mut self, _: u64) {}
}
