//! A document is put together again as it was, whatever it is, and whether it was parsed or known again.

use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::metrics::Retention;
use crate::metrics::document::{self, Circumstances, Document, Refusal};
use crate::metrics::pack;
use crate::metrics::piece::{Layout, Shape};
use crate::metrics::scan::Kind;
use crate::metrics::sender::Sender;
use crate::metrics::senders::{Common, Senders};
use crate::metrics::text;
use crate::metrics::tree::Tree;
use crate::storage::bytes::Reader;

/// Any time will do.
fn circumstances() -> Circumstances<'static> {
    static FOREVER: Retention = Retention { all: Duration::MAX, of: std::collections::BTreeMap::new() };
    let newest = Timestamp::from_millis(i64::MAX);
    Circumstances { default_timestamp: START, received_at: START, retention: &FOREVER, newest }
}

/// A document of a push.
pub(super) fn checked(text: &str, sender: &mut Sender, common: &Common) -> Result<Document, Refusal> {
    document::take(text, sender, common).and_then(|taken| document::check(taken, &circumstances()))
}

fn take(senders: &Senders, text: &str) -> Document {
    let taken = senders.with(id(1), |sender, common| checked(text, sender, common));
    taken.unwrap_or_else(|refusal| panic!("{text}: {:?}", refusal.at(0)))
}

/// The pieces of a shape by numbers, as a dictionary would have them.
pub(super) fn numbered(shape: &Shape) -> (Vec<u32>, Vec<Arc<Layout>>) {
    let (mut layouts, mut known) = (Vec::new(), HashMap::new());
    let number = |piece: &Option<Arc<crate::metrics::piece::Piece>>| {
        let Some(piece) = piece else { return 0 };
        *known.entry(piece.hash).or_insert_with(|| {
            layouts.push(Arc::new(Layout::read(&piece.bytes).unwrap()));
            u32::try_from(layouts.len()).unwrap()
        })
    };
    (shape.pieces.iter().map(number).collect(), layouts)
}

fn written(document: &Document) -> String {
    let (shape, layouts) = numbered(&document.shape);
    let mut values = Reader(&document.values);
    let layout = |piece: u32| Ok::<_, ()>(Arc::clone(&layouts[piece as usize]));
    let next = |_, _, out: &mut Vec<u8>| text::write_next(&mut values, out);
    let text = text::write(&shape, document.timestamp, layout, next).unwrap().unwrap();
    assert!(values.is_empty());
    text
}

/// Everything that a text says, in its order: keys, strings as they are written, numbers by their worth.
fn meaning(text: &str) -> Vec<(usize, String, Vec<u8>)> {
    fn add(tree: &Tree<'_>, node: usize, depth: usize, out: &mut Vec<(usize, String, Vec<u8>)>) {
        let raw = tree.raw(node);
        let scalar = match tree.node(node).kind {
            Kind::Object => vec![b'{'],
            Kind::Array => vec![b'['],
            Kind::Number => {
                let mut packed = Vec::new();
                pack::put_number(&mut packed, raw.as_bytes(), 0);
                packed
            }
            Kind::String | Kind::Word => raw.into(),
        };
        out.push((depth, tree.key(node).to_owned(), scalar));
        for part in tree.parts(node) {
            add(tree, part, depth + 1, out);
        }
    }
    let mut out = Vec::new();
    add(&Tree::parse(text, 0, 0).unwrap(), Tree::ROOT, 0, &mut out);
    out
}

/// Takes texts one after the other: each reads back, and what was known again is what parsing gives.
fn check_all<'t>(texts: impl IntoIterator<Item = &'t str>) {
    let senders = Senders::default();
    for text in texts {
        for _ in 0..2 {
            let (known, parsed) = (take(&senders, text), take(&Senders::default(), text));
            assert_eq!(known.shape.hash, parsed.shape.hash, "{text}");
            assert_eq!((&known.kind, known.timestamp), (&parsed.kind, parsed.timestamp), "{text}");
            assert!(known.values == parsed.values && known.content == parsed.content, "{text}");
            assert_eq!(meaning(&written(&known)), meaning(text), "{text}");
        }
    }
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|word| word.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        (-100_i64..100).prop_map(|number| number.to_string()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,19})?([eE][+-]?[0-9]{1,3})?",
        "\"[a-z]{0,3}\"",
        Just("\"2026-01-01T00:00:00Z\"".to_owned()),
        Just(r#""\u00e9\n\ud800""#.to_owned()),
        "[ -~]{0,130}".prop_map(|text| Value::from(text).to_string()),
    ]
}

fn json(scalar: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    let key = prop_oneof![4 => "[a-c]", 1 => Just("databases".to_owned()), 1 => Just(String::new()),
        1 => Just("hash".to_owned()), 1 => Just("name".to_owned()), 1 => Just("timestamp".to_owned()),
        1 => Just("rows".to_owned())];
    scalar.prop_recursive(5, 40, 5, move |inner| {
        let space = prop_oneof![3 => Just(""), 1 => Just(" "), 1 => Just("\n\t")];
        let member = (key.clone(), space.clone(), inner.clone())
            .prop_map(|(key, space, value)| format!("{space}\"{key}\"{space}:{space}{value}{space}"));
        let element = (space.clone(), inner).prop_map(|(space, value)| format!("{space}{value}{space}"));
        prop_oneof![
            (space.clone(), prop::collection::vec(member, 0..5)).prop_map(|(space, members)| {
                if members.is_empty() { format!("{{{space}}}") } else { format!("{{{}}}", members.join(",")) }
            }),
            (space, prop::collection::vec(element, 0..6)).prop_map(|(space, elements)| {
                if elements.is_empty() { format!("[{space}]") } else { format!("[{}]", elements.join(",")) }
            }),
        ]
    })
}

fn document() -> impl Strategy<Value = String> {
    let kind = prop_oneof![Just("x"), Just("pg_stats"), Just("pg_query_stats")];
    let time = prop_oneof![
        Just(String::new()),
        Just(r#","timestamp":"2026-11-20T15:00:00.123Z""#.to_owned()),
        Just(r#", "timestamp": "2026-11-20T15:00:07Z""#.to_owned()),
        Just(r#","timestamp":"2026-11-20T15:00:00.123456+01:00""#.to_owned()),
        Just(r#","timestamp":null"#.to_owned()),
    ];
    (kind, time, json(scalar()), json(scalar())).prop_map(|(kind, time, first, second)| {
        format!(r#"{{"rows":{first} ,"type":"{kind}"{time},"b":{second}}}"#)
    })
}

/// The same text with other scalars here and there.
fn changed(text: &str, seed: u64) -> String {
    let mut state = seed | 1;
    let mut out = String::new();
    for letter in text.chars() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        out.push(match letter {
            '1'..='8' if state >> 62 == 0 => '9',
            'd'..='m' if state >> 61 == 0 => 'q',
            other => other,
        });
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_document_reads_back(texts in prop::collection::vec(document(), 1..4), seeds in prop::collection::vec(any::<u64>(), 6)) {
        let mut all = Vec::new();
        for (text, seed) in texts.iter().cycle().zip(seeds) {
            all.push(text.clone());
            let changed = changed(text, seed);
            // most changes leave a document
            if serde_json::from_str::<&RawValue>(&changed).is_ok() && changed.contains(r#""type":"#)
                && Senders::default().with(id(1), |sender, common| checked(&changed, sender, common)).is_ok()
            {
                all.push(changed);
            }
        }
        check_all(all.iter().map(String::as_str));
    }
}

#[test]
fn what_looks_alike_is_not_taken_for_the_same() {
    check_all([
        r#"{"type":"x","a":1,"s":"","rows":[{"name":"n","v":1},{"v":2},3,[4,{"v":5}],[]]}"#,
        r#"{"type":"x","a":1,"s":"short","rows":[{"name":"n","v":1}]}"#,
        r#"{"type":"x","a":null,"s":"2026-01-01","rows":[{"v":1},{"name":"n","v":2}]}"#,
        r#"{"type":"x","a":1.5,"s":"","rows":[]}"#,
        r#"{"type":"x","a":true,"s":"","rows":[[],[[]],{},{"v":{}}]}"#,
        r#"{"type":"x","a":1,"a":2,"s":"","s":"again","rows":[1,2]}"#,
        r#"{"type":"x","timestamp":"2026-11-20T15:00:00Z","timestamp":"2026-11-20T15:00:01Z"}"#,
        r#"{"type":"pg_query_stats","queries":[{"hash":-5,"calls":1},{"hash":"5","calls":1},{"hash":null}]}"#,
        r#"{"type":"pg_stats","tables":[{"name":"orders","name":7,"n":1}]}"#,
    ]);
}

/// The recordings that are no part of the product; where they are missing there is nothing to check.
#[test]
fn every_recorded_document_reads_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let Ok(pushes) = std::fs::File::open(folder.join("pushes.jsonl.zst")) else { return };
    let sample = std::fs::read_to_string(folder.join("v3-push-sample.json")).unwrap();
    let lines = std::io::BufReader::new(zstd::Decoder::new(pushes).unwrap()).lines();
    let pushes = lines.map(Result::unwrap).take(if cfg!(debug_assertions) { 60 } else { 720 });
    for push in pushes.chain([sample]) {
        let push: crate::wire::Push = serde_json::from_str(&push).unwrap();
        check_all(push.metrics.iter().map(|document| document.get()));
    }
}
