//! Every crate and package is there for a reason, which a decision record gives.

use std::fs;
use std::path::Path;

/// The names in the dependency sections of a `Cargo.toml`.
fn crates(manifest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_inside = line.ends_with("dependencies]");
        } else if let (true, Some((name, _))) = (is_inside, line.split_once(" = ")) {
            names.push(name);
        }
    }
    names
}

/// The names in the dependency sections of a `package.json`, as npm lays it out.
fn packages(manifest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_inside = false;
    for line in manifest.lines().map(str::trim) {
        match line.strip_prefix('"').and_then(|line| line.split_once("\": ")) {
            Some((section, "{")) => is_inside = section.ends_with("ependencies"),
            Some((name, _)) if is_inside => names.push(name),
            Some(_) => {}
            None => is_inside = false,
        }
    }
    names
}

/// Those that no decision names.
fn unexplained<'a>(dependencies: &[&'a str], decisions: &str) -> Vec<&'a str> {
    let is_named = |name: &str| decisions.contains(&format!("`{name}`"));
    dependencies.iter().copied().filter(|name| !is_named(name)).collect()
}

#[test]
fn every_dependency_has_its_reason_in_a_decision() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let decisions: String = fs::read_dir(root.join("docs/decisions"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let cargo = read("Cargo.toml");
    let (dashboard, browser) = (read("assets/dashboard/package.json"), read("tests/e2e/package.json"));
    let dependencies = [crates(&cargo), packages(&dashboard), packages(&browser)].concat();
    assert!(dependencies.len() > 50, "the manifests were not understood: {dependencies:?}");
    assert_eq!(unexplained(&dependencies, &decisions), [""; 0]);
}

#[test]
fn a_dependency_without_a_reason_is_found() {
    let cargo = "[package]\nname = \"x\"\n[dependencies]\nserde = { version = \"1\" }\n\n[dev-dependencies]\nodd = \"2\"\n[lints]\na = \"b\"\n";
    assert_eq!(crates(cargo), ["serde", "odd"]);
    let npm = "{\n  \"name\": \"x\",\n  \"dependencies\": {\n    \"@a/b\": \"^1\"\n  },\n  \"devDependencies\": {\n    \"c\": \"2\"\n  },\n  \"d\": \"e\"\n}\n";
    assert_eq!(packages(npm), ["@a/b", "c"]);
    assert_eq!(unexplained(&["serde", "odd"], "- `serde` reads; odd is only mentioned"), ["odd"]);
}
