//! `docs/domain.md` and `README.md` show what the code does: their diagrams are drawn by asking the deciders and the
//! policies, and this fails where a page says something else. `UPDATE_GOLDEN=1` draws them anew;
//! the difference is then reviewed.

mod backorder;
mod drawing;
mod failures;
mod flow;
mod lives;
mod paid;
mod returned;
mod samples;
mod whole;

use std::{fs, path::PathBuf};

/// A page of the repository.
fn page(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path)
}

/// The page with `diagram` in place of what stands between the marks of `name`.
fn with(page: &str, name: &str, diagram: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = page
        .split_once(&begin)
        .unwrap_or_else(|| panic!("the page has no {begin}"));
    let (_, after) = rest
        .split_once(&end)
        .unwrap_or_else(|| panic!("the page has no {end}"));
    format!("{before}{begin}```mermaid\n{diagram}```\n{end}{after}")
}

/// Sees that the page at `path` has these diagrams, or writes them there.
fn shows(path: &str, diagrams: &[(&str, String)]) {
    let written = fs::read_to_string(page(path)).expect("the page can be read");
    let drawn = diagrams
        .iter()
        .fold(written.clone(), |page, (name, diagram)| {
            with(&page, name, diagram)
        });
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(page(path), &drawn).expect("the page can be written");
        return;
    }
    assert!(
        written == drawn,
        "{path} is not what the code does. If that is meant, run UPDATE_GOLDEN=1 \
         cargo test -p domain --test diagrams and review the difference."
    );
}

#[test]
fn the_pages_show_what_the_code_does() {
    let flow = flow::straight();
    shows("README.md", &[("flow", flow.clone())]);
    let diagrams = [
        ("order", lives::order().diagram()),
        ("reservation", lives::reservation().diagram()),
        ("backorder", backorder::life().diagram()),
        ("payment", paid::whole().diagram()),
        ("shipment", lives::shipment().diagram()),
        ("return", returned::life().diagram()),
        ("customer", lives::customer().diagram()),
        ("product", lives::product().diagram()),
        ("flow", flow),
    ];
    shows("docs/domain.md", &diagrams);
}
