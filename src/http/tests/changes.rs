//! Changing a collector: its connection, its agent's configuration, its token.

use super::control::Fleet;
use super::*;

impl Fleet {
    async fn put(&self, body: Value, if_match: Option<&str>) -> Reply {
        let url = format!("http://{}/api/v1/collectors/{}", self.daemon.address, self.id);
        let mut request = self.daemon.client.put(url).bearer_auth(&self.ada).json(&body);
        if let Some(tag) = if_match {
            request = request.header("if-match", tag);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Reply { status, headers, body: response.json().await.unwrap() }
    }

    async fn config(&self) -> (String, String) {
        let url = format!("http://{}/api/v1/config/{}", self.daemon.address, self.id);
        let response = self.daemon.client.get(url).bearer_auth(&self.agent).send().await.unwrap();
        let version = response.headers()["x-config-version"].to_str().unwrap().to_owned();
        (version, response.text().await.unwrap())
    }

    async fn newest_entry(&self) -> Value {
        let path = format!("/collectors/{}/audit?limit=1", self.id);
        self.daemon.get(&path, &self.ada).await.body["entries"][0].clone()
    }
}

#[actix_web::test]
async fn a_connection_changes_for_whoever_has_seen_the_last_one() {
    let fleet = Fleet::start().await;
    let path = format!("/collectors/{}", fleet.id);
    let tag = fleet.daemon.get(&path, &fleet.ada).await.headers["etag"].to_str().unwrap().to_owned();
    let body =
        json!({"host": "db-2.example", "port": 6432, "password": "canary two", "description": "moved"});
    let changed = fleet.put(body, Some(&tag)).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!((changed.text("host"), changed.text("description")), ("db-2.example", "moved"));
    assert_eq!((&changed.body["port"], &changed.body["database"]), (&json!(6432), &json!("app")));
    assert!(!changed.body.to_string().contains("canary"));
    let credentials = fleet.daemon.node.collectors.credentials(fleet.id.parse().unwrap()).unwrap();
    assert_eq!(credentials.password.expose(), "canary two");

    let entry = fleet.newest_entry().await;
    assert_eq!(
        (&entry["action"], &entry["new_values"]["password"]),
        (&json!("collector.update"), &json!("changed"))
    );
    assert_eq!((&entry["old_values"]["port"], &entry["new_values"]["port"]), (&json!(5432), &json!(6432)));

    let late = fleet.put(json!({"port": 7}), Some(&tag)).await;
    assert_eq!(late.problem(), (412, "changed_meanwhile"));
    let tag = changed.headers["etag"].to_str().unwrap();
    assert_eq!(fleet.put(json!({"ssl_mode": "require"}), Some(tag)).await.text("ssl_mode"), "require");
    assert_eq!(fleet.put(json!({"description": ""}), None).await.text("description"), "");
    assert_eq!(
        fleet.put(json!({"port": 0, "ssl_mode": "x", "nmae": 1}), None).await.fields(),
        ["port", "ssl_mode", "nmae"]
    );
}

#[actix_web::test]
async fn a_new_configuration_has_a_version_and_the_agent_is_told_of_the_newest() {
    let fleet = Fleet::start().await;
    let first = fleet.ask("update-config", json!({"collection_interval": 30, "tags": ["a", "b"]})).await;
    assert_eq!((first.status.as_u16(), &first.body["config_version"]), (200, &json!(2)), "{}", first.body);
    assert_eq!(first.body["updated_config"]["collection_interval"], 30);
    let body = json!({"enabled_types": ["pg_stats", "sysstat"], "log_level": "debug", "query_limit": 7});
    let second = fleet.ask("update-config", body).await;
    assert_eq!(second.body["config_version"], 3);
    let told = fleet.told().await;
    assert_eq!(told.len(), 1, "the older version is not told any more: {told:?}");
    assert_eq!(
        (&told[0]["kind"], &told[0]["params"]),
        (&json!("update-config"), &json!({"config_version": 3}))
    );
    let (version, toml) = fleet.config().await;
    assert_eq!(version, "3");
    let table: toml::Table = toml.parse().unwrap();
    assert_eq!(table["collector"]["interval"].as_integer(), Some(30));
    assert_eq!(table["collector"]["enabled_types"].as_array().unwrap().len(), 2);
    assert_eq!(table["pg_query_stats"]["limit"].as_integer(), Some(7));
    assert_eq!(table["log"]["level"].as_str(), Some("debug"));

    let refusal = json!({"status": "failed", "detail": "no probe is left"});
    fleet.answer(told[0]["id"].as_str().unwrap(), refusal).await;
    assert_eq!(fleet.collector().await["config_error"], "no probe is left");
    let entry = fleet.newest_entry().await;
    assert_eq!(
        (&entry["action"], &entry["new_values"]["query_limit"]),
        (&json!("collector.update-config"), &json!(7))
    );
    let third = fleet.ask("update-config", json!({"tags": []})).await;
    assert_eq!(third.body["updated_config"]["tags"], json!([]));
    let collector = fleet.collector().await;
    assert_eq!((&collector["config_error"], &collector["tags"]), (&Value::Null, &json!([])));
    let body = json!({"collection_interval": 9, "log_level": "loud", "group_id": "nobody"});
    assert_eq!(fleet.ask("update-config", body).await.fields(), ["collection_interval", "log_level"]);
    assert_eq!(fleet.ask("update-config", json!({"group_id": "nobody"})).await.fields(), ["group_id"]);
    let grouped = fleet.ask("update-config", json!({"group_id": "Staging"})).await;
    assert!(grouped.body["updated_config"]["group_id"].is_string());
}

/// Whoever saves a form without a change, or puts a tag on that is there, gives the agent nothing to fetch.
#[actix_web::test]
async fn what_changes_nothing_makes_no_version() {
    let fleet = Fleet::start().await;
    let body = json!({"collection_interval": 30, "tags": ["a"], "log_level": "WARNING"});
    let first = fleet.ask("update-config", body.clone()).await;
    assert_eq!((first.status.as_u16(), &first.body["config_version"]), (200, &json!(2)), "{}", first.body);
    assert_eq!(first.body["updated_config"]["log_level"], "warn");
    let told = fleet.told().await.remove(0);
    let entry = fleet.newest_entry().await;
    for same in [body, json!({}), json!({"log_level": "Warn"})] {
        let again = fleet.ask("update-config", same).await;
        assert_eq!((again.status.as_u16(), &again.body["config_version"]), (200, &json!(2)));
        assert_eq!(again.body["updated_config"], first.body["updated_config"]);
    }
    let add = json!({"action": "update-tags", "collector_ids": [fleet.id], "params": {"add": ["a"]}});
    let bulk = fleet.daemon.post("/collectors/bulk-action", &fleet.ada, add).await;
    assert_eq!((bulk.text("state"), &bulk.body["succeeded"]), ("completed", &json!(1)), "{}", bulk.body);
    assert_eq!(fleet.collector().await["config_version"], 2);
    assert_eq!(fleet.told().await, std::slice::from_ref(&told), "it is told what it was told");
    assert_eq!(fleet.newest_entry().await, entry, "nothing happened");

    // but one that the agent has refused is offered again as another version
    fleet.answer(told["id"].as_str().unwrap(), json!({"status": "failed", "detail": "no"})).await;
    assert_eq!(fleet.ask("update-config", json!({})).await.body["config_version"], 3);
}

#[actix_web::test]
async fn a_rotated_token_works_at_once_and_the_old_one_until_its_grace_is_over() {
    let mut fleet = Fleet::start().await;
    let rotated = fleet.ask("restart-jwt", json!({"grace_seconds": 60})).await;
    assert_eq!((rotated.status.as_u16(), rotated.text("expires_at")), (200, "2027-11-20T14:00:00.000Z"));
    let told = fleet.told().await.remove(0);
    assert_eq!(
        (&told["kind"], &told["params"]["token"]),
        (&json!("rotate-token"), &rotated.body["new_jwt_token"])
    );
    let old = std::mem::replace(&mut fleet.agent, rotated.text("new_jwt_token").to_owned());
    assert_eq!(fleet.answer(told["id"].as_str().unwrap(), json!({"status": "completed"})).await.status, 200);
    let refresh = "/collectors/refresh-token";
    assert_eq!(fleet.daemon.post(refresh, &old, json!({})).await.status, 200);
    fleet.daemon.clock.advance(Duration::from_secs(60));
    assert_eq!(fleet.daemon.post(refresh, &old, json!({})).await.problem(), (401, "token_revoked"));

    // everything may be left out, the body too
    let path = format!("/collectors/{}/restart-jwt", fleet.id);
    let at_once = fleet.daemon.call(Method::POST, &path, By::Token(&fleet.ada), None).await;
    assert_eq!(fleet.daemon.post(refresh, &fleet.agent, json!({})).await.problem(), (401, "token_revoked"));
    assert_eq!(fleet.daemon.post(refresh, at_once.text("new_jwt_token"), json!({})).await.status, 200);
    let entry = fleet.newest_entry().await;
    assert_eq!(
        (&entry["action"], &entry["new_values"]["token"]),
        (&json!("collector.rotate-token"), &json!("changed"))
    );
}

/// Clients that fill in every field of a form send null where they have nothing to say.
#[actix_web::test]
async fn a_field_that_is_null_stays_as_it_is_and_an_empty_list_of_types_stands_for_all() {
    let fleet = Fleet::start().await;
    let first = fleet.ask("update-config", json!({"tags": ["a"], "enabled_types": ["sysstat"]})).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let nothing = json!({"tags": null, "enabled_types": null, "log_level": null, "group_id": null});
    let same = fleet.ask("update-config", nothing).await;
    assert_eq!((same.status.as_u16(), &same.body), (200, &first.body));
    let all = fleet.ask("update-config", json!({"enabled_types": []})).await;
    assert_eq!(
        (&all.body["updated_config"]["enabled_types"], &all.body["config_version"]),
        (&Value::Null, &json!(3))
    );
    assert!(!fleet.config().await.1.contains("enabled_types"));

    let id = fleet.id.parse().unwrap();
    let certificate = || fleet.daemon.node.collectors.credentials(id).unwrap().ssl_certificate;
    let pem = rcgen::generate_simple_self_signed(vec!["db-1".to_owned()]).unwrap().cert.pem();
    let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &pem);
    assert_eq!(fleet.put(json!({"ssl_certificate": encoded}), None).await.status, 200);
    assert_eq!(fleet.put(json!({"ssl_certificate": null, "port": 7}), None).await.status, 200);
    assert!(certificate().is_some(), "null does not remove it");
    assert_eq!(fleet.put(json!({"ssl_certificate": ""}), None).await.status, 200);
    assert!(certificate().is_none());
}

/// A collector of release 3 that is refused its configuration asks again without a pause.
#[actix_web::test]
async fn whoever_asks_for_a_configuration_without_a_pause_is_told_to_wait_and_nobody_else_is() {
    let fleet = Fleet::start().await;
    let pull = |token: &'static str| {
        let url = format!("http://{}/api/v1/config/collector-001", fleet.daemon.address);
        let token = if token.is_empty() { fleet.agent.clone() } else { token.to_owned() };
        let request = fleet.daemon.client.get(url).bearer_auth(token);
        async { request.send().await.unwrap() }
    };
    for (token, good) in [("dead", 403), ("", 200)] {
        let mut answers = Vec::new();
        while answers.last() != Some(&429) {
            let answer = pull(token).await;
            answers.push(answer.status().as_u16());
            assert!(answers.len() < 20_000, "never told to wait");
            let pause = answer.headers().get("retry-after").map(|pause| pause.to_str().unwrap().to_owned());
            assert_eq!(pause.is_some(), answer.status() == 429);
        }
        assert!(answers.len() > 100, "{answers:?}");
        assert!(answers[..answers.len() - 1].iter().all(|answer| *answer == good), "{answers:?}");
    }
}
