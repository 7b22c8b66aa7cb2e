//! The write API over REST.
