//! What needs a server, connections that break, or other processes: not applicable to memory.

mod answers_lost;
mod archive;
mod archive_guards;
mod checks;
mod children;
mod half_open;
mod lanes;
mod like_memory;
mod processes;
mod slow_transaction;
mod standby;
mod stopped_server;
