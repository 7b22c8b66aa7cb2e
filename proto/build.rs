//! Compiles the protocol's files. There is no need of `protoc`.

use protox::prost::Message;
use std::{env, error::Error, fs, path::PathBuf};

const FILES: [&str; 11] = [
    "orders/v1/types.proto",
    "orders/v1/commands.proto",
    "orders/v1/import.proto",
    "orders/v1/queries.proto",
    "orders/v1/feed.proto",
    "orders/v1/shipments.proto",
    "orders/v1/returns.proto",
    "orders/v1/customers.proto",
    "orders/v1/products.proto",
    "orders/v1/payments.proto",
    "orders/v1/notifications.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=orders");
    let mut compiler = protox::Compiler::new(["."])?;
    compiler
        .include_source_info(true)
        .include_imports(true)
        .open_files(FILES)?;
    let descriptors = compiler.file_descriptor_set();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // Reflection shows it; comments are not part of it.
    let mut shown = descriptors.clone();
    for file in &mut shown.file {
        file.source_code_info = None;
    }
    fs::write(out.join("orders.v1.bin"), shown.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
