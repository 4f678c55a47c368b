//! Rust source text with everything blanked that is no code.

/// The source with the insides of comments, strings and characters blanked; lines stay where they are.
pub(super) fn code_of(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < letters.len() {
        let end = match (letters[at], letters.get(at + 1)) {
            ('/', Some('/')) => end_of(&letters, at, '\n'),
            ('/', Some('*')) => end_of_comment(&letters, at),
            ('"', _) => end_of_string(&letters, at),
            ('r', Some('"' | '#')) if !is_name(letters.get(at.wrapping_sub(1))) => end_of_raw(&letters, at),
            ('\'', Some('\\')) => end_of(&letters, at + 3, '\'') + 1,
            ('\'', Some(_)) if letters.get(at + 2) == Some(&'\'') => at + 3,
            _ => at,
        };
        if end <= at {
            code.push(letters[at]);
            at += 1;
        } else {
            let blanked = &letters[at..end.min(letters.len())];
            code.extend(blanked.iter().map(|letter| if *letter == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

pub(super) fn is_name(letter: Option<&char>) -> bool {
    letter.is_some_and(|letter| letter.is_alphanumeric() || *letter == '_')
}

/// The place of the next `end`, or the end of the text.
fn end_of(letters: &[char], from: usize, end: char) -> usize {
    let found = letters.iter().skip(from).position(|letter| *letter == end);
    found.map_or(letters.len(), |found| from + found)
}

fn end_of_comment(letters: &[char], from: usize) -> usize {
    let mut depth = 0;
    let mut at = from;
    while at + 1 < letters.len() {
        match (letters[at], letters[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    letters.len()
}

fn end_of_string(letters: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < letters.len() && letters[at] != '"' {
        at += if letters[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The end of `r"..."` or `r#"..."#`; `from` itself for a raw name such as `r#type`.
fn end_of_raw(letters: &[char], from: usize) -> usize {
    let hashes = letters[from + 1..].iter().take_while(|letter| **letter == '#').count();
    if letters.get(from + 1 + hashes) != Some(&'"') {
        return from;
    }
    let mut at = from + 2 + hashes;
    while at < letters.len() {
        let closing = letters[at + 1..].iter().take(hashes).filter(|letter| **letter == '#').count();
        if letters[at] == '"' && closing == hashes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    letters.len()
}

/// Whether the code has `word` as a whole word.
pub(super) fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(place, _)| {
        let before = code[..place].chars().next_back();
        let after = code[place + word.len()..].chars().next();
        !is_name(before.as_ref()) && !is_name(after.as_ref())
    })
}

#[test]
fn strings_and_comments_are_no_code() {
    let text = "a /* b /* c */ d */ e \"f\\\" g\" h r#\"i \" j\"# k 'l' m '\\'' n 'o: p // q\nr#type s";
    let code = code_of(text);
    let words: Vec<&str> = code.split_whitespace().collect();
    assert_eq!(words, ["a", "e", "h", "k", "m", "n", "'o:", "p", "r#type", "s"]);
    assert_eq!(code.lines().count(), 2);
}
