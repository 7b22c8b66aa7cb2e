//! `docs/domain.md` shows what the code does: its diagrams are drawn by asking the deciders and the
//! policies, and this fails where the page says something else. `UPDATE_GOLDEN=1` draws them anew;
//! the difference is then reviewed.

mod backorder;
mod flow;
mod lives;
mod returned;
mod samples;

use std::{fs, path::PathBuf};

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/domain.md")
}

/// The page with `diagram` in place of what stands between the marks of `name`.
fn with(page: &str, name: &str, diagram: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = page
        .split_once(&begin)
        .unwrap_or_else(|| panic!("docs/domain.md has no {begin}"));
    let (_, after) = rest
        .split_once(&end)
        .unwrap_or_else(|| panic!("docs/domain.md has no {end}"));
    format!("{before}{begin}```mermaid\n{diagram}```\n{end}{after}")
}

#[test]
fn the_page_shows_what_the_code_does() {
    let written = fs::read_to_string(page()).unwrap();
    let mut drawn = written.clone();
    for (name, diagram) in [
        ("order", lives::order()),
        ("reservation", lives::reservation()),
        ("backorder", backorder::life()),
        ("payment", lives::payment()),
        ("shipment", lives::shipment()),
        ("return", returned::life()),
        ("customer", lives::customer()),
        ("product", lives::product()),
        ("flow", flow::straight()),
    ] {
        drawn = with(&drawn, name, &diagram);
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(page(), &drawn).unwrap();
        return;
    }
    assert!(
        written == drawn,
        "docs/domain.md is not what the code does. If that is meant, run UPDATE_GOLDEN=1 \
         cargo test -p domain --test diagrams and review the difference."
    );
}
