//! Large and malicious bodies against the real daemon, whose memory is watched from outside.

use std::io::{self, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::ingest::LARGE;
use crate::support::appliance::{Appliance, now};
use crate::support::client::Client;
use crate::support::raw::Raw;

const MIB: u64 = 1024 * 1024;
const PUSH: &str = "/api/v1/metrics/push";

fn gzip(plain: &mut impl Read) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::copy(plain, &mut encoder).unwrap();
    encoder.finish().unwrap()
}

fn zstd(plain: &mut impl Read) -> Vec<u8> {
    zstd::encode_all(plain, 3).unwrap()
}

fn zeros(bytes: u64) -> impl Read {
    io::repeat(0).take(bytes)
}

fn push(client: &Client, token: &str, body: Vec<u8>) -> crate::support::client::Reply {
    let bearer = format!("Bearer {token}");
    client.send(Method::POST, PUSH, &[("authorization", &bearer), ("content-type", "application/json")], body)
}

#[test]
fn thirty_bombs_at_once_cost_little_memory_and_nobody_else_waits() {
    let _alone = LARGE.blocking_lock();
    let (appliance, ada) = Appliance::with_admin();
    let (_, evil) = appliance.collector(&ada, "evil");
    let (_, good) = appliance.collector(&ada, "good");
    let bombs = [
        gzip(&mut zeros(80 * MIB)),
        zstd(&mut zeros(512 * MIB)),
        zstd(&mut &zstd(&mut zeros(512 * MIB))[..]),
    ];
    let document = json!({"type": "probe", "timestamp": now()});
    assert_eq!(appliance.client.push(&good, "first", std::slice::from_ref(&document)).status, 200);
    let before = appliance.peak_memory_bytes();
    let slowest = thread::scope(|scope| {
        for number in 0..30 {
            let (client, bomb, evil) = (appliance.client.another(), bombs[number % 3].clone(), &evil);
            scope.spawn(move || {
                let reply = push(&client, evil, bomb);
                // a bomb in a bomb is a small body that is no JSON
                let expected = if number % 3 == 2 { 400 } else { 413 };
                assert_eq!(reply.problem().0, expected, "{}", reply.text);
            });
        }
        let served = (0..5).map(|number| {
            let asked = Instant::now();
            assert_eq!(
                appliance.client.push(&good, &format!("k{number}"), std::slice::from_ref(&document)).status,
                200
            );
            asked.elapsed()
        });
        served.max().unwrap()
    });
    let grown = appliance.peak_memory_bytes() - before;
    assert!(grown < 256 * MIB, "memory grew by {} MiB", grown / MIB);
    assert!(slowest < Duration::from_secs(20), "a push of somebody else took {slowest:?}");
}

#[test]
fn broken_compression_is_told_and_stores_nothing() {
    let (appliance, ada) = Appliance::with_admin();
    let (id, token) = appliance.collector(&ada, "db-1");
    let plain = json!({"metrics": [{"type": "probe", "timestamp": now()}]}).to_string().into_bytes();
    let gzip = gzip(&mut &plain[..]);
    // without its checksum a flipped bit is another text, and nobody can tell
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(&plain).unwrap();
    let zstd = encoder.finish().unwrap();
    for whole in [&gzip, &zstd] {
        let cut = whole[..whole.len() - 5].to_vec();
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x55;
        let magic = whole[..4].to_vec();
        for body in [cut, flipped, magic] {
            let reply = push(&appliance.client, &token, body);
            assert_eq!((reply.problem().0, reply.fields()), (400, vec!["body"]), "{}", reply.text);
        }
    }
    assert!(appliance.documents(&ada, &id, "probe").is_empty());
    assert_eq!(push(&appliance.client, &token, gzip).status, 200);
}

/// A v3 collector keeps what was not taken, up to 50 MiB, and sends all of it until it is.
#[test]
fn fifty_mebibytes_in_chunks_after_a_100_continue_are_taken() {
    let _alone = LARGE.blocking_lock();
    let (appliance, ada) = Appliance::with_admin();
    let (id, token) = appliance.collector(&ada, "db-1");
    let message = "x".repeat(100_000);
    let count = 520;
    let documents: Vec<Value> = (0..count)
        .map(|n| json!({"type": "pg_log", "timestamp": now(), "entries": [{"level": "LOG", "message": message, "n": n}]}))
        .collect();
    let body = json!({"metrics": documents}).to_string();
    assert!(body.len() as u64 > 49 * MIB && (body.len() as u64) < 51 * MIB, "{}", body.len());
    let mut raw = Raw::connect(appliance.client.address());
    raw.say(format!(
        "POST {PUSH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\
         Expect: 100-continue\r\nConnection: close\r\n\r\n"
    ));
    assert_eq!(raw.status_line(), "HTTP/1.1 100 Continue");
    for chunk in body.as_bytes().chunks(64 * 1024) {
        let mut framed = Vec::new();
        write!(framed, "{:x}\r\n", chunk.len()).unwrap();
        framed.extend_from_slice(chunk);
        framed.extend_from_slice(b"\r\n");
        raw.say(framed);
    }
    raw.say("0\r\n\r\n");
    let answer = raw.rest();
    assert!(
        answer.contains("HTTP/1.1 200 OK") && answer.contains(&format!("\"metrics_inserted\":{count}")),
        "{answer}"
    );
    let shown = appliance.client.get(&format!("/api/v1/collectors/{id}"), Some(&ada));
    assert_eq!(shown.body["metrics_collected"], count);
}
