//! The way between agents and daemon drops three replies in ten, after the daemon has done its work: who got no reply
//! sends again, and nothing is missing or doubled.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::appliance::{Appliance, now};
use crate::support::client::Client;
use crate::support::random::Random;

const SENDERS: usize = 4;
const PUSHES: usize = 60;
const DROPPED_PERCENT: u64 = 30;

/// A proxy for one request at a time on each connection.
struct Lossy {
    address: String,
    dropped: Arc<AtomicU64>,
}

impl Lossy {
    fn before(daemon: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (dropped, random) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Random::seeded())));
        let (counted, daemon) = (Arc::clone(&dropped), daemon.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (random, counted, daemon) = (Arc::clone(&random), Arc::clone(&counted), daemon.clone());
                // a connection that breaks is what this is about
                thread::spawn(move || pass(stream?, &daemon, &random, &counted));
            }
        });
        Self { address, dropped }
    }
}

/// Passes one request on, waits for its reply, and passes that on or not.
fn pass(
    mut client: TcpStream,
    daemon: &str,
    random: &Mutex<Random>,
    dropped: &AtomicU64,
) -> std::io::Result<()> {
    let mut server = TcpStream::connect(daemon)?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
    let mut first = [0; 4096];
    // once the reply has begun, the commit is behind it
    let read = server.read(&mut first)?;
    if random.lock().unwrap().below(100) < DROPPED_PERCENT {
        dropped.fetch_add(1, Ordering::SeqCst);
        return client.shutdown(std::net::Shutdown::Both);
    }
    client.write_all(&first[..read])?;
    match std::io::copy(&mut server, &mut client) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => Err(error),
        _ => Ok(()),
    }
}

/// Sends one body until it is answered, and says what was answered then.
fn send(client: &Client, token: &str, key: Option<&str>, body: &[u8]) -> Value {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("connection", "close"),
    ];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    for _ in 0..100 {
        match client.try_send(Method::POST, "/api/v1/metrics/push", &headers, body.to_vec()) {
            Ok(reply) if reply.status == 200 => return reply.body,
            Ok(reply) => assert_eq!(reply.status, 503, "{}", reply.text),
            Err(_) => {}
        }
        thread::park_timeout(Duration::from_millis(5));
    }
    panic!("a push was not answered in a hundred times");
}

#[test]
fn a_way_that_drops_three_replies_in_ten_loses_and_doubles_nothing() {
    let (appliance, ada) = Appliance::with_admin();
    let lossy = Lossy::before(appliance.client.address());
    let collectors: Vec<_> = (0..SENDERS).map(|n| appliance.collector(&ada, &format!("db-{n}"))).collect();
    thread::scope(|scope| {
        for (number, (_, token)) in collectors.iter().enumerate() {
            let client = Client::of(&format!("http://{}", lossy.address));
            scope.spawn(move || {
                for push in 0..PUSHES {
                    let document = |part: usize| json!({"type": "probe", "timestamp": now(), "push": push, "part": part});
                    let body = json!({"metrics": [document(0), document(1)]}).to_string().into_bytes();
                    // every second sender is of those that name no push
                    let key = format!("{number}-{push}");
                    let answered = send(&client, token, Some(key.as_str()).filter(|_| number % 2 == 0), &body);
                    let told = answered["metrics_inserted"].as_u64().zip(answered["duplicates"].as_u64());
                    assert_eq!(told.map(|(inserted, known)| inserted + known), Some(2), "{answered}");
                }
            });
        }
    });
    let dropped = lossy.dropped.load(Ordering::SeqCst);
    println!("{dropped} replies were dropped on {} pushes", SENDERS * PUSHES);
    assert!(dropped > (SENDERS * PUSHES / 5) as u64, "replies were dropped: {dropped}");
    for (id, _) in &collectors {
        let found = appliance.documents(&ada, id, "probe");
        let found: Vec<_> =
            found.iter().map(|found| (&found["document"]["push"], &found["document"]["part"])).collect();
        let expected: Vec<(Value, Value)> =
            (0..PUSHES).flat_map(|push| [(json!(push), json!(0)), (json!(push), json!(1))]).collect();
        assert_eq!(found, expected.iter().map(|(push, part)| (push, part)).collect::<Vec<_>>());
    }
}
