//! What commands lead to, given what happened.
