//! Images: many documents of one collector as compressed columns with an index, in a file or in another store.
//!
//! They guarantee: what was written reads back equal; bytes that were changed are found before anything of them is
//! served; no input costs more memory than its stated bounds. They do not know JSON, series or catalogs.

mod column;
mod compare;
mod decimal;
mod format;
#[cfg(test)]
mod golden;
mod keep;
mod merge;
mod pieces;
mod reader;
mod table;
#[cfg(test)]
mod tests;
mod value;
mod writer;

pub use keep::keep;
pub use merge::merge;
pub use reader::{Columns, Image, ImageError, KindIndex, Layout, Source};
pub use table::{Piece, Row, Slice, Table, first_columns, occurrences};
pub use value::{Column, Value};
pub use writer::{Effort, WriteError, write};
