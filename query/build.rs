//! The migrations are compiled into the tests: cargo has to know when they change.

fn main() {
    println!("cargo::rerun-if-changed=../migrations/read");
}
