//! The migrations are compiled in: cargo has to know when they change.

fn main() {
    println!("cargo::rerun-if-changed=../migrations/read");
}
