//! The operator, who does by hand what the sagas leave to people.

use super::{Platform, program};
use serde_json::Value;
use std::process::{Command, Output};

impl Platform {
    /// What the `saga` program answers.
    ///
    /// # Panics
    /// When it fails.
    pub fn saga(&self, words: &[&str]) -> String {
        let output = self.saga_output(words);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {errors}");
        String::from_utf8(output.stdout).expect("it is text")
    }

    fn saga_output(&self, words: &[&str]) -> Output {
        let mut saga = Command::new(program("saga"));
        let saga = saga.args(words).envs(self.environment());
        saga.output().expect("it starts")
    }

    /// What waits for an operator.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn parked(&self) -> Vec<Value> {
        let lines = self.saga(&["parked", "--json"]);
        let lines = lines.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("each line is JSON"))
            .collect()
    }

    /// Has the provider asked again about what waits for an operator; what it knows nothing of is
    /// recorded as never set aside.
    ///
    /// # Panics
    /// When a task has no id.
    pub fn attend(&self) {
        for task in self.parked() {
            let id = task["id"].as_str().expect("it has an id");
            let problem = task["problem"].as_str().unwrap_or_default();
            let unknown = problem.contains("nothing is known");
            let word = if unknown { "settle" } else { "retry" };
            // Whoever looks again finds what was called off, or done, in the meantime.
            self.saga_output(&[word, id]);
        }
    }
}
