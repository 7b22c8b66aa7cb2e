//! Folds events into read models: live, rebuild, fenced leadership.
