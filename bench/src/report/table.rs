//! A table that reads well as plain text and is Markdown too.

use std::fmt;

/// A table: the first column is text, the others are right-aligned.
#[derive(Debug, Clone)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns and no rows.
    pub fn new(header: &[&str]) -> Self {
        Self {
            header: header.iter().map(|name| (*name).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; missing cells are empty.
    pub fn add(&mut self, row: impl IntoIterator<Item = String>) {
        let mut row: Vec<String> = row.into_iter().collect();
        row.resize(self.header.len(), String::new());
        self.rows.push(row);
    }

    /// Whether it has no rows.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn width(&self, column: usize) -> usize {
        let rows = self.rows.iter().map(|row| row[column].chars().count());
        rows.chain([self.header[column].chars().count(), 3])
            .max()
            .unwrap_or(3)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.header.len()).map(|at| self.width(at)).collect();
        let line = |f: &mut fmt::Formatter<'_>, row: &[String]| {
            for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
                match at {
                    0 => write!(f, "| {cell:<width$} |")?,
                    _ => write!(f, " {cell:>width$} |")?,
                }
            }
            writeln!(f)
        };
        line(f, &self.header)?;
        for (at, width) in widths.iter().enumerate() {
            match at {
                0 => write!(f, "| {:-<width$} |", "")?,
                _ => write!(f, " {:->1$} |", ":", width)?,
            }
        }
        writeln!(f)?;
        self.rows.iter().try_for_each(|row| line(f, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_markdown() {
        let mut table = Table::new(&["what", "n"]);
        table.add(["ä".to_owned(), "1000".to_owned()]);
        table.add(["b".to_owned()]);
        assert_eq!(
            table.to_string(),
            "| what |    n |\n| ---- | ---: |\n| ä    | 1000 |\n| b    |      |\n"
        );
    }
}
