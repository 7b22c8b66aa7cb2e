//! The protocol's files only grow: what a client was built from goes on working.

use prost::Message;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FileDescriptorSet, field_descriptor_proto::Label,
};
use proto::v1::DESCRIPTORS;
use std::{collections::BTreeSet, path::Path};

const PACKAGE: &str = "orders.v1";

/// What clients depend on, a line each: nothing of it may vanish or become another.
fn described(set: &FileDescriptorSet) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let ours = |name: &str| name.starts_with("orders/");
    for file in set.file.iter().filter(|file| ours(file.name())) {
        lines.insert(format!("file {}: package {}", file.name(), file.package()));
        // Names in the lines are those within the one package.
        let within = match file.package() {
            PACKAGE => String::new(),
            other => format!("{other}."),
        };
        for service in &file.service {
            for method in &service.method {
                let stream = |is: bool| if is { "stream " } else { "" };
                lines.insert(format!(
                    "rpc {within}{}.{}({}{}) returns ({}{})",
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
            values(&within, one, &mut lines);
        }
        for message in &file.message_type {
            fields(&within, message, &mut lines);
        }
    }
    lines
}

fn values(within: &str, one: &EnumDescriptorProto, lines: &mut BTreeSet<String>) {
    let name = format!("{within}{}", one.name());
    for value in &one.value {
        lines.insert(format!("enum {name}.{} = {}", value.name(), value.number()));
    }
    for range in &one.reserved_range {
        // That of an enum has its last number in it.
        let (first, last) = (range.start(), range.end());
        lines.extend((first..=last).map(|number| format!("reserved {name} = {number}")));
    }
    for reserved in &one.reserved_name {
        lines.insert(format!("reserved {name}.{reserved}"));
    }
}

fn fields(within: &str, message: &DescriptorProto, lines: &mut BTreeSet<String>) {
    let name = format!("{within}{}", message.name());
    lines.insert(format!("message {name}"));
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
        let field_name = field.name();
        lines.insert(format!(
            "message {name}.{field_name} = {}: {label}{kind}{one_of}",
            field.number(),
        ));
        lines.insert(format!("json {name}.{field_name}: {}", field.json_name()));
    }
    for range in &message.reserved_range {
        // A number each: a range may grow.
        let numbers = range.start()..range.end();
        lines.extend(numbers.map(|number| format!("reserved {name} = {number}")));
    }
    for reserved in &message.reserved_name {
        lines.insert(format!("reserved {name}.{reserved}"));
    }
    let inside = format!("{name}.");
    for nested in &message.nested_type {
        fields(&inside, nested, lines);
    }
    for one in &message.enum_type {
        values(&inside, one, lines);
    }
}

fn of_this_build() -> FileDescriptorSet {
    FileDescriptorSet::decode(DESCRIPTORS).unwrap()
}

#[test]
fn the_protocol_has_all_that_it_had() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/proto.txt");
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let before: BTreeSet<String> = before.lines().map(str::to_owned).collect();
    let now = described(&of_this_build());
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

/// A file as it may be one day, with all that there may be in one.
fn with_everything() -> FileDescriptorSet {
    let file = r#"
        syntax = "proto3";
        package orders.v1;
        message Outer {
            reserved 4 to 5, 9;
            reserved "old";
            string some_name = 1;
            Inner inner = 2;
            oneof what {
                int32 number = 3;
                string word = 6;
            }
            message Inner {
                enum Kind {
                    reserved 7;
                    reserved "GONE";
                    KIND_UNSPECIFIED = 0;
                }
                Kind kind = 1;
            }
        }
        message Empty {}
        service Service {
            rpc Call(Outer) returns (stream Empty);
        }
    "#;
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("orders")).unwrap();
    let path = directory.path().join("orders/all.proto");
    std::fs::write(&path, file).unwrap();
    let mut compiler = protox::Compiler::new([directory.path()]).unwrap();
    compiler.open_file("orders/all.proto").unwrap();
    let set = protox::prost::Message::encode_to_vec(&compiler.file_descriptor_set());
    FileDescriptorSet::decode(&*set).unwrap()
}

/// A change, and what is missing after it.
type Change = (fn(&mut FileDescriptorSet), &'static [&'static str]);

#[test]
fn every_change_that_breaks_clients_is_one_of_a_line() {
    fn outer(set: &mut FileDescriptorSet) -> &mut DescriptorProto {
        &mut set.file[0].message_type[0]
    }
    let before = described(&with_everything());
    let changes: &[Change] = &[
        (
            |set| set.file[0].package = Some("orders.v2".into()),
            &["file orders/all.proto: package orders.v1", "message Outer"],
        ),
        (
            |set| outer(set).field[0].json_name = Some("other".into()),
            &["json Outer.some_name: someName"],
        ),
        (
            |set| outer(set).reserved_range[0].end = Some(5),
            &["reserved Outer = 5"],
        ),
        (
            |set| outer(set).reserved_name.clear(),
            &["reserved Outer.old"],
        ),
        (
            |set| outer(set).nested_type[0].field.clear(),
            &[
                "json Outer.Inner.kind: kind",
                "message Outer.Inner.kind = 1: .orders.v1.Outer.Inner.Kind",
            ],
        ),
        (
            |set| {
                let kind = &mut outer(set).nested_type[0].enum_type[0];
                kind.value[0].name = Some("KIND_NONE".into());
                kind.reserved_range.clear();
                kind.reserved_name.clear();
            },
            &[
                "enum Outer.Inner.Kind.KIND_UNSPECIFIED = 0",
                "reserved Outer.Inner.Kind = 7",
                "reserved Outer.Inner.Kind.GONE",
            ],
        ),
        (
            |set| {
                set.file[0].message_type.pop();
            },
            &["message Empty"],
        ),
        (
            |set| outer(set).field[2].oneof_index = None,
            &["message Outer.number = 3: int32 in what"],
        ),
        (
            |set| set.file[0].service[0].method[0].server_streaming = None,
            &["rpc Service.Call(.orders.v1.Outer) returns (stream .orders.v1.Empty)"],
        ),
    ];
    for (change, wanted) in changes {
        let mut changed = with_everything();
        change(&mut changed);
        let now = described(&changed);
        let gone: BTreeSet<&str> = before.difference(&now).map(String::as_str).collect();
        for line in *wanted {
            assert!(gone.contains(line), "{line}: {gone:#?}");
        }
    }
    // What is only added is nothing of the kind.
    let mut grown = with_everything();
    let range = &mut outer(&mut grown).reserved_range[0];
    range.end = Some(7);
    let grown = described(&grown);
    assert!(before.is_subset(&grown), "{:?}", before.difference(&grown));
}
