//! The fleet as a whole: its charts, and its availability by day.

use super::control::Fleet;
use super::*;

fn points<'a>(body: &'a Value, name: &str, labels: &Value) -> &'a Value {
    let series = body["series"].as_array().unwrap();
    &series.iter().find(|series| series["name"] == name && &series["labels"] == labels).unwrap()["points"]
}

#[actix_web::test]
async fn the_pulse_counts_statuses_and_what_agents_say() {
    let fleet = Fleet::start().await;
    let node = &fleet.daemon.node;
    let read = async |query: &str| fleet.daemon.get(&format!("/fleet/metrics{query}"), &fleet.ada).await;
    node.pulse.beat(node.clock.now()).unwrap();
    fleet.beat("active").await;
    fleet.daemon.clock.advance(Duration::from_secs(10));
    node.pulse.beat(node.clock.now()).unwrap();

    let all = read("").await;
    assert_eq!(all.status, 200, "{}", all.body);
    let online = points(&all.body, "fleet.collectors", &json!({"status": "online"}));
    let values: Vec<_> = online.as_array().unwrap().iter().map(|point| point[1].as_f64().unwrap()).collect();
    assert_eq!(values, [0.0, 1.0]);
    let cpu = points(&all.body, "fleet.cpu_usage", &json!({"of": "mean"}));
    assert_eq!(cpu[0][1], Value::Null, "nobody had said anything yet");
    let thinned = read("?step=2d").await.body;
    let online = points(&thinned, "fleet.collectors", &json!({"status": "online"}));
    assert_eq!((online.as_array().unwrap().len(), online[0][1].as_f64()), (1, Some(1.0)));

    for (query, field) in [("?step=x", "step"), ("?match=a", "match"), ("?from=x", "from")] {
        assert_eq!(read(query).await.fields()[0], field);
    }
    let backwards = read("?from=2026-11-20T15:00:00Z&to=2026-11-20T14:00:00Z").await;
    assert_eq!(backwards.fields(), ["from"]);
}

#[actix_web::test]
async fn the_last_hour_of_each_collector_has_gaps_where_it_was_away() {
    let fleet = Fleet::start().await;
    let node = &fleet.daemon.node;
    let take = |minutes: u64| {
        fleet.daemon.clock.advance(Duration::from_secs(60 * minutes));
        node.pulse.beat(node.clock.now()).unwrap();
    };
    take(0);
    let beat = json!({"timestamp": node.clock.now(), "status": "active", "cpu_usage": 41.6});
    let path = format!("/collectors/{}/heartbeat", fleet.id);
    assert_eq!(fleet.daemon.post(&path, &fleet.agent, beat).await.status, 200);
    take(2);
    take(1);
    take(7);
    let hour = fleet.daemon.get("/fleet/recent", &fleet.ada).await;
    assert_eq!(hour.status, 200, "{}", hour.body);
    assert_eq!(hour.body["times"].as_array().unwrap().len(), 3, "a minute is too soon");
    let line = &hour.body["collectors"][0];
    assert_eq!(line["collector_id"], fleet.id);
    let said: Vec<_> = line["cpu_usage"].as_array().unwrap().iter().map(Value::is_null).collect();
    assert_eq!(
        said,
        [true, false, true],
        "nothing before its first heartbeat, and nothing while it is offline"
    );
    for _ in 0..40 {
        take(2);
    }
    let hour = fleet.daemon.get("/fleet/recent", &fleet.ada).await.body;
    assert_eq!((hour["times"].as_array().unwrap().len(), &hour["collectors"]), (30, &json!([])));
}

#[actix_web::test]
async fn the_days_of_all_collectors_are_one_sum() {
    let fleet = Fleet::start().await;
    fleet.beat("active").await;
    for _ in 0..20 {
        fleet.daemon.clock.advance(Duration::from_secs(60));
        fleet.daemon.node.presence.sweep().unwrap();
    }
    let body = fleet.daemon.get("/fleet/availability?days=2", &fleet.ada).await.body;
    let own =
        fleet.daemon.get(&format!("/collectors/{}/availability?days=2", fleet.id), &fleet.ada).await.body;
    assert_eq!(body, own, "one collector is the fleet");
    assert_eq!(body["days"][1]["known_seconds"], 1200);
}
