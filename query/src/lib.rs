//! The read API over REST.
