//! Runs policies, durable timers and calls to participants.
