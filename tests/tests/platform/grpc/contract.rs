//! The protocol's files only grow: what a client was built from goes on working.

use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorSet, field_descriptor_proto::Label};
use proto::v1::DESCRIPTORS;
use std::{collections::BTreeSet, path::Path};

/// What clients depend on, a line each: nothing of it may vanish or become another.
fn described() -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let ours = set.file.iter().filter(|file| file.package() == "orders.v1");
    let mut lines = BTreeSet::new();
    for file in ours {
        for service in &file.service {
            for method in &service.method {
                let stream = |is: bool| if is { "stream " } else { "" };
                lines.insert(format!(
                    "rpc {}.{}({}{}) returns ({}{})",
                    service.name(),
                    method.name(),
                    stream(method.client_streaming()),
                    method.input_type(),
                    stream(method.server_streaming()),
                    method.output_type(),
                ));
            }
        }
        for one in &file.enum_type {
            for value in &one.value {
                lines.insert(format!(
                    "enum {}.{} = {}",
                    one.name(),
                    value.name(),
                    value.number()
                ));
            }
        }
        for message in &file.message_type {
            fields(message, &mut lines);
        }
    }
    lines
}

fn fields(message: &DescriptorProto, lines: &mut BTreeSet<String>) {
    for field in &message.field {
        let kind = match field.type_name() {
            "" => format!("{:?}", field.r#type()).to_lowercase(),
            name => name.to_owned(),
        };
        let label = match field.label() {
            Label::Repeated => "repeated ",
            Label::Optional | Label::Required if field.proto3_optional() => "optional ",
            Label::Optional | Label::Required => "",
        };
        let one_of = match field.oneof_index {
            Some(index) if !field.proto3_optional() => {
                format!(" in {}", message.oneof_decl[index as usize].name())
            }
            _ => String::new(),
        };
        lines.insert(format!(
            "message {}.{} = {}: {label}{kind}{one_of}",
            message.name(),
            field.name(),
            field.number(),
        ));
    }
}

#[test]
fn the_protocol_has_all_that_it_had() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/proto.txt");
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let before: BTreeSet<String> = before.lines().map(str::to_owned).collect();
    let now = described();
    let gone: Vec<_> = before.difference(&now).collect();
    assert!(
        gone.is_empty(),
        "clients that use this would break: {gone:#?}"
    );
    let new: Vec<_> = now.difference(&before).collect();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let lines: Vec<_> = now.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, lines.concat()).unwrap();
        return;
    }
    assert!(new.is_empty(), "UPDATE_GOLDEN=1 takes these in: {new:#?}");
}
