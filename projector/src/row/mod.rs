//! Rows: flat structs whose fields are the columns of a table.

mod column;

pub use column::{Column, Json, JsonText, Kind};

use std::{fmt::Debug, hash::Hash};

/// A column, as statements need to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// How it is used.
    pub role: Role,
}

/// How a column is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Part of the primary key.
    Key,
    /// Folded: loaded, and written with each change.
    State,
    /// Set when the row is made, and never looked at by the fold again: neither loaded nor written
    /// with later changes. For what is large.
    Once,
}

/// A row of a read model. Made by the macro `row!`.
pub trait Row: Clone + PartialEq + Debug + Send + Sync + 'static {
    /// The table in the schema `read`.
    const TABLE: &'static str;
    /// Its columns: those of the key, of the state, and those that are set once.
    const COLUMNS: &'static [ColumnSpec];
    /// What identifies a row.
    type Key: Key;

    /// The row's key.
    fn key(&self) -> Self::Key;

    /// Writes the value of column `index`; false if it is null.
    fn write(&self, index: usize, out: &mut Vec<u8>) -> bool;

    /// Makes a row of the values of the key's and the state's columns, as `next` gives them.
    fn read<'a, E>(
        next: &mut impl FnMut() -> Result<Option<&'a [u8]>, E>,
        wrong: impl Fn(&'static str, String) -> E,
    ) -> Result<Self, E>;

    /// Makes a row of the values of all its columns.
    fn read_whole<'a, E>(
        next: &mut impl FnMut() -> Result<Option<&'a [u8]>, E>,
        wrong: impl Fn(&'static str, String) -> E,
    ) -> Result<Self, E>;

    /// The row as it would be loaded: without what is set once.
    fn loaded(self) -> Self;

    /// The row after `change` was written over it: with its own values of what is set once.
    fn changed(&self, change: Self) -> Self;
}

/// What identifies a row.
pub trait Key: Clone + Eq + Ord + Hash + Debug + Send + Sync + 'static {
    /// Writes the value of the key's column `index`.
    fn write(&self, index: usize, out: &mut Vec<u8>) -> bool;
}

/// The columns of `R` that are of the role.
pub fn columns<R: Row>(role: Role) -> impl Iterator<Item = (usize, &'static ColumnSpec)> + Clone {
    let columns = R::COLUMNS.iter().enumerate();
    columns.filter(move |(_, column)| column.role == role)
}

/// The name of a field that may be a word of Rust.
pub(crate) const fn plain(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

/// Declares a row and its key: the table, and the columns by their role.
macro_rules! row {
    (
        $(#[$doc:meta])*
        $row:ident in $table:literal by $(#[$kdoc:meta])* $key:ident
        key { $($(#[$keydoc:meta])* $kname:ident: $ktype:ty),+ $(,)? }
        state { $($(#[$statedoc:meta])* $sname:ident: $stype:ty),+ $(,)? }
        once { $($(#[$oncedoc:meta])* $oname:ident: $otype:ty),* $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $row {
            $($(#[$keydoc])* pub $kname: $ktype,)+
            $($(#[$statedoc])* pub $sname: $stype,)+
            $($(#[$oncedoc])* pub $oname: $otype,)*
        }

        $(#[$kdoc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $key { $($(#[$keydoc])* pub $kname: $ktype,)+ }

        impl $crate::row::Key for $key {
            fn write(&self, index: usize, out: &mut Vec<u8>) -> bool {
                let mut at = 0;
                $(
                    if index == at { return $crate::row::Column::write(&self.$kname, out); }
                    at += 1;
                )+
                debug_assert!(index < at, "no such column");
                false
            }
        }

        impl $crate::row::Row for $row {
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [$crate::row::ColumnSpec] = &[
                $($crate::row::ColumnSpec {
                    name: $crate::row::plain(stringify!($kname)),
                    kind: <$ktype as $crate::row::Column>::KIND,
                    role: $crate::row::Role::Key,
                },)+
                $($crate::row::ColumnSpec {
                    name: $crate::row::plain(stringify!($sname)),
                    kind: <$stype as $crate::row::Column>::KIND,
                    role: $crate::row::Role::State,
                },)+
                $($crate::row::ColumnSpec {
                    name: $crate::row::plain(stringify!($oname)),
                    kind: <$otype as $crate::row::Column>::KIND,
                    role: $crate::row::Role::Once,
                },)*
            ];
            type Key = $key;

            fn key(&self) -> $key {
                $key { $($kname: self.$kname.clone(),)+ }
            }

            fn write(&self, index: usize, out: &mut Vec<u8>) -> bool {
                const WRITERS: &[fn(&$row, &mut Vec<u8>) -> bool] = &[
                    $(|row, out| $crate::row::Column::write(&row.$kname, out),)+
                    $(|row, out| $crate::row::Column::write(&row.$sname, out),)+
                    $(|row, out| $crate::row::Column::write(&row.$oname, out),)*
                ];
                WRITERS[index](self, out)
            }

            fn read_whole<'a, E>(
                next: &mut impl FnMut() -> Result<Option<&'a [u8]>, E>,
                wrong: impl Fn(&'static str, String) -> E,
            ) -> Result<Self, E> {
                let row = Self::read(next, &wrong)?;
                Ok(Self {
                    $($oname: <$otype as $crate::row::Column>::read(next()?)
                        .map_err(|detail| wrong(stringify!($oname), detail))?,)*
                    ..row
                })
            }

            fn read<'a, E>(
                next: &mut impl FnMut() -> Result<Option<&'a [u8]>, E>,
                wrong: impl Fn(&'static str, String) -> E,
            ) -> Result<Self, E> {
                Ok(Self {
                    $($kname: <$ktype as $crate::row::Column>::read(next()?)
                        .map_err(|detail| wrong(stringify!($kname), detail))?,)+
                    $($sname: <$stype as $crate::row::Column>::read(next()?)
                        .map_err(|detail| wrong(stringify!($sname), detail))?,)+
                    $($oname: Default::default(),)*
                })
            }

            fn loaded(mut self) -> Self {
                $(self.$oname = Default::default();)*
                let _ = &mut self;
                self
            }

            fn changed(&self, mut change: Self) -> Self {
                $(change.$oname.clone_from(&self.$oname);)*
                let _ = &mut change;
                change
            }
        }
    };
}
pub(crate) use row;
