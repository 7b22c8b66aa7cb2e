//! E-mail to customers, over SMTP.

mod deliver;
mod recipient;
mod send;
mod template;

pub(crate) use deliver::Emails;
pub(crate) use send::{EmailSender, goes_in_the_open};
