//! The platform under test. One binary, one harness; a module for each capability.

mod rules;
