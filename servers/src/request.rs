//! What is asked of the program that holds containers.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A container that is wanted. `containers hold` reads one as a line of JSON, answers a line
/// `{"Ok":null}` or `{"Err":"…"}`, and removes it when its input ends.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Request {
    /// Its name.
    pub name: String,
    /// The image, with its tag.
    pub image: String,
    /// Where it listens inside.
    pub port: u16,
    /// Where that is on 127.0.0.1: the same after a restart.
    pub host_port: u16,
    /// Variables of its environment.
    pub environment: BTreeMap<String, String>,
    /// The command, where it is not the image's.
    pub command: Vec<String>,
    /// Files that are laid into it before it starts: path to text.
    pub files: BTreeMap<String, String>,
    /// A directory that is on a volume, which goes with the container.
    pub volume: Option<String>,
    /// The process that the run is led by; leftovers are found by it, as the label `orders-test.run`.
    pub run: String,
}
