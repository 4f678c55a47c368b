//! The dashboards of a collector, and the versions of its agent's configuration.

use super::control::Fleet;
use super::*;

impl Fleet {
    async fn versions(&self) -> Vec<Value> {
        let path = format!("/collectors/{}/config-versions", self.id);
        self.daemon.get(&path, &self.ada).await.body["versions"].as_array().unwrap().clone()
    }

    /// A heartbeat that says more, and the version that it is answered.
    async fn says(&self, more: Value) -> u64 {
        let mut body = json!({"timestamp": self.daemon.clock.now(), "status": "active"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let reply = self.daemon.post(&format!("/collectors/{}/heartbeat", self.id), &self.agent, body).await;
        reply.body["config_version"].as_u64().unwrap()
    }

    /// Version and interval that the agent is offered.
    async fn offered(&self) -> (String, i64) {
        let url = format!("http://{}/api/v1/config/{}", self.daemon.address, self.id);
        let response = self.daemon.client.get(url).bearer_auth(&self.agent).send().await.unwrap();
        let version = response.headers()["x-config-version"].to_str().unwrap().to_owned();
        let toml: toml::Table = response.text().await.unwrap().parse().unwrap();
        (version, toml["collector"]["interval"].as_integer().unwrap())
    }
}

#[actix_web::test]
async fn dashboards_are_replaced_as_a_whole_by_operators_and_audited() {
    let fleet = Fleet::start().await;
    fleet.daemon.add_user("otto", Role::Operator);
    fleet.daemon.add_user("vera", Role::Viewer);
    let (otto, vera) = (fleet.daemon.token("otto").await, fleet.daemon.token("vera").await);
    let path = format!("/collectors/{}/dashboards", fleet.id);
    assert_eq!(fleet.daemon.get(&path, &otto).await.body, json!([]));
    let two = json!([
        {"dashboard_id": "d-2", "dashboard_name": "Vacuum", "auto_assign": true},
        {"dashboard_id": "d-1", "dashboard_name": "Locks", "auto_assign": false},
    ]);
    let set = fleet.daemon.put(&path, &otto, two.clone()).await;
    assert_eq!((set.status.as_u16(), &set.body), (200, &two));
    let assign = format!("/collectors/{}/assign-dashboards", fleet.id);
    let one = json!([{"dashboard_id": "d-3", "dashboard_name": "Queries"}]);
    assert_eq!(fleet.daemon.post(&assign, &otto, one).await.status, 200);
    let expected = json!([{"dashboard_id": "d-3", "dashboard_name": "Queries", "auto_assign": false}]);
    assert_eq!(fleet.daemon.get(&path, &otto).await.body, expected);
    let audit = fleet.daemon.get(&format!("/collectors/{}/audit?limit=1", fleet.id), &fleet.ada).await.body;
    let entry = &audit["entries"][0];
    assert_eq!(
        (&entry["action"], &entry["actor"]["name"]),
        (&json!("collector.assign-dashboards"), &json!("otto"))
    );
    assert_eq!((&entry["old_values"]["dashboards"], &entry["new_values"]["dashboards"]), (&two, &expected));

    assert_eq!(fleet.daemon.put(&path, &vera, json!([])).await.problem(), (403, "forbidden"));
    assert_eq!(fleet.daemon.get(&path, &vera).await.problem(), (403, "forbidden"));
    let bad = json!([{"dashboard_id": "", "dashboard_name": "x", "colour": 1}, 7, two[0], two[0]]);
    assert_eq!(
        fleet.daemon.put(&path, &otto, bad).await.fields(),
        ["[0].dashboard_id", "[0].colour", "[1].entry", "[3].dashboard_id"]
    );
    let many = json!(vec![two[0].clone(); 101]);
    assert_eq!(fleet.daemon.put(&path, &otto, many).await.fields(), ["body"]);
    assert_eq!(fleet.daemon.put(&path, &otto, json!({})).await.fields(), ["body"]);
    let nobody = "/collectors/col_01939b3c-5a00-7000-8000-00000000000f/dashboards";
    assert_eq!(fleet.daemon.put(nobody, &otto, json!([])).await.problem(), (404, "not_found"));
    assert_eq!(fleet.daemon.get(&path, &otto).await.body, expected);
}

#[actix_web::test]
async fn a_version_that_was_refused_is_not_offered_again_and_says_why() {
    let fleet = Fleet::start().await;
    let first = fleet.versions().await;
    assert_eq!((first.len(), &first[0]["version"], &first[0]["applied_at"]), (1, &json!(1), &Value::Null));
    assert_eq!(first[0]["config"]["collection_interval"], 60);
    assert_eq!(fleet.says(json!({"config_version": 1})).await, 1);
    fleet.ask("update-config", json!({"collection_interval": 30})).await;
    assert_eq!(fleet.says(json!({"config_version": 2})).await, 2);
    fleet.ask("update-config", json!({"collection_interval": 20})).await;
    assert_eq!(fleet.offered().await, ("3".to_owned(), 20));

    // what a heartbeat says counts as what a command is answered
    let refusal =
        json!({"config_version": 2, "refused_config_version": 3, "refused_config_reason": "no probe"});
    assert_eq!(fleet.says(refusal.clone()).await, 2, "the last one that it has not refused");
    assert_eq!(fleet.offered().await, ("2".to_owned(), 30));
    let shown = fleet.collector().await;
    assert_eq!((&shown["config_error"], &shown["config_version"]), (&json!("no probe"), &json!(3)));
    let versions = fleet.versions().await;
    let told: Vec<_> = versions
        .iter()
        .map(|v| (v["version"].clone(), !v["applied_at"].is_null(), v["refused_because"].clone()))
        .collect();
    let expected =
        [(json!(3), false, json!("no probe")), (json!(2), true, Value::Null), (json!(1), true, Value::Null)];
    assert_eq!(told, expected);
    assert_eq!((&versions[0]["created_by"], &versions[0]["refused_at"].is_null()), (&json!("ada"), &false));
    let pushed = fleet.daemon.post("/metrics/push", &fleet.agent, json!({"metrics": []})).await;
    assert_eq!(pushed.body["next_config_version"], 2);

    fleet.ask("update-config", json!({"collection_interval": 40})).await;
    assert_eq!((fleet.says(refusal).await, fleet.offered().await), (4, ("4".to_owned(), 40)));
    assert_eq!(fleet.says(json!({"config_version": 4})).await, 4);
    assert_eq!(fleet.collector().await["config_error"], Value::Null);
    // an agent that speaks of versions that there are not is not believed
    assert_eq!(fleet.says(json!({"config_version": 99, "refused_config_version": 98})).await, 4);
    assert_eq!(fleet.versions().await.len(), 4);
}
