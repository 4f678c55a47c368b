//! Secrets go in and never come out: not in a log, an answer, a process list or a file.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::appliance::{ADMIN, Appliance, PASSWORD, now, registration};

const PASSWORD_OF_A_DATABASE: &str = "canary-of-the-database-7f3a91";
const PASSWORD_OF_A_USER: &str = "canary-of-a-user-c04d11";
const WRONG_PASSWORD: &str = "canary-of-a-typo-99e0b2";

/// All files under a folder, with their bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

/// Does with each secret what people do with it, and mistakes too. Gives the secrets that were handed out.
fn use_secrets(appliance: &Appliance, ada: &str) -> Vec<String> {
    let client = &appliance.client;
    let mut body = registration("db-1");
    body["password"] = PASSWORD_OF_A_DATABASE.into();
    let registered = client.post("/api/v1/collectors/register", Some(ada), &body);
    assert_eq!(registered.status, 201, "{}", registered.text);
    let wrongly: [(&str, Value); 4] = [
        ("port", json!(70000)),
        ("name", json!("db-1")),
        ("ssl_mode", json!("x")),
        ("host", json!("0.0.0.0")),
    ];
    for (member, value) in wrongly {
        let mut body = body.clone();
        body["test_connection"] = true.into();
        body[member] = value;
        assert!(client.post("/api/v1/collectors/register", Some(ada), &body).status >= 400);
        body.as_object_mut().unwrap().retain(|member, _| {
            registration("").get(member).is_some()
                && !["name", "environment", "test_connection"].contains(&member.as_str())
        });
        assert!(client.post("/api/v1/collectors/test-connection", Some(ada), &body).status >= 400);
    }
    let id = registered.string("id");
    client.post(&format!("/api/v1/collectors/{id}/test-connection"), Some(ada), &json!({}));
    let user = json!({"username": "bob", "password": PASSWORD_OF_A_USER, "role": "viewer"});
    assert_eq!(client.post("/api/v1/users", Some(ada), &user).status, 201);
    assert_eq!(appliance.try_login("bob", PASSWORD_OF_A_USER).status, 200);
    assert_eq!(appliance.try_login("bob", WRONG_PASSWORD).status, 401);
    let secret = client
        .post("/api/v1/registration-secrets", Some(ada), &json!({"name": "rack", "max_uses": 5}))
        .string("secret");
    let agent = json!({"name": "agent-1", "hostname": "h", "version": "3"});
    let register = |secret: &str| {
        let headers = [("x-registration-secret", secret), ("content-type", "application/json")];
        client.send(
            reqwest::Method::POST,
            "/api/v1/collectors/register",
            &headers,
            agent.to_string().into_bytes(),
        )
    };
    assert_eq!(register(&secret).status, 200);
    assert_eq!(register("canary-wrong-secret-1b2c3d").status, 401);
    let api_token = client.post("/api/v1/api-tokens", Some(ada), &json!({"name": "ci"})).string("token");
    assert_eq!(client.get("/api/v1/auth/me", Some(&api_token)).status, 200);
    let jwt = registered.string("jwt_token");
    assert_eq!(client.push(&jwt, "k", &[json!({"type": "probe", "timestamp": now()})]).status, 200);
    vec![secret, api_token, jwt, registered.string("private_key")]
}

fn read_everything(appliance: &Appliance, ada: &str) {
    for route in pganalytics::http::routes::all() {
        if route.method == "GET" && !route.path.contains('{') {
            appliance.client.get(route.path, Some(ada));
        }
    }
    let list = appliance.client.get("/api/v1/collectors", Some(ada));
    for collector in list.body["collectors"].as_array().unwrap() {
        let id = collector["id"].as_str().unwrap();
        for part in ["", "/status", "/health", "/audit", "/metrics", "/series", "/documents"] {
            appliance.client.get(&format!("/api/v1/collectors/{id}{part}"), Some(ada));
        }
    }
    appliance.client.get("/api/v1/audit?format=csv&limit=1000", Some(ada));
}

#[test]
fn a_secret_is_found_in_no_log_no_answer_and_no_file() {
    let mut appliance = Appliance::start_with(&[("PGANALYTICS_LOG", "trace")]);
    appliance.set_up();
    let ada = appliance.login(ADMIN);
    let mut handed_out = use_secrets(&appliance, &ada);
    handed_out.push(ada.clone());
    read_everything(&appliance, &ada);
    let arguments = fs::read(format!("/proc/{}/cmdline", appliance.id())).unwrap();
    let live = files(&appliance.data_dir());
    assert_eq!(appliance.stop(), Some(0));
    let typed_in =
        [PASSWORD, PASSWORD_OF_A_DATABASE, PASSWORD_OF_A_USER, WRONG_PASSWORD, "canary-wrong-secret-1b2c3d"];
    let said = appliance.said();
    assert!(said.contains("answered"), "the log was as talkative as it can be");
    let places: Vec<(String, Vec<u8>)> =
        [("log".to_owned(), said.into_bytes()), ("arguments".to_owned(), arguments)]
            .into_iter()
            .chain(live)
            .chain(files(&appliance.data_dir()))
            .collect();
    assert!(places.len() > 8, "the data directory was read");
    for (place, bytes) in &places {
        for secret in typed_in.iter().copied().chain(handed_out.iter().map(String::as_str)) {
            assert!(!holds(bytes, secret), "{place} holds {}...", &secret[..secret.len().min(20)]);
        }
    }
    for answer in appliance.client.answers() {
        for secret in typed_in {
            assert!(!answer.contains(secret), "an answer holds {secret}: {answer}");
        }
    }
    // what was handed out was in one answer, the one that handed it out; the session is in its cookie, too
    for secret in &handed_out {
        let text = json!(secret).to_string();
        let text = text.trim_matches('"');
        let answers = appliance.client.answers().into_iter().filter(|answer| answer.contains(text)).count();
        assert_eq!(answers, 1, "{}...", &secret[..20]);
    }
}
