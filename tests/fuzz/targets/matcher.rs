//! Matchers, as they stand in a query: read or refused, at a place that lies in the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pganalytics::metrics::Matcher;

fuzz_target!(|text: &str| {
    match text.parse::<Matcher>() {
        Ok(matcher) => assert!(matcher.name.len() <= text.len()),
        Err(error) => assert!(error.at <= text.chars().count() + 1, "{error:?}"),
    }
});
