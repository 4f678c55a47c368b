//! CSV that a spreadsheet opens safely: cells that begin like a formula are prefixed.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_util::stream;

use super::problem::Problem;

pub(super) struct Csv(String);

impl Csv {
    pub(super) fn new(header: &[&str]) -> Self {
        let mut csv = Self(String::new());
        csv.row(header);
        csv
    }

    pub(super) fn row(&mut self, cells: &[&str]) {
        for (number, cell) in cells.iter().enumerate() {
            if number > 0 {
                self.0.push(',');
            }
            self.cell(cell);
        }
        self.0.push_str("\r\n");
    }

    fn cell(&mut self, cell: &str) {
        let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let prefix = if is_formula { "'" } else { "" };
        if cell.contains([',', '"', '\n', '\r']) {
            self.0.push('"');
            self.0.push_str(prefix);
            self.0.push_str(&cell.replace('"', "\"\""));
            self.0.push('"');
        } else {
            self.0.push_str(prefix);
            self.0.push_str(cell);
        }
    }

    /// What was written since the last time: an export goes out piece by piece.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.0)
    }
}

/// The answer that a browser keeps as a file. `next` gives the next piece, and what comes behind it unless it is the last.
pub(super) fn attached<S: 'static, F>(file: &str, first: S, next: impl Fn(S) -> F + 'static) -> HttpResponse
where
    F: Future<Output = Result<(Bytes, Option<S>), Problem>> + 'static,
{
    let pieces = stream::try_unfold(Some(first), move |left| {
        let next = left.map(&next);
        async {
            match next {
                Some(next) => next.await.map(Some).map_err(actix_web::Error::from),
                None => Ok(None),
            }
        }
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")))
        .streaming(Box::pin(pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_begins_like_a_formula_is_prefixed() {
        let mut csv = Csv::new(&["a", "b"]);
        csv.row(&["=1+1", "plain"]);
        csv.row(&["-2, \"x\"", "@\n"]);
        assert_eq!(csv.0, "a,b\r\n'=1+1,plain\r\n\"'-2, \"\"x\"\"\",\"'@\n\"\r\n");
    }
}
