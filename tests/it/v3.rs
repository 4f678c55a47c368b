//! A collector of release 3, as it behaves in the field: a new connection for each request, no `User-Agent`, a token
//! before each push, and all that was not taken in one body, up to 50 MiB of plain JSON.
//!
//! `data/v3-push.json` is a push of such a collector, with one document of each of its types.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ingest::LARGE;
use crate::support::appliance::{Appliance, now};
use crate::support::client::Reply;
use crate::support::raw::Raw;

const MIB: usize = 1024 * 1024;
/// What one collector sends in a minute, and has kept when four of them were not taken.
const PER_MINUTE: usize = 2952;
const LARGEST: usize = 50 * MIB;
/// The body itself, its documents as they are stored, and what a commit of them takes; beside it, pages of the store
/// that are kept in any case.
const MOST_GROWTH: u64 = 256 * MIB as u64;

/// What the daemon answers to a request on a connection of its own.
fn ask(appliance: &Appliance, token: &str, headers: &str, body: &[u8]) -> (String, Value) {
    let mut raw = begin(appliance, token, headers, body.len());
    raw.say(body);
    answer(&mut raw)
}

/// A push of which the head was sent.
fn begin(appliance: &Appliance, token: &str, headers: &str, length: usize) -> Raw {
    let mut raw = Raw::connect(appliance.client.address());
    raw.say(format!(
        "POST /api/v1/metrics/push HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    ));
    raw
}

/// Head and body of an answer; the head is empty when the daemon closed without one.
fn answer(raw: &mut Raw) -> (String, Value) {
    let text = raw.rest();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    (head.to_owned(), serde_json::from_str(body).unwrap_or_default())
}

/// What it does before each push: an exchange with an empty body in chunks, which waits to be told to go on.
fn refresh(appliance: &Appliance, long: &str) -> String {
    let mut raw = Raw::connect(appliance.client.address());
    raw.say(format!(
        "POST /api/v1/collectors/refresh-token HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {long}\r\n\
         Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    ));
    let first = raw.status_line();
    if first == "HTTP/1.1 100 Continue" {
        assert_eq!(raw.status_line(), "");
        raw.say("0\r\n\r\n");
        assert_eq!(raw.status_line(), "HTTP/1.1 200 OK");
    } else {
        assert_eq!(first, "HTTP/1.1 200 OK");
    }
    answer(&mut raw).1["token"].as_str().unwrap().to_owned()
}

/// So many documents, four times a second each of its types, and no two alike. They grow with `rows`.
fn documents(count: usize, rows: usize) -> Vec<Value> {
    let sample: Value = serde_json::from_str(include_str!("data/v3-push.json")).unwrap();
    let types = sample["metrics"].as_array().unwrap();
    // whole seconds, of which the last is now
    let last = pganalytics::clock::Clock::System.now().as_millis() / 1000;
    let one = |number: usize| {
        let mut document = types[number % types.len()].clone();
        let before = i64::try_from((count - number) / (4 * types.len())).unwrap();
        let second = pganalytics::clock::Timestamp::from_millis((last - before) * 1000).to_string();
        document["timestamp"] = json!(second.replace(".000Z", "Z"));
        document["measurement"] = json!(number);
        for list in ["tables", "queries", "entries"] {
            if let Some(list) = document[list].as_array_mut().filter(|list| !list.is_empty()) {
                grow(list, rows, number);
            }
        }
        document
    };
    (0..count).map(one).collect()
}

/// Puts more rows into a list, each with its own name.
fn grow(list: &mut Vec<Value>, rows: usize, number: usize) {
    let first = list[0].clone();
    for row in list.len()..rows {
        let mut another = first.clone();
        for (member, value) in [("name", json!(format!("table_{row}"))), ("hash", json!(row))] {
            if !another[member].is_null() {
                another[member] = value;
            }
        }
        for member in ["live_tuples", "calls"] {
            if !another[member].is_null() {
                another[member] = json!(row * number);
            }
        }
        list.push(another);
    }
}

fn body(collector: &str, documents: &[Value]) -> Vec<u8> {
    let count = documents.len();
    json!({"collector_id": collector, "hostname": "db", "timestamp": now(), "version": "3.2",
        "metrics_count": count, "metrics": documents})
    .to_string()
    .into_bytes()
}

/// Every document of the collector reads back equal, and those of one type in the order in which they were sent.
fn assert_all_there(appliance: &Appliance, admin: &str, collector: &str, sent: &[Value]) {
    let mut by_type: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for document in sent {
        by_type.entry(document["type"].as_str().unwrap()).or_default().push(document);
    }
    for (kind, sent) in by_type {
        let found = appliance.documents(admin, collector, kind);
        assert_eq!(found.len(), sent.len(), "{kind}");
        let differs = found.iter().zip(&sent).find(|(found, sent)| found["document"] != ***sent);
        assert!(differs.is_none(), "{kind}: {differs:?}");
    }
}

#[test]
fn a_minute_of_a_v3_collector_is_kept_in_its_order_and_once_also_under_a_false_encoding() {
    let _alone = LARGE.blocking_lock();
    let (appliance, ada) = Appliance::with_admin();
    let (id, long) = appliance.collector(&ada, "db-1");
    let documents = documents(PER_MINUTE, 3);
    let body = body(&id, &documents);
    let token = refresh(&appliance, &long);
    let (head, reply) = ask(&appliance, &token, "", &body);
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head} {reply}");
    assert_eq!((&reply["metrics_inserted"], &reply["duplicates"]), (&json!(PER_MINUTE), &json!(0)));
    // what it sends after a 401: the same, not compressed, with a header that says otherwise
    let (head, reply) = ask(&appliance, &token, "Content-Encoding: gzip\r\n", &body);
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head} {reply}");
    assert_eq!((&reply["metrics_inserted"], &reply["duplicates"]), (&json!(0), &json!(PER_MINUTE)));
    assert_all_there(&appliance, &ada, &id, &documents);
}

#[test]
fn fifty_mebibytes_of_documents_are_taken_in_bounded_memory_while_others_are_served() {
    let _alone = LARGE.blocking_lock();
    let (appliance, ada) = Appliance::with_admin();
    let (id, long) = appliance.collector(&ada, "db-1");
    let (_, other) = appliance.collector(&ada, "db-2");
    let documents = documents(PER_MINUTE * 3 + PER_MINUTE / 2, 73);
    let body = body(&id, &documents);
    assert!((LARGEST * 9 / 10..LARGEST).contains(&body.len()), "{} MiB", body.len() / MIB);
    let token = refresh(&appliance, &long);
    assert_eq!(served(&appliance, &other, "first"), 200);
    let before = appliance.peak_memory_bytes();
    let (asked, mut slowest) = (Instant::now(), Duration::ZERO);
    let (head, reply) = thread::scope(|scope| {
        let push = scope.spawn(|| ask(&appliance, &token, "", &body));
        for number in 0.. {
            if push.is_finished() {
                break;
            }
            let began = Instant::now();
            assert_eq!(served(&appliance, &other, &format!("k{number}")), 200);
            slowest = slowest.max(began.elapsed());
        }
        push.join().unwrap()
    });
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head} {reply}");
    assert_eq!(reply["metrics_inserted"], documents.len());
    let grown = appliance.peak_memory_bytes() - before;
    println!(
        "{} documents in {} MiB: {:?}, memory grew by {} MiB, the slowest other push took {slowest:?}",
        documents.len(),
        body.len() / MIB,
        asked.elapsed(),
        grown / MIB as u64
    );
    assert!(grown < MOST_GROWTH, "memory grew by {} MiB", grown / MIB as u64);
    assert!(slowest < Duration::from_secs(20), "a push of somebody else took {slowest:?}");
    assert_all_there(&appliance, &ada, &id, &documents);
}

/// The status of somebody else's small push.
fn served(appliance: &Appliance, token: &str, key: &str) -> u16 {
    let reply: Reply = appliance.client.push(token, key, &[json!({"type": "probe", "timestamp": now()})]);
    reply.status
}

/// Several at once do not fit: some are told to come again, and when they have, all are there.
#[test]
fn many_large_bodies_at_once_are_told_to_come_again_and_then_taken() {
    const SENDERS: usize = 6;
    let _alone = LARGE.blocking_lock();
    let (appliance, ada) = Appliance::with_admin();
    let collectors: Vec<_> = (0..SENDERS).map(|n| appliance.collector(&ada, &format!("db-{n}"))).collect();
    let documents = large(LARGEST);
    let before = appliance.peak_memory_bytes();
    let all_sent = Barrier::new(SENDERS);
    let told_to_wait: usize = thread::scope(|scope| {
        let push = |(id, token): &(String, String)| {
            let (appliance, all_sent) = (&appliance, &all_sent);
            let (body, token) = (body(id, &documents), token.clone());
            scope.spawn(move || push_until_taken(appliance, &token, &body, all_sent))
        };
        let senders: Vec<_> = collectors.iter().map(push).collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).sum()
    });
    let grown = appliance.peak_memory_bytes() - before;
    println!(
        "{SENDERS} bodies of 50 MiB: {told_to_wait} times 503, memory grew by {} MiB",
        grown / MIB as u64
    );
    assert!(told_to_wait > 0, "all of them were held at once");
    // as many as fit, with what is made of them
    assert!(grown < 3 * MOST_GROWTH, "memory grew by {} MiB", grown / MIB as u64);
    for (id, _) in &collectors {
        assert_all_there(&appliance, &ada, id, &documents);
    }
}

/// Few documents with long texts: what is large here is the body.
fn large(bytes: usize) -> Vec<Value> {
    let message = "x".repeat(500_000);
    (0..bytes / 500_100)
        .map(|n| json!({"type": "pg_log", "timestamp": now(), "entries": [{"level": "LOG", "message": message, "n": n}]}))
        .collect()
}

/// How often it was told to come again before it was taken. None ends its first body before all have sent theirs.
fn push_until_taken(appliance: &Appliance, token: &str, body: &[u8], all_sent: &Barrier) -> usize {
    let (last, but_last) = body.split_last().unwrap();
    let mut first = begin(appliance, token, "", body.len());
    first.say(but_last);
    all_sent.wait();
    first.say([*last]);
    let (mut head, mut reply) = answer(&mut first);
    let deadline = Instant::now() + Duration::from_secs(180);
    for refused in 0.. {
        if head.starts_with("HTTP/1.1 200 OK") {
            return refused;
        }
        // refused before it was read, the answer may be lost with the connection
        let is_busy = head.starts_with("HTTP/1.1 503") && head.to_lowercase().contains("\r\nretry-after: ");
        assert!(is_busy || head.is_empty(), "{head} {reply}");
        assert!(Instant::now() < deadline, "not taken within three minutes");
        // a v3 collector comes again by its own beat, whatever it was told
        thread::park_timeout(Duration::from_millis(100));
        (head, reply) = ask(appliance, token, "", body);
    }
    unreachable!("the deadline comes first")
}
