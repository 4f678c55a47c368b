//! Importing collectors as an administrator sees it over HTTP.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::events::EventKind;

const HEADER: &str = "name,host,port,database,username,password,env";

struct Importer {
    daemon: Daemon,
    ada: String,
}

impl Importer {
    async fn start() -> Self {
        let daemon = Daemon::with_admin();
        let ada = daemon.token("ada").await;
        Self { daemon, ada }
    }

    async fn send(&self, kind: &str, query: &str, body: impl Into<reqwest::Body>) -> Reply {
        let url = format!("http://{}/api/v1/collectors/bulk-import{query}", self.daemon.address);
        let request = self.daemon.client.post(url).bearer_auth(&self.ada).header("content-type", kind);
        Reply::of(request.body(body).send().await.unwrap()).await
    }

    async fn csv(&self, body: impl Into<reqwest::Body>) -> Reply {
        self.send("text/csv", "", body).await
    }

    async fn json(&self, body: Value) -> Reply {
        self.send("application/json", "", body.to_string()).await
    }

    async fn names(&self) -> Vec<String> {
        let list = self.daemon.get("/collectors?limit=5000", &self.ada).await.body;
        let collectors = list["collectors"].as_array().unwrap().clone();
        collectors.iter().map(|collector| collector["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Actions of the audit log, oldest first, without sign-ins.
    async fn actions(&self) -> Vec<Value> {
        let page = self.daemon.get("/audit?limit=1000", &self.ada).await.body;
        let entries = page["entries"].as_array().unwrap().iter().rev();
        let is_collector = |entry: &&Value| entry["action"].as_str().unwrap().starts_with("collector.");
        entries.filter(is_collector).cloned().collect()
    }
}

fn counts(reply: &Reply) -> (u64, u64, u64, u64) {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let count = |field: &str| reply.body[field].as_u64().unwrap();
    (count("total"), count("successful"), count("existing"), count("failed"))
}

/// Row, status, code and field of each result.
fn told(reply: &Reply) -> Vec<(u64, String)> {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let words = |row: &Value| {
        let words =
            ["status", "code", "field"].map(|member| row[member].as_str().unwrap_or_default().to_owned());
        (row["row"].as_u64().unwrap(), words.join(" ").trim().to_owned())
    };
    reply.body["results"].as_array().unwrap().iter().map(words).collect()
}

fn rows(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected.iter().map(|(row, words)| (*row, (*words).to_owned())).collect()
}

fn row(name: &str) -> Value {
    json!({
        "name": name, "host": "db.example", "port": 5432, "database": "app", "username": "watcher",
        "password": PASSWORD, "env": "staging",
    })
}

/// `count` rows that differ in name and host.
fn file(count: usize) -> String {
    let rows = (0..count)
        .map(|n| format!("db-{n},10.1.{}.{},5432,app,watcher,{PASSWORD},production\n", n / 250, n % 250));
    format!("{HEADER}\n{}", rows.collect::<String>())
}

#[actix_web::test]
async fn valid_rows_are_imported_and_the_others_are_told_by_row_and_column() {
    let importer = Importer::start().await;
    let text = format!(
        "\u{feff}{HEADER},group,description,tags,collection_interval\r\n\
         db-1,10.0.0.1,5432,app,watcher,\"a\"\"b,{PASSWORD}\",production,AWS RDS,\"two\r\nlines\",\"a, b\",30\r\n\
         db-2,10.0.0.2,70000,app,watcher,{PASSWORD},production\r\n\
         db-3,10.0.0.3,5432,app,watcher,{PASSWORD},moon,,,,5\r\n\
         \r\n\
         db-4,10.0.0.4,5432,app,watcher,{PASSWORD},staging,No such group\r\n\
         ,10.0.0.5,5432,app,watcher,{PASSWORD},staging\r\n\
         db-6,10.0.0.6,5432,app,watcher,{PASSWORD},staging,,,,,too much\r\n\
         db-7,10.0.0.7,5432\r\n\
         \"=1+1\",10.0.0.8,5432,app,watcher,{PASSWORD},development\r\n\
         db\u{0}9,10.0.0.9,5432,app,watcher,{PASSWORD},development\r\n\
         {},10.0.0.10,5432,app,watcher,{PASSWORD},development\r\n",
        "x".repeat(1 << 20)
    );
    let reply = importer.csv(text).await;
    assert_eq!(counts(&reply), (10, 2, 0, 8));
    let expected = [
        (2, "success"),
        (3, "error range port"),
        (4, "error choice env"),
        (6, "error unknown group"),
        (7, "error required name"),
        (8, "error columns"),
        (9, "error required env"),
        (10, "success"),
        (11, "error characters name"),
        (12, "error length name"),
    ];
    assert_eq!(told(&reply), rows(&expected));
    let text = reply.body.to_string();
    assert!(!text.contains(PASSWORD) && text.len() < 20_000, "{text}");
    assert!(text.contains("env must be one of") && text.contains("collection_interval must be"), "{text}");

    assert_eq!(importer.names().await, ["=1+1", "db-1"]);
    let first = &reply.body["results"][0];
    let id = first["collector_id"].as_str().unwrap();
    let collector = importer.daemon.get(&format!("/collectors/{id}"), &importer.ada).await.body;
    assert_eq!(collector["description"], "two\nlines");
    assert_eq!((&collector["group"]["name"], &collector["tags"]), (&json!("AWS RDS"), &json!(["a", "b"])));
    assert_eq!((&collector["ssl_mode"], &collector["type"]), (&json!("prefer"), &json!("postgresql")));
    let token = first["jwt_token"].as_str().unwrap();
    assert_eq!(importer.daemon.post("/collectors/refresh-token", token, json!({})).await.status, 200);
    let stored = importer.daemon.node.collectors.credentials(id.parse().unwrap()).unwrap();
    assert_eq!(stored.password.expose(), format!("a\"b,{PASSWORD}"));
}

#[actix_web::test]
async fn the_same_file_again_doubles_nothing_and_a_taken_name_is_told() {
    let importer = Importer::start().await;
    let text = file(60)
        + &format!("DB-0,10.1.0.0,5432,app,other,{PASSWORD},staging\ndb-1,elsewhere,5432,app,u,p,staging\n");
    let first = importer.csv(text.clone()).await;
    assert_eq!(counts(&first), (62, 60, 1, 1));
    assert_eq!(told(&first)[60..], rows(&[(62, "exists"), (63, "error name_taken name")]));
    let twice = &first.body["results"][60];
    assert_eq!(twice["collector_id"], first.body["results"][0]["collector_id"]);
    assert!(twice["error"].as_str().unwrap().starts_with("row 2 has"), "{twice}");

    let again = importer.csv(text).await;
    assert_eq!(counts(&again), (62, 0, 61, 1));
    assert_eq!(importer.names().await.len(), 60);
    for (first, again) in
        first.body["results"].as_array().unwrap().iter().zip(again.body["results"].as_array().unwrap())
    {
        assert_eq!(first["collector_id"], again["collector_id"]);
        assert!(again.get("jwt_token").is_none(), "a token is shown once: {again}");
    }
}

#[actix_web::test]
async fn a_dry_run_answers_as_the_real_one_and_writes_nothing() {
    let importer = Importer::start().await;
    importer.json(json!({"collectors": [row("there")]})).await;
    let before = importer.actions().await.len();
    let mut rows = vec![row("there"), row("new"), row("NEW"), row("bad"), row("new")];
    rows[3]["port"] = json!("x");
    rows[4]["host"] = json!("elsewhere");
    let dry = importer.json(json!({"collectors": rows, "dry_run": true})).await;
    assert_eq!((counts(&dry), &dry.body["dry_run"]), ((5, 1, 2, 2), &json!(true)));
    assert_eq!(importer.names().await, ["there"]);
    assert_eq!(importer.actions().await.len(), before);
    let real = importer.json(json!({"collectors": rows})).await;
    assert_eq!(told(&dry), told(&real));
    for (dry, real) in
        dry.body["results"].as_array().unwrap().iter().zip(real.body["results"].as_array().unwrap())
    {
        assert_eq!((&dry["name"], &dry["error"]), (&real["name"], &real["error"]));
    }
    let query = importer.send("text/csv; charset=utf-8", "?dry_run=true", file(3)).await;
    assert_eq!(counts(&query), (3, 3, 0, 0));
    assert_eq!(importer.names().await, ["new", "there"]);
    assert_eq!(importer.send("text/csv", "?dry_run=yes", file(3)).await.fields(), ["dry_run"]);
    assert_eq!(importer.send("text/csv", "?dry-run=true", file(3)).await.fields(), ["dry-run"]);
    // whoever names the key does not want to import by a slip
    for query in ["?dry_run", "?dry_run=", "?dry_run=true&dry_run=false"] {
        assert_eq!(importer.send("text/csv", query, file(3)).await.fields(), ["dry_run"], "{query}");
    }
    assert_eq!(importer.names().await, ["new", "there"]);
}

#[actix_web::test]
async fn each_collector_and_the_whole_import_are_in_the_audit_log_and_progress_is_told() {
    let importer = Importer::start().await;
    let mut listener = importer.daemon.node.events.listen(None);
    let reply = importer.csv(file(120) + "bad,,,,,,\n").await;
    assert_eq!(counts(&reply), (121, 120, 0, 1));
    let actions = importer.actions().await;
    assert_eq!(actions.len(), 121);
    assert!(actions[..120].iter().all(|entry| entry["action"] == "collector.register"));
    let whole = &actions[120];
    assert_eq!((&whole["action"], &whole["actor"]["name"]), (&json!("collector.import"), &json!("ada")));
    assert_eq!(whole["new_values"], json!({"total": 121, "successful": 120, "existing": 0, "failed": 1}));
    let mut done = Vec::new();
    let mut registered = 0;
    while let Ok(event) = listener.coming.try_recv() {
        match event.kind {
            EventKind::ImportProgress => {
                assert_eq!((&event.data["total"], &event.data["started_by"]), (&json!(121), &json!("ada")));
                done.push(event.data["done"].as_u64().unwrap());
            }
            EventKind::Registered => registered += 1,
            _ => {}
        }
    }
    assert_eq!((done, registered), (vec![50, 100, 121], 120));
}

#[actix_web::test]
async fn a_connection_is_tried_only_where_a_row_of_json_asks_for_it() {
    let importer = Importer::start().await;
    let mut tried = row("tried");
    tried["test_connection"] = json!(true);
    tried["host"] = json!("169.254.1.1");
    let reply = importer.json(json!({"collectors": [row("a"), tried, row("b")]})).await;
    assert_eq!(told(&reply), rows(&[(1, "success"), (2, "error connection_failed host"), (3, "success")]));
    let column = importer.csv(format!("{HEADER},test_connection\na,h,1,d,u,p,staging,true\n")).await;
    assert_eq!(column.fields(), ["test_connection"]);

    let many: Vec<Value> = (0..12)
        .map(|n| {
            let mut row = row(&format!("many-{n}"));
            row["test_connection"] = json!(true);
            row["host"] = json!("169.254.1.1");
            row
        })
        .collect();
    let reply = importer.json(json!({"collectors": many, "dry_run": true})).await;
    let limited = told(&reply).iter().filter(|(_, words)| words == "error rate_limited").count();
    assert_eq!(limited, 3, "nine more of a minute's ten: {}", reply.body);
}

#[actix_web::test]
async fn what_is_no_list_is_refused_clearly_and_without_what_it_holds() {
    let importer = Importer::start().await;
    let secret = format!("db-1,10.0.0.1,5432,app,watcher,{PASSWORD},production\n");
    for (body, fields) in [
        (secret.into_bytes(), vec!["body"]),
        (
            format!("name,host,port,colour\n{PASSWORD}").into_bytes(),
            vec!["database", "username", "password", "env", "colour"],
        ),
        (format!("{HEADER},name\n").into_bytes(), vec!["name"]),
        (HEADER.as_bytes().to_vec(), vec!["body"]),
        (Vec::new(), vec!["body"]),
        (vec![0xff, 0x00, 0xfe, 0x80, 0x0a], vec!["body"]),
        (file(10_001).into_bytes(), vec!["body"]),
    ] {
        let reply = importer.csv(body).await;
        assert_eq!((reply.problem(), reply.fields()), ((400, "validation_failed"), fields), "{}", reply.body);
        assert!(!reply.body.to_string().contains(PASSWORD), "{}", reply.body);
    }
    for body in [json!([]), json!({}), json!({"collectors": []}), json!({"collectors": PASSWORD})] {
        let reply = importer.json(body).await;
        assert_eq!(reply.problem(), (400, "validation_failed"));
        assert!(!reply.body.to_string().contains(PASSWORD), "{}", reply.body);
    }
    let too_many = importer.json(json!({"collectors": vec![0; 10_001]})).await;
    assert_eq!((too_many.problem(), too_many.fields()), ((400, "validation_failed"), vec!["collectors"]));
    assert_eq!(importer.send("text/plain", "", file(1)).await.problem(), (415, "unsupported_media_type"));
    assert_eq!(importer.csv(vec![b'a'; 17 << 20]).await.problem(), (413, "too_large"));
    let mut odd = row("odd");
    odd["environment"] = json!("staging");
    let reply = importer.json(json!({"collectors": [7, odd, {"x": "y"}, row("fine")]})).await;
    let expected =
        [(1, "error type"), (2, "error duplicate env"), (3, "error required name"), (4, "success")];
    assert_eq!(told(&reply), rows(&expected));
    assert_eq!(importer.names().await, ["fine"]);
}

#[actix_web::test]
async fn random_bytes_and_random_cells_never_make_the_daemon_fail() {
    let importer = Importer::start().await;
    let cells = prop::collection::vec("[\\x00-\\x7f]{0,8}|\"[,;\n\"]*|[=+@-][a-z]*|ü", 0..9);
    let tables = prop::collection::vec(cells, 0..6).prop_map(|rows| {
        let rows = rows.into_iter().map(|cells| cells.join(",") + "\n").collect::<String>();
        format!("{HEADER}\n{rows}").into_bytes()
    });
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    let bodies = prop_oneof![bytes, tables];
    let mut runner = TestRunner::deterministic();
    for _ in 0..100 {
        let body = bodies.new_tree(&mut runner).unwrap().current();
        let as_csv = importer.csv(body.clone()).await;
        assert!(matches!(as_csv.status.as_u16(), 200 | 400), "{} {body:?}", as_csv.body);
        let as_json = importer.send("application/json", "", body.clone()).await;
        assert_eq!(as_json.problem().0, 400, "{body:?}");
    }
}

#[actix_web::test]
async fn five_hundred_rows_take_seconds_and_let_other_writers_in_between() {
    let importer = Importer::start().await;
    let started = std::time::Instant::now();
    let import = importer.csv(file(500));
    let other = async {
        let mut longest = Duration::ZERO;
        for number in 0..20 {
            let started = std::time::Instant::now();
            let body = json!({"name": format!("group {number}"), "color": "#112233"});
            assert_eq!(importer.daemon.post("/groups", &importer.ada, body).await.status, 201);
            longest = longest.max(started.elapsed());
        }
        longest
    };
    let (reply, longest) = futures_util::future::join(import, other).await;
    assert_eq!(counts(&reply), (500, 500, 0, 0));
    println!("500 rows in {:?}, another write took {longest:?} at most", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
    assert!(longest < Duration::from_secs(10), "another writer waited {longest:?}");
}
