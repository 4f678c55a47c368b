//! The objects of lists by how their text begins, so that rows that change places are found again.
//!
//! It guarantees nothing: what it finds is a guess, which whoever asks looks at as a whole.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

use super::scan::{end_of_string, skip_space};
use super::sender::Known;

/// For each list and beginning the object that came with it last.
#[derive(Default, Debug)]
pub(super) struct Beginnings {
    hasher: RandomState,
    known: HashMap<u64, Known>,
}

impl Beginnings {
    /// Notes the object of a list whose text stands at a place.
    pub(super) fn note(&mut self, list: impl Hash, text: &str, at: usize, object: Known) {
        if let Some(beginning) = beginning(text, at) {
            self.known.insert(self.hasher.hash_one((list, beginning)), object);
        }
    }

    /// The object of a list that began like the text at a place.
    pub(super) fn find(&self, list: impl Hash, text: &str, at: usize) -> Option<Known> {
        let beginning = beginning(text, at)?;
        self.known.get(&self.hasher.hash_one((list, beginning))).copied()
    }

    /// Forgets all when they are more than so many.
    pub(super) fn bound(&mut self, most: usize) {
        if self.known.len() > most {
            self.known.clear();
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.known.len() * size_of::<(u64, Known)>() * 2
    }
}

/// The text of an object up to its first value that is no string: its labels stand there, mostly.
fn beginning(text: &str, at: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut end = skip_space(bytes, at + 1);
    while bytes.get(end) == Some(&b'"') {
        let colon = skip_space(bytes, end_of_string(bytes, end + 1)?);
        end = skip_space(bytes, colon + 1);
        if bytes.get(end) != Some(&b'"') {
            break;
        }
        let comma = skip_space(bytes, end_of_string(bytes, end + 1)?);
        end = skip_space(bytes, comma + 1);
    }
    text.get(at..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_ends_at_the_first_value_that_is_no_string() {
        for (text, begins) in [
            (r#"{"a":"x","b":5,"c":"y"}"#, r#"{"a":"x","b":"#),
            (r#"{"a" : "\"}", "b": {}}"#, r#"{"a" : "\"}", "b": "#),
            (r#"{"a":null}"#, r#"{"a":"#),
            ("[1]", "["),
            ("7,8", "7"),
        ] {
            assert_eq!(beginning(text, 0), Some(begins), "{text}");
        }
        for broken in [r#"{"a"#, r#"{"a":"x"#] {
            assert_eq!(beginning(broken, 0), None, "{broken}");
        }
    }

    #[test]
    fn an_object_is_found_by_list_and_beginning() {
        let mut beginnings = Beginnings::default();
        beginnings.note(1, r#"{"a":"x","n":5}"#, 0, 7);
        assert_eq!(beginnings.find(1, r#"  {"a":"x","n":6}"#, 2), Some(7));
        assert_eq!(beginnings.find(2, r#"{"a":"x","n":6}"#, 0), None);
        assert_eq!(beginnings.find(1, r#"{"a":"y","n":6}"#, 0), None);
        beginnings.bound(0);
        assert_eq!(beginnings.find(1, r#"{"a":"x","n":5}"#, 0), None);
    }
}
