//! Taking one object apart: into its piece, the values of its slots, and a pattern that knows the next one again.
//!
//! The names and labels of its series come from where it stands: its type, the keys on the way to it, the labels
//! of the objects around it.

use std::borrow::Cow;
use std::sync::Arc;

use super::labels::Rule;
use super::pack;
use super::piece::{Builder, Hole, Piece};
use super::scan::{Kind, unescaped};
use super::stamp::Form;
use super::tree::Tree;

/// Where an object or element stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Context {
    pub(super) rule: Rule,
    pub(super) path: String,
    /// The key of its array; the document itself has none.
    pub(super) own: String,
    /// The labels of the objects around it, the outermost first.
    pub(super) labels: Vec<(String, String)>,
    /// Objects and arrays that are open around it.
    pub(super) depth: usize,
}

/// What a sender writes between two literal parts of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Token {
    Number,
    /// A string that is no label whatever it says.
    Text,
    /// A string that is no label as long as it is long, empty or a moment.
    LongText,
    /// `true`, `false` or `null`.
    Word,
    /// The time of the document, in a form that need not be kept.
    Stamp(Form),
    /// The same in any other form.
    Time,
    List,
    End,
}

/// The text of a sender's objects: literal bytes, and a token behind each part of them.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Pattern {
    pub(super) text: Vec<u8>,
    pub(super) parts: Vec<(u32, Token)>,
}

/// An object that was taken apart.
pub(super) struct Draft {
    pub(super) piece: Piece,
    pub(super) pattern: Pattern,
    pub(super) values: Vec<u8>,
    /// Its lists: which value of the tree, what stands around the elements, and the bytes of values before it.
    pub(super) lists: Vec<(usize, Arc<Context>, usize)>,
    pub(super) numbers: usize,
    /// Only its place in its list tells it from its neighbours.
    pub(super) is_placed: bool,
}

/// The document itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Root {
    /// The member that is its time.
    pub(super) timestamp: Option<usize>,
}

/// Takes the document apart that is the root of the tree.
pub(super) fn document(tree: &Tree<'_>, context: &Context, root: Root) -> Draft {
    let mut work = Work::new(tree, context, tree.span(Tree::ROOT).start);
    work.root = Some(root);
    work.members(Tree::ROOT, &context.path, "", None);
    work.finish()
}

/// Takes an element of a list apart.
pub(super) fn element(tree: &Tree<'_>, node: usize, context: &Context, place: usize) -> Draft {
    let mut work = Work::new(tree, context, tree.span(node).start);
    let Context { path, own, .. } = context;
    if tree.node(node).kind == Kind::Object {
        work.members(node, path, own, Some(place));
    } else {
        work.is_placed = true;
        work.labelled(path, own, "index", &place.to_string(), node);
    }
    work.finish()
}

struct Work<'a, 't> {
    tree: &'t Tree<'a>,
    context: &'t Context,
    root: Option<Root>,
    labels: Vec<(String, String)>,
    piece: Builder,
    pattern: Pattern,
    /// Up to here the text is in the pattern.
    done: usize,
    /// Up to here it belongs to the object.
    end: usize,
    values: Vec<u8>,
    lists: Vec<(usize, Arc<Context>, usize)>,
    numbers: usize,
    is_placed: bool,
}

type Keys<'k> = Vec<(u32, Cow<'k, str>)>;

impl<'a, 't> Work<'a, 't> {
    fn new(tree: &'t Tree<'a>, context: &'t Context, start: usize) -> Self {
        Self {
            tree,
            context,
            root: None,
            labels: context.labels.clone(),
            piece: Builder::default(),
            pattern: Pattern { text: Vec::new(), parts: Vec::new() },
            done: start,
            end: start,
            values: Vec::new(),
            lists: Vec::new(),
            numbers: 0,
            is_placed: false,
        }
    }

    fn finish(mut self) -> Draft {
        let end = self.end;
        self.token(Token::End, end..end);
        let Self { piece, pattern, values, lists, numbers, is_placed, .. } = self;
        Draft { piece: piece.finish(), pattern, values, lists, numbers, is_placed }
    }

    /// The members of an object that is known by its place where it has no label of its own.
    fn members(&mut self, node: usize, path: &str, own: &str, place: Option<usize>) {
        let tree = self.tree;
        let members: Vec<_> =
            tree.parts(node).map(|part| (unescaped(tree.key(part)), tree.raw(part))).collect();
        let labels = self.context.rule.labels(&members, own.is_empty());
        let is_open = self.context.rule.is_open(&members, own.is_empty());
        let outside = self.labels.len();
        if let Some(place) = place.filter(|_| labels.is_empty()) {
            self.is_placed = true;
            self.add_label(own, "index", &place.to_string());
        }
        for (name, value) in &labels {
            self.add_label(own, name, value);
        }
        let root = self.root.filter(|_| node == Tree::ROOT);
        let mut keys = Keys::new();
        self.piece.literal("{");
        for (at, (part, (key, raw))) in tree.parts(node).zip(&members).enumerate() {
            self.key(at, part);
            let is_fixed = (root.is_some() && key == "type") || labels.iter().any(|(label, _)| label == key);
            match tree.node(part).kind {
                Kind::Object if key == "databases" => self.keyed_by_database(part, &format!("{path}.{key}")),
                Kind::Object => self.members(part, &format!("{path}.{key}"), key, None),
                Kind::Array => self.array(part, &format!("{path}.{key}"), key),
                _ if is_fixed => self.piece.literal(raw),
                _ if root.is_some_and(|root| root.timestamp == Some(part)) => self.time(part),
                kind => {
                    if kind == Kind::Number {
                        keys.push((self.piece.slots, key.clone()));
                    }
                    self.slot(part, is_open);
                }
            }
        }
        self.piece.literal("}");
        self.end = tree.span(node).end;
        self.piece.group(path, &self.labels, &keys);
        self.labels.truncate(outside);
    }

    fn key(&mut self, at: usize, part: usize) {
        self.piece.literal(if at == 0 { "\"" } else { ",\"" });
        self.piece.literal(self.tree.key(part));
        self.piece.literal("\":");
    }

    fn keyed_by_database(&mut self, node: usize, path: &str) {
        let tree = self.tree;
        self.piece.literal("{");
        for (at, part) in tree.parts(node).enumerate() {
            self.key(at, part);
            self.labelled(path, "databases", "database", &unescaped(tree.key(part)), part);
        }
        self.piece.literal("}");
    }

    /// An array of scalars belongs to its object; any other is a list of pieces.
    fn array(&mut self, node: usize, path: &str, own: &str) {
        let tree = self.tree;
        let is_scalar = |part| !matches!(tree.node(part).kind, Kind::Object | Kind::Array);
        if tree.parts(node).next().is_some() && tree.parts(node).all(is_scalar) {
            self.piece.literal("[");
            for (place, part) in tree.parts(node).enumerate() {
                self.piece.literal(if place == 0 { "" } else { "," });
                self.labelled(path, own, "index", &place.to_string(), part);
            }
            self.piece.literal("]");
            return;
        }
        let context = Context {
            rule: self.context.rule,
            path: path.to_owned(),
            own: own.to_owned(),
            labels: self.labels.clone(),
            depth: tree.node(node).depth + 1,
        };
        self.lists.push((node, Arc::new(context), self.values.len()));
        self.piece.hole(Hole::List);
        self.token(Token::List, tree.span(node));
    }

    fn labelled(&mut self, path: &str, own: &str, name: &str, label: &str, node: usize) {
        let outside = self.labels.len();
        self.add_label(own, name, label);
        match self.tree.node(node).kind {
            Kind::Object => self.members(node, path, own, None),
            Kind::Array => self.array(node, path, own),
            Kind::Number => {
                self.piece.group(path, &self.labels, &[(self.piece.slots, Cow::Borrowed(""))]);
                self.slot(node, false);
            }
            Kind::String | Kind::Word => self.slot(node, false),
        }
        self.labels.truncate(outside);
    }

    /// A label that an outer object has with another value is told apart by the key of its own object.
    fn add_label(&mut self, own: &str, name: &str, value: &str) {
        let mut name = Cow::Borrowed(name);
        while let Some((_, outer)) = self.labels.iter().find(|(label, _)| *label == name) {
            if outer == value {
                return;
            }
            name = Cow::Owned(format!("{own}_{name}"));
        }
        self.labels.push((name.into_owned(), value.to_owned()));
    }

    /// A scalar that moves.
    fn slot(&mut self, node: usize, is_open: bool) {
        let raw = self.tree.raw(node).as_bytes();
        let token = match self.tree.node(node).kind {
            Kind::Number => {
                pack::put_number(&mut self.values, raw, 0);
                self.numbers += 1;
                Token::Number
            }
            Kind::String => {
                pack::put_text(&mut self.values, raw.get(1..raw.len() - 1).unwrap_or_default());
                if is_open { Token::LongText } else { Token::Text }
            }
            _ => {
                pack::put_word(&mut self.values, raw.first().copied().unwrap_or_default());
                Token::Word
            }
        };
        self.piece.hole(Hole::Slot);
        self.token(token, self.tree.span(node));
    }

    /// The time of the document, which its row has as well.
    fn time(&mut self, node: usize) {
        let raw = self.tree.raw(node);
        let inner = raw.get(1..raw.len() - 1).unwrap_or_default();
        if let Some(form) = Form::of(inner) {
            self.piece.hole(Hole::Stamp(form));
            self.token(Token::Stamp(form), self.tree.span(node));
        } else {
            pack::put_text(&mut self.values, inner.as_bytes());
            self.piece.hole(Hole::Slot);
            self.token(Token::Time, self.tree.span(node));
        }
    }

    /// Ends a literal part of the pattern before the value that stands there.
    fn token(&mut self, token: Token, span: std::ops::Range<usize>) {
        let literal = self.tree.bytes(self.done..span.start);
        self.pattern.text.extend(literal);
        // no text is so long that it does not fit
        self.pattern.parts.push((u32::try_from(literal.len()).unwrap_or(u32::MAX), token));
        self.done = span.end;
        self.end = span.end;
    }
}
