//! The report of what was not imported.

use super::online_retail::Refused;
use anyhow::Context;
use std::path::Path;

/// Writes a CSV with the columns `invoice,row,reason`: beside its place first, so that a report is
/// whole or not there.
pub(super) fn write(path: &Path, refused: &[Refused]) -> anyhow::Result<()> {
    let failed = || format!("the report {} cannot be written", path.display());
    let beside = path.with_extension("partial");
    let mut writer = csv::Writer::from_path(&beside).with_context(failed)?;
    writer.write_record(["invoice", "row", "reason"])?;
    for Refused {
        invoice,
        row,
        reason,
    } in refused
    {
        writer.write_record([invoice, &row.to_string(), reason])?;
    }
    writer.flush().with_context(failed)?;
    std::fs::rename(&beside, path).with_context(failed)
}
