//! What a collector sent last, so that its next documents are known again instead of being parsed.
//!
//! Successive documents of one sender differ in their values only. For each object that it sent, its text is kept
//! as a pattern: literal bytes that must come again, and values between them. In a list, the object behind an
//! object is guessed to be the one that stood there last time. Where a guess fails, that object alone is parsed.
//!
//! It guarantees: what is taken by a guess is what parsing would give. It does not know the store.

use std::collections::HashMap;
use std::sync::Arc;

use super::beginnings::Beginnings;
use super::document::Taken;
use super::draft::{self, Context, Draft, Pattern, Root, Token};
use super::labels;
use super::pack;
use super::piece::{Piece, Shape};
use super::scan::{end_of_string, end_of_word, skip_space};
use super::senders::Common;
use super::tree::{Tree, Wrong};
use crate::clock::Timestamp;
use crate::limits;

/// An object of a sender: its place among those that are remembered.
pub(super) type Known = u32;
const NONE: Known = Known::MAX;
/// In the order of the objects of a document: here a list ends.
const END: Known = Known::MAX;
/// The place of an object in its list, where that does not matter.
const ANY: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Template {
    pub(super) pattern: Pattern,
    pub(super) piece: Arc<Piece>,
}

#[derive(Debug)]
struct Object {
    template: Arc<Template>,
    place: u32,
    /// What came behind it last time.
    next: Known,
    lists: Box<[List]>,
}

#[derive(Debug)]
struct List {
    context: Arc<Context>,
    first: Known,
}

/// Where an object stands, and what it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    list: (Known, u32),
    place: u32,
    template: usize,
}

/// A document of a kind that was seen before.
#[derive(Debug)]
struct Kind {
    name: Arc<str>,
    root: Known,
    last: Option<Last>,
}

/// The last document of a kind: its objects, its shape, and the bytes of its values.
#[derive(Debug)]
struct Last {
    objects: Vec<Known>,
    shape: Arc<Shape>,
    bytes: usize,
}

/// What is remembered of one collector.
#[derive(Default, Debug)]
pub(super) struct Sender {
    objects: Vec<Object>,
    known: HashMap<Key, Known>,
    beginnings: Beginnings,
    kinds: Vec<Kind>,
    /// The kind of the last document, and for each kind the one behind it.
    last: Option<usize>,
    next: Vec<usize>,
}

impl Sender {
    /// Takes a document that looks like an earlier one and begins at `start`, and gives the place behind it.
    pub(super) fn recognize(&mut self, text: &str, start: usize, common: &Common) -> Option<(Taken, usize)> {
        let guess = self.last.and_then(|last| self.next.get(last).copied()).unwrap_or(0);
        let others = (0..self.kinds.len()).filter(|kind| *kind != guess);
        for kind in std::iter::once(guess).chain(others).take(limits::SENDER_KINDS) {
            let Some(root) = self.kinds.get(kind).map(|kind| kind.root) else { continue };
            if !self.begins(root, text.as_bytes().get(start..)?) {
                continue;
            }
            let mut reading = Reading::new(self, text, start, common);
            if let Some(end) = reading.object(root, start)
                && reading.numbers <= limits::DOCUMENT_NUMBERS
            {
                let Reading { order, values, time, .. } = reading;
                return Some((self.taken(kind, order, values, time), end));
            }
        }
        None
    }

    fn begins(&self, root: Known, text: &[u8]) -> bool {
        let pattern = &self.objects[root as usize].template.pattern;
        let first = pattern.parts.first().map_or(0, |(length, _)| *length as usize);
        pattern.text.get(..first).is_some_and(|literal| text.starts_with(literal))
    }

    /// Takes a document that was parsed, and remembers what it looks like.
    pub(super) fn learn(
        &mut self,
        text: &str,
        tree: &Tree<'_>,
        (name, context, root): (&str, &Context, Root),
        time: Option<Timestamp>,
        common: &Common,
    ) -> Result<Taken, Wrong> {
        if self.objects.len() > limits::SENDER_OBJECTS {
            *self = Self::default();
        }
        let draft = draft::document(tree, context, root);
        let mut reading = Reading::new(self, text, 0, common);
        let root = reading.keep((NONE, 0), 0, tree, draft)?;
        let Reading { order, values, .. } = reading;
        let kind = self.kinds.iter().position(|kind| kind.root == root).unwrap_or_else(|| {
            self.kinds.push(Kind { name: name.into(), root, last: None });
            self.next.push(0);
            self.kinds.len() - 1
        });
        Ok(self.taken(kind, order, values, time))
    }

    fn taken(&mut self, kind: usize, order: Vec<Known>, values: Vec<u8>, time: Option<Timestamp>) -> Taken {
        if let Some(last) = self.last.replace(kind) {
            self.next[last] = kind;
        }
        let Kind { name, last, .. } = &mut self.kinds[kind];
        let shape = match last {
            Some(last) if last.objects == order => {
                last.bytes = values.len();
                Arc::clone(&last.shape)
            }
            _ => {
                let piece = |known: &Known| {
                    let object = self.objects.get(*known as usize)?;
                    Some(Arc::clone(&object.template.piece))
                };
                let shape = Arc::new(Shape::new(order.iter().map(piece).collect()));
                *last = Some(Last { objects: order, shape: Arc::clone(&shape), bytes: values.len() });
                shape
            }
        };
        Taken { kind: Arc::clone(name), time, shape, values }
    }

    /// Bytes that it takes, without what it has in common with others.
    pub(super) fn bytes(&self) -> usize {
        let lists: usize = self.objects.iter().map(|object| object.lists.len()).sum();
        let orders: usize =
            self.kinds.iter().flat_map(|kind| &kind.last).map(|last| last.objects.len()).sum();
        self.objects.len() * (size_of::<Object>() + size_of::<(Key, Known)>() * 2)
            + self.beginnings.bytes()
            + lists * 300
            + orders * 24
    }
}

/// A document while it is read.
struct Reading<'s, 't> {
    sender: &'s mut Sender,
    common: &'s Common,
    text: &'t str,
    /// Where the document begins.
    start: usize,
    order: Vec<Known>,
    values: Vec<u8>,
    numbers: usize,
    time: Option<Timestamp>,
    /// Bytes that were read in vain. When they are more than those that were read, the document is parsed as a whole.
    wasted: usize,
    /// Bytes of the pieces that were parsed.
    pieces: usize,
}

impl<'s, 't> Reading<'s, 't> {
    fn new(sender: &'s mut Sender, text: &'t str, start: usize, common: &'s Common) -> Self {
        let last =
            sender.last.and_then(|last| sender.next.get(last)).and_then(|next| sender.kinds.get(*next));
        let last = last.and_then(|kind| kind.last.as_ref());
        let (objects, bytes) = last.map_or((0, 0), |last| (last.objects.len(), last.bytes));
        Self {
            sender,
            common,
            text,
            start,
            order: Vec::with_capacity(objects + 8),
            values: Vec::with_capacity(bytes + bytes / 8 + 32),
            numbers: 0,
            time: None,
            wasted: 0,
            pieces: 0,
        }
    }

    /// Reads an object that is known, and gives the place behind it; `None` where it is another one.
    fn object(&mut self, known: Known, mut at: usize) -> Option<usize> {
        let template = Arc::clone(&self.sender.objects[known as usize].template);
        self.order.push(known);
        let text = self.text.as_bytes();
        let (mut literals, mut list) = (template.pattern.text.as_slice(), 0);
        for (length, token) in &template.pattern.parts {
            let (literal, rest) = literals.split_at_checked(*length as usize)?;
            literals = rest;
            if text.get(at..at + literal.len()) != Some(literal) {
                return None;
            }
            at += literal.len();
            at = match token {
                Token::Number => {
                    self.numbers += 1;
                    pack::put_number(&mut self.values, text, at)?
                }
                Token::List => {
                    list += 1;
                    self.list((known, list - 1), at)?
                }
                Token::End => at,
                _ => self.other(*token, at)?,
            };
        }
        Some(at)
    }

    fn other(&mut self, token: Token, at: usize) -> Option<usize> {
        let text = self.text.as_bytes();
        if token == Token::Word {
            let end = end_of_word(text, at)?;
            pack::put_word(&mut self.values, text[at]);
            return Some(end);
        }
        if text.get(at) != Some(&b'"') {
            return None;
        }
        if let Token::Stamp(form) = token {
            let (time, end) = form.read(text, at + 1)?;
            self.time = Some(time);
            return (text.get(end) == Some(&b'"')).then_some(end + 1);
        }
        let end = end_of_string(text, at + 1)?;
        let inner = self.text.get(at + 1..end - 1)?;
        match token {
            Token::LongText if labels::is_label(inner) => return None,
            // what has become one of the usual forms is kept as such
            Token::Time if super::stamp::Form::of(inner).is_some() => return None,
            Token::Time => self.time = Some(super::scan::unescaped(inner).parse().ok()?),
            _ => {}
        }
        pack::put_text(&mut self.values, inner.as_bytes());
        Some(end)
    }

    /// Reads the elements of a list, from its opening bracket to its closing one.
    fn list(&mut self, list: (Known, u32), at: usize) -> Option<usize> {
        let text = self.text.as_bytes();
        if text.get(at) != Some(&b'[') {
            return None;
        }
        let mut at = skip_space(text, at + 1);
        if text.get(at) == Some(&b']') {
            self.order.push(END);
            return Some(at + 1);
        }
        let mut guess = self.sender.objects[list.0 as usize].lists[list.1 as usize].first;
        let mut before = NONE;
        let mut has_pieces = false;
        for place in 0.. {
            let begin = self.order.len();
            has_pieces |= matches!(text.get(at), Some(b'{' | b'['));
            at = self.element(list, guess, place, at)?;
            let element = self.order[begin];
            if element != guess {
                self.sender.follow(list, before, element);
            }
            guess = self.sender.objects[element as usize].next;
            before = element;
            at = skip_space(text, at);
            match text.get(at)? {
                b',' => at = skip_space(text, at + 1),
                b']' => break,
                _ => return None,
            }
        }
        self.order.push(END);
        // an array of scalars is no list: it belongs to its object
        has_pieces.then_some(at + 1)
    }

    fn element(&mut self, list: (Known, u32), guess: Known, place: u32, at: usize) -> Option<usize> {
        if let Some(end) = self.guessed(guess, place, at) {
            return Some(end);
        }
        // a row that changed its place is known by how it begins
        if let Some(known) = self.sender.beginnings.find(list, self.text, at)
            && known != guess
            && let Some(end) = self.guessed(known, place, at)
        {
            return Some(end);
        }
        let context = Arc::clone(&self.sender.objects[list.0 as usize].lists[list.1 as usize].context);
        let tree = Tree::parse(self.text, at, context.depth).ok()?;
        let end = tree.span(Tree::ROOT).end;
        self.wasted += end - at;
        if self.wasted > end - self.start || self.sender.objects.len() > limits::SENDER_OBJECTS {
            return None;
        }
        let draft = draft::element(&tree, Tree::ROOT, &context, place as usize);
        let element = self.keep(list, place, &tree, draft).ok()?;
        self.sender.beginnings.note(list, self.text, at, element);
        // texts that never come again are beginnings, too
        self.sender.beginnings.bound(2 * self.sender.objects.len() + limits::SENDER_KINDS);
        Some(end)
    }

    /// Reads an object as the one that it is guessed to be. Of a guess that fails nothing is left.
    fn guessed(&mut self, guess: Known, place: u32, at: usize) -> Option<usize> {
        let object = self.sender.objects.get(guess as usize)?;
        if object.place != ANY && object.place != place {
            return None;
        }
        let (order, values, numbers) = (self.order.len(), self.values.len(), self.numbers);
        let end = self.object(guess, at);
        if end.is_none() {
            self.order.truncate(order);
            self.values.truncate(values);
            self.numbers = numbers;
        }
        end
    }

    /// Remembers an object that was taken apart, and everything in it.
    fn keep(
        &mut self,
        list: (Known, u32),
        place: u32,
        tree: &Tree<'_>,
        draft: Draft,
    ) -> Result<Known, Wrong> {
        let Draft { piece, pattern, values, lists, numbers, is_placed } = draft;
        self.numbers += numbers;
        self.pieces += piece.bytes.len();
        if self.numbers > limits::DOCUMENT_NUMBERS || self.pieces > limits::SHAPE_BYTES {
            return Err(Wrong::TooLarge);
        }
        let template = self.common.template(pattern, piece);
        let place = if is_placed { place } else { ANY };
        let contexts = lists.iter().map(|(_, context, _)| Arc::clone(context));
        let known = self.sender.remember(list, place, template, contexts);
        self.order.push(known);
        let mut done = 0;
        for (number, (node, context, before)) in lists.into_iter().enumerate() {
            self.values.extend(&values[done..before]);
            done = before;
            let list = (known, u32::try_from(number).unwrap_or(NONE));
            let mut previous = NONE;
            for (place, part) in tree.parts(node).enumerate() {
                let draft = draft::element(tree, part, &context, place);
                let begin = tree.span(part).start;
                let element = self.keep(list, u32::try_from(place).unwrap_or(ANY), tree, draft)?;
                self.sender.beginnings.note(list, self.text, begin, element);
                self.sender.follow(list, previous, element);
                previous = element;
            }
            self.order.push(END);
        }
        self.values.extend(&values[done..]);
        Ok(known)
    }
}

impl Sender {
    fn remember(
        &mut self,
        list: (Known, u32),
        place: u32,
        template: Arc<Template>,
        contexts: impl Iterator<Item = Arc<Context>>,
    ) -> Known {
        let key = Key { list, place, template: Arc::as_ptr(&template).addr() };
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        // far fewer than fit, as their number is bounded
        let known = Known::try_from(self.objects.len()).unwrap_or(NONE);
        let lists = contexts.map(|context| List { context, first: NONE }).collect();
        self.objects.push(Object { template, place, next: NONE, lists });
        self.known.insert(key, known);
        known
    }

    /// Notes what stands behind an object, or first in its list.
    fn follow(&mut self, list: (Known, u32), before: Known, element: Known) {
        if let Some(object) = self.objects.get_mut(before as usize) {
            object.next = element;
        } else {
            self.objects[list.0 as usize].lists[list.1 as usize].first = element;
        }
    }
}
