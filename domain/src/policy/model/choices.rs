//! A tape of choices: what is random in a run of the model, so that a failing run can be made
//! shorter and be played again.

/// What is chosen, one after another. When the tape has ended, the first of what there is to
/// choose from is chosen, which is always what brings the run to its end.
pub(super) struct Choices {
    tape: std::vec::IntoIter<u16>,
}

impl Choices {
    pub(super) fn new(tape: Vec<u16>) -> Self {
        Self {
            tape: tape.into_iter(),
        }
    }

    pub(super) fn ended(&self) -> bool {
        self.tape.len() == 0
    }

    /// One of `0..count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let choice = self.tape.next().unwrap_or(0);
        usize::from(choice) % count
    }

    /// One of `options`.
    pub(super) fn of<T: Copy>(&mut self, options: &[T]) -> T {
        options[self.below(options.len())]
    }

    /// Yes, once in `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }
}
