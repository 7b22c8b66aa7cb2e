//! The migrations are compiled into the program: cargo has to know when they change.

fn main() {
    println!("cargo::rerun-if-changed=../migrations/notify");
}
