//! What differs between two JSON documents, field by field.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A field that is not what it was.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldChange {
    /// Which: a JSON pointer into the order.
    #[schema(example = "/status")]
    pub path: String,
    /// What was there; absent if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there then; absent if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// What differs between two documents. Lists of as many objects are compared object by object, all other
/// lists as a whole: what was put in between would otherwise look as if all after it had changed.
pub(super) fn changes(before: Value, after: Value) -> Vec<FieldChange> {
    let mut changes = vec![];
    compare(String::new(), before, after, &mut changes);
    changes
}

fn compare(path: String, before: Value, after: Value, changes: &mut Vec<FieldChange>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => fields(&path, before, after, changes),
        (Value::Array(before), Value::Array(after)) if are_alike(&before, &after) => {
            for (index, (before, after)) in before.into_iter().zip(after).enumerate() {
                compare(format!("{path}/{index}"), before, after, changes);
            }
        }
        (before, after) if before == after => {}
        (before, after) => changes.push(FieldChange {
            path,
            before: Some(before),
            after: Some(after),
        }),
    }
}

fn fields(
    path: &str,
    before: Map<String, Value>,
    mut after: Map<String, Value>,
    changes: &mut Vec<FieldChange>,
) {
    for (name, before) in before {
        let path = pointer(path, &name);
        match after.remove(&name) {
            Some(after) => compare(path, before, after, changes),
            None => changes.push(FieldChange {
                path,
                before: Some(before),
                after: None,
            }),
        }
    }
    for (name, after) in after {
        changes.push(FieldChange {
            path: pointer(path, &name),
            before: None,
            after: Some(after),
        });
    }
}

/// Whether the lists have as many objects, and nothing else.
fn are_alike(before: &[Value], after: &[Value]) -> bool {
    before.len() == after.len() && before.iter().chain(after).all(Value::is_object)
}

/// The pointer to a field, as RFC 6901 writes it.
fn pointer(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(before: Value, after: Value) -> Value {
        serde_json::to_value(changes(before, after)).expect("it is JSON")
    }

    #[test]
    fn what_is_the_same_is_not_told() {
        let order = json!({"a": 1, "b": [{"c": null}], "d": {"e": [1, 2]}});
        assert_eq!(said(order.clone(), order), json!([]));
    }

    #[test]
    fn each_field_that_differs_is_named_by_a_pointer() {
        let before = json!({
            "same": 1, "status": "placed", "total": {"amount": 1, "currency": "EUR"},
            "lines": [{"shipped": 0, "sku": "A"}, {"shipped": 0, "sku": "B"}], "gone": null,
        });
        let after = json!({
            "same": 1, "status": "confirmed", "total": {"amount": 2, "currency": "EUR"},
            "lines": [{"shipped": 0, "sku": "A"}, {"shipped": 3, "sku": "B"}], "new/~": null,
        });
        assert_eq!(
            said(before, after),
            json!([
                {"path": "/gone", "before": null},
                {"path": "/lines/1/shipped", "before": 0, "after": 3},
                {"path": "/status", "before": "placed", "after": "confirmed"},
                {"path": "/total/amount", "before": 1, "after": 2},
                {"path": "/new~1~0", "after": null},
            ])
        );
    }

    #[test]
    fn lists_that_are_not_alike_are_told_as_a_whole() {
        for (before, after) in [
            (json!([]), json!([{"hold": "a"}])),
            (
                json!([{"hold": "a"}]),
                json!([{"hold": "b"}, {"hold": "a"}]),
            ),
            (json!(["a"]), json!(["b"])),
            (json!(null), json!([1])),
        ] {
            let expected = json!([{"path": "/x", "before": before, "after": after}]);
            assert_eq!(said(json!({"x": before}), json!({"x": after})), expected);
        }
    }
}
