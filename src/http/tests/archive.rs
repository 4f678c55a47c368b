//! Unregistering a collector, taking it back, and what is left when its time is over.

use super::control::Fleet;
use super::*;

impl Fleet {
    async fn unregister(&self, query: &str, body: Value) -> Reply {
        let path = format!("/collectors/{}{query}", self.id);
        self.daemon.call(Method::DELETE, &path, By::Token(&self.ada), Some(body)).await
    }

    async fn archived(&self) -> Vec<Value> {
        let list = self.daemon.get("/collectors/archived", &self.ada).await.body;
        assert_eq!(list["total"], list["archived_collectors"].as_array().unwrap().len());
        list["archived_collectors"].as_array().unwrap().clone()
    }

    async fn push(&self) {
        let body = json!({"metrics": [{"type": "x", "timestamp": self.daemon.clock.now(), "value": 1}]});
        let pushed = self.daemon.post("/metrics/push", &self.agent, body).await;
        assert_eq!(pushed.body["metrics_inserted"], 1, "{}", pushed.body);
    }

    async fn give_back(&self, body: Value) -> Reply {
        self.daemon.post("/collectors/re-register", &self.ada, body).await
    }

    async fn documents(&self) -> usize {
        let path = format!("/collectors/{}/documents?type=x", self.id);
        self.daemon.get(&path, &self.ada).await.body["documents"].as_array().map_or(0, Vec::len)
    }

    async fn refresh(&self) -> u16 {
        self.daemon.post("/collectors/refresh-token", &self.agent, json!({})).await.status.as_u16()
    }

    async fn newest_actions(&self, most: usize) -> Vec<String> {
        let page = self.daemon.get(&format!("/audit?target={}", self.id), &self.ada).await.body;
        let entries = page["entries"].as_array().unwrap().clone();
        entries.iter().take(most).map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
    }
}

#[actix_web::test]
async fn an_unregistered_collector_is_dead_at_once_and_returns_as_it_was() {
    let fleet = Fleet::start().await;
    fleet.push().await;
    fleet.ask("update-config", json!({"tags": ["a"], "group_id": "Staging"})).await;
    let stop = fleet.ask("stop", json!({})).await;
    let gone =
        fleet.unregister("", json!({"reason": "moved", "notes": "to Berlin", "retention_days": 10})).await;
    assert_eq!(
        (gone.status.as_u16(), &gone.body["archived_metrics_count"]),
        (200, &json!(1)),
        "{}",
        gone.body
    );
    assert_eq!(gone.text("expires_at"), "2026-11-30T14:00:00.000Z");
    assert_eq!(fleet.refresh().await, 401);
    let path = format!("/collectors/{}", fleet.id);
    assert_eq!(fleet.daemon.get(&path, &fleet.ada).await.status, 404);
    let action = format!("/actions/{}", stop.text("action_id"));
    assert_eq!(fleet.daemon.get(&action, &fleet.ada).await.text("status"), "cancelled");
    let archived = fleet.archived().await;
    assert_eq!(archived[0]["id"], *fleet.id);
    assert_eq!((&archived[0]["archive_reason"], &archived[0]["metrics_count"]), (&json!("moved"), &json!(1)));

    fleet.daemon.clock.advance(Duration::from_secs(3600));
    let body = json!({"archived_collector_id": fleet.id, "generate_new_token": false});
    let back = fleet.give_back(body.clone()).await;
    assert_eq!((back.status.as_u16(), &back.body["metrics_restored"]), (200, &json!(1)), "{}", back.body);
    assert_eq!((&back.body["jwt_token"], back.text("collector_id")), (&Value::Null, fleet.id.as_str()));
    assert_eq!(fleet.refresh().await, 200, "the old token works again");
    let collector = fleet.collector().await;
    assert_eq!((&collector["tags"], &collector["group"]["name"]), (&json!(["a"]), &json!("Staging")));
    assert_eq!((&collector["state"], &collector["status"]), (&json!("registered"), &json!("pending")));
    assert_eq!(fleet.documents().await, 1);
    assert!(fleet.archived().await.is_empty());
    assert_eq!(fleet.newest_actions(2).await, ["collector.re-register", "collector.unregister"]);
    assert_eq!(fleet.give_back(body).await.problem(), (404, "not_found"));
}

#[actix_web::test]
async fn a_return_may_bring_a_new_token_and_leave_the_metrics_behind() {
    let mut fleet = Fleet::start().await;
    fleet.push().await;
    assert_eq!(fleet.unregister("?reason=moved&retention_days=3", json!({})).await.status, 200);
    let refused = fleet.give_back(json!({"collector_ids": [fleet.id], "restore_metrics": false})).await;
    assert_eq!(refused.fields(), ["confirm"]);
    let body = json!({"collector_ids": [fleet.id], "restore_metrics": false, "confirm": "discard"});
    let back = fleet.give_back(body).await;
    assert_eq!((back.status.as_u16(), &back.body["metrics_restored"]), (200, &json!(0)), "{}", back.body);
    assert_eq!(fleet.refresh().await, 401, "the old token stays dead");
    fleet.agent = back.text("jwt_token").to_owned();
    assert_eq!(fleet.refresh().await, 200);
    assert_eq!(fleet.documents().await, 0);
    fleet.push().await;
    assert_eq!(fleet.documents().await, 1);
}

#[actix_web::test]
async fn what_is_not_kept_has_to_be_confirmed_by_name_and_is_gone() {
    let fleet = Fleet::start().await;
    fleet.push().await;
    assert_eq!(fleet.unregister("", json!({})).await.fields(), ["reason"]);
    let body = json!({"reason": "x", "archive_metrics": false});
    assert_eq!(fleet.unregister("", body).await.fields(), ["confirm_name"]);
    let wrong = fleet.unregister("?reason=x&archive_metrics=false&confirm_name=db-2", json!({})).await;
    assert_eq!(wrong.fields(), ["confirm_name"]);
    assert_eq!(fleet.refresh().await, 200, "what is refused does not happen");
    let gone = fleet.unregister("?reason=x&archive_metrics=false&confirm_name=db-1", json!({})).await;
    assert_eq!(
        (gone.status.as_u16(), &gone.body["archived_metrics_count"]),
        (200, &json!(0)),
        "{}",
        gone.body
    );
    assert!(fleet.archived().await.is_empty());
    let back = fleet.give_back(json!({"archived_collector_id": fleet.id})).await;
    assert_eq!(back.problem(), (404, "not_found"));
    fleet.daemon.node.archive.purge().unwrap();
    assert_eq!(fleet.newest_actions(1).await, ["collector.purge"]);
    assert!(fleet.daemon.node.metrics.counter(fleet.id.parse().unwrap()).is_none());
}

#[actix_web::test]
async fn an_archive_that_has_expired_is_removed_and_a_taken_name_is_told() {
    let fleet = Fleet::start().await;
    fleet.unregister("", json!({"reason": "x", "retention_days": 1})).await;
    // the name is free again
    let other = super::agents::registered(&fleet.daemon).collector.id;
    let taken = fleet.give_back(json!({"archived_collector_id": fleet.id})).await;
    assert_eq!(taken.problem(), (409, "name_taken"));
    let path = format!("/collectors/{other}?reason=x");
    assert_eq!(fleet.daemon.delete(&path, &fleet.ada).await.status, 200);
    fleet.daemon.node.archive.purge().unwrap();
    assert_eq!(fleet.archived().await.len(), 2, "not yet");
    fleet.daemon.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(fleet.daemon.node.archive.purge().unwrap(), 1);
    let ada = fleet.daemon.token("ada").await;
    let list = fleet.daemon.get("/collectors/archived", &ada).await.body;
    assert_eq!((&list["total"], &list["archived_collectors"][0]["id"]), (&json!(1), &json!(other)));
}
