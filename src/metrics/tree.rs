//! A JSON text taken apart once: its values in the order of the text, each knowing where it and its parts end.
//!
//! It guarantees: what it takes is valid JSON; each byte is looked at once; memory is bounded by the number of
//! values. It does not know what the members mean.

use super::scan::{Kind, end_of_string, skip_space};
use crate::limits;

/// A value of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Where its key stands between its quotes, in a member of an object.
    key: (u32, u32),
    start: u32,
    end: u32,
    /// The first value behind it and its parts.
    next: u32,
    /// Objects and arrays that are open around it.
    pub(super) depth: usize,
}

/// Why a text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is not valid JSON.
    Json,
    TooDeep,
    TooLarge,
}

#[derive(Debug)]
pub(super) struct Tree<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

impl<'a> Tree<'a> {
    /// Takes the value apart that begins at `start`, where `depth` objects and arrays are open around it.
    pub(super) fn parse(text: &'a str, start: usize, depth: usize) -> Result<Self, Wrong> {
        let mut tree = Self { text, nodes: Vec::new() };
        tree.value((0, 0), start, depth)?;
        Ok(tree)
    }

    pub(super) const ROOT: usize = 0;

    pub(super) fn node(&self, place: usize) -> Node {
        self.nodes[place]
    }

    /// Where the value stands in the text.
    pub(super) fn span(&self, place: usize) -> std::ops::Range<usize> {
        self.nodes[place].start as usize..self.nodes[place].end as usize
    }

    /// The value as it stands in the text.
    pub(super) fn raw(&self, place: usize) -> &'a str {
        self.text.get(self.span(place)).unwrap_or_default()
    }

    pub(super) fn bytes(&self, range: std::ops::Range<usize>) -> &'a [u8] {
        self.text.as_bytes().get(range).unwrap_or_default()
    }

    /// The key of a member as it stands between its quotes.
    pub(super) fn key(&self, place: usize) -> &'a str {
        let (start, end) = self.nodes[place].key;
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The members or elements of a value.
    pub(super) fn parts(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.nodes[place].next as usize;
        let mut at = place + 1;
        std::iter::from_fn(move || {
            let part = (at < end).then_some(at)?;
            at = self.nodes[part].next as usize;
            Some(part)
        })
    }

    fn value(&mut self, key: (u32, u32), start: usize, depth: usize) -> Result<usize, Wrong> {
        let place = self.nodes.len();
        if place == limits::DOCUMENT_VALUES {
            return Err(Wrong::TooLarge);
        }
        let bytes = self.text.as_bytes();
        let kind = Kind::of(*bytes.get(start).ok_or(Wrong::Json)?).ok_or(Wrong::Json)?;
        self.nodes.push(Node { kind, key, start: place_of(start)?, end: 0, next: 0, depth });
        let end = match kind {
            Kind::String => end_of_string(bytes, start + 1).ok_or(Wrong::Json)?,
            Kind::Number => super::scan::end_of_number(bytes, start).ok_or(Wrong::Json)?,
            Kind::Word => super::scan::end_of_word(bytes, start).ok_or(Wrong::Json)?,
            Kind::Object | Kind::Array if depth == limits::DOCUMENT_DEPTH => return Err(Wrong::TooDeep),
            Kind::Object => self.parts_until(b'}', start, depth)?,
            Kind::Array => self.parts_until(b']', start, depth)?,
        };
        self.nodes[place].end = place_of(end)?;
        self.nodes[place].next = place_of(self.nodes.len())?;
        Ok(end)
    }

    fn parts_until(&mut self, close: u8, start: usize, depth: usize) -> Result<usize, Wrong> {
        let bytes = self.text.as_bytes();
        let mut at = skip_space(bytes, start + 1);
        if bytes.get(at) == Some(&close) {
            return Ok(at + 1);
        }
        loop {
            let mut key = (0, 0);
            if close == b'}' {
                if bytes.get(at) != Some(&b'"') {
                    return Err(Wrong::Json);
                }
                let end = end_of_string(bytes, at + 1).ok_or(Wrong::Json)?;
                key = (place_of(at + 1)?, place_of(end - 1)?);
                at = skip_space(bytes, end);
                if bytes.get(at) != Some(&b':') {
                    return Err(Wrong::Json);
                }
                at = skip_space(bytes, at + 1);
            }
            at = skip_space(bytes, self.value(key, at, depth + 1)?);
            match bytes.get(at) {
                Some(b',') => at = skip_space(bytes, at + 1),
                Some(byte) if *byte == close => return Ok(at + 1),
                _ => return Err(Wrong::Json),
            }
        }
    }
}

fn place_of(at: usize) -> Result<u32, Wrong> {
    u32::try_from(at).map_err(|_| Wrong::TooLarge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn members_and_elements_are_found_whatever_stands_in_strings() {
        let text = r#"{ "a" : [1, -2.50e3 ,{"b":"}]\"\\"}] , "c\u0064":"x\ny","e":null,"f":{} }"#;
        let tree = Tree::parse(text, 0, 0).unwrap();
        let members: Vec<_> = tree.parts(Tree::ROOT).collect();
        let keys: Vec<_> = members.iter().map(|member| tree.key(*member)).collect();
        assert_eq!(keys, ["a", "c\\u0064", "e", "f"]);
        let elements: Vec<_> = tree.parts(members[0]).map(|element| tree.raw(element)).collect();
        assert_eq!(elements, ["1", "-2.50e3", r#"{"b":"}]\"\\"}"#]);
        assert_eq!(tree.parts(members[3]).count(), 0);
        assert_eq!(tree.span(Tree::ROOT), 0..text.len());
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Tree::parse(&nested(limits::DOCUMENT_DEPTH), 0, 0).is_ok());
        assert_eq!(Tree::parse(&nested(limits::DOCUMENT_DEPTH + 1), 0, 0).err(), Some(Wrong::TooDeep));
        assert_eq!(Tree::parse(&nested(limits::DOCUMENT_DEPTH), 0, 1).err(), Some(Wrong::TooDeep));
    }

    proptest! {
        #[test]
        fn it_takes_what_serde_takes(text in ".{0,40}", json in r#"[{}\[\]",:\\0-9a.eu\u{1} trlsfn-]{0,12}"#) {
            for text in [text, json.clone(), format!("[{json}]"), format!("\"{json}\""), format!("{{\"a\":{json}}}")] {
                let whole = |tree: &Tree<'_>| tree.span(Tree::ROOT).end == text.len();
                let taken = Tree::parse(&text, 0, 0).is_ok_and(|tree| whole(&tree));
                let serde = serde_json::from_str::<&serde_json::value::RawValue>(&text);
                // around a value space is nobody's
                let serde = serde.is_ok_and(|raw| raw.get() == text);
                prop_assert_eq!(taken, serde, "{}", text);
            }
        }
    }
}
