//! Keys in a real database.

mod postgres;
