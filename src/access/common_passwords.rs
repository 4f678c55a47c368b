//! Common passwords, and the small changes that people make to them.
//!
//! Attackers try the common words with capitals, digits at the end and letters written as digits. So a
//! password is reduced in the same way before it is looked up.

/// One word a line, in lower case.
const WORDS: &str = include_str!("common_passwords.txt");

/// Rows of keys and the alphabet: any run of them, forwards or backwards, is common.
const RUNS: [&str; 8] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "zaq1xsw2cde3vfr4bgt5nhy6mju7",
];

/// A word that is repeated is common up to this many characters; lists of common passwords have no longer ones.
const REPEATED_CHARS: usize = 32;

/// Whether the password, or what it reduces to, is common.
pub(super) fn contains(password: &str) -> bool {
    let plain = password.to_lowercase();
    let stems = [plain.clone(), stem(&plain).to_owned(), unleet(&plain), unleet(stem(&plain))];
    stems.iter().any(|stem| {
        let unit = if stem.chars().count() > REPEATED_CHARS { stem } else { repeated_unit(stem) };
        let is_short = unit.is_ascii() && unit.len() < 4;
        is_short || is_run(unit) || WORDS.lines().any(|word| word == unit)
    })
}

/// Whether the password is `word` with no more than digits and signs around it.
pub(super) fn reduces_to(password: &str, word: &str) -> bool {
    let (password, word) = (password.to_lowercase(), word.to_lowercase());
    let candidates = [&password, stem(&password), repeated_unit(stem(&password))];
    word.chars().count() > 3
        && candidates.iter().any(|candidate| *candidate == word || *candidate == stem(&word))
}

/// The word without digits and signs around it; the whole where it has nothing else.
fn stem(word: &str) -> &str {
    let trimmed = word.trim_matches(|letter: char| !letter.is_alphabetic());
    if trimmed.is_empty() { word } else { trimmed }
}

/// Letters that are written as digits and signs.
fn unleet(word: &str) -> String {
    let letter = |letter| match letter {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    stem(&word.chars().map(letter).collect::<String>()).to_owned()
}

/// `abcabcabc` is `abc`.
fn repeated_unit(word: &str) -> &str {
    let ends = word.char_indices().map(|(at, _)| at).skip(1);
    let unit = ends
        .map(|end| &word[..end])
        .find(|unit| word.len().is_multiple_of(unit.len()) && unit.repeat(word.len() / unit.len()) == word);
    unit.unwrap_or(word)
}

fn is_run(word: &str) -> bool {
    let backwards: String = word.chars().rev().collect();
    RUNS.iter().any(|run| run.contains(word) || run.contains(&backwards))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_word_is_found_through_its_disguises() {
        for password in [
            "password1234",
            "Password2026!",
            "P@$$w0rd1234",
            "passwordpassword",
            "123456789012",
            "210987654321",
            "000000000000",
            "abababababab",
            "123412341234",
            "abcdefghijkl",
            "qwertyuiopas",
            "1q2w3e4r5t6y",
            "administrator",
            "!!!letmein!!!2026",
            "iloveyou123456",
            "correcthorsebatterystaple",
            "postgresql123",
            "pganalytics1234",
            "changemenow!",
        ] {
            assert!(contains(password), "{password}");
        }
    }

    #[test]
    fn an_uncommon_one_passes_though_common_words_are_in_it() {
        for password in
            ["correct horse battery", "admin-likes-gravel", "password of the lake", "xk2!pq9-mm41z"]
        {
            assert!(!contains(password), "{password}");
        }
    }

    /// It is weak, but it stands in no list; length is what counts.
    #[test]
    fn a_long_repetition_and_one_of_other_letters_than_those_of_english_are_not_common() {
        for password in ["x".repeat(256), "abcd".repeat(64), "é".repeat(12), "日本語".repeat(4)] {
            assert!(!contains(&password), "{password}");
        }
        assert!(contains(&"x".repeat(REPEATED_CHARS)));
    }

    #[test]
    fn the_words_are_in_the_form_that_is_looked_up() {
        for word in WORDS.lines() {
            assert!(!word.is_empty() && word == word.trim() && word == word.to_lowercase(), "{word:?}");
        }
    }
}
