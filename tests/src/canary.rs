//! Canaries: every secret value and password of the tests carries a mark that must never show up where secrets do not
//! belong. [`sightings`] looks for them, and for anything with the form of a token.

use std::{fs, io::Read as _, path::Path};

use anyhow::{Context as _, Result};

/// The mark.
const MARK: &str = "c4n4ry";
/// The beginning of a token, and how many base62 characters follow.
const TOKEN: (&str, usize) = ("ssm_", 49);

/// A secret value with the mark in it.
pub fn value(name: &str) -> String {
    format!("{MARK}-{name}")
}

/// A password with the mark in it.
pub fn password() -> String {
    format!("{MARK}-Passw0rd!")
}

/// Whether `text` holds a marked value, or something with the form of a token.
pub fn is_in(text: &[u8]) -> bool {
    find(text, MARK.as_bytes()).next().is_some()
        || find(text, TOKEN.0.as_bytes()).any(|at| is_token(&text[at..]))
}

fn is_token(text: &[u8]) -> bool {
    let random = &text[TOKEN.0.len()..];
    random
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count()
        >= TOKEN.1
}

fn find<'a>(text: &'a [u8], part: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    text.windows(part.len())
        .enumerate()
        .filter(move |(_, window)| *window == part)
        .map(|(at, _)| at)
}

/// The files below `dir` in which a canary sits.
pub fn sightings(dir: &Path) -> Result<Vec<String>> {
    files_with(dir, is_in)
}

/// Whether `part` is in any file below `dir`.
pub fn is_below(dir: &Path, part: &[u8]) -> Result<bool> {
    let found = files_with(dir, |text| find(text, part).next().is_some())?;
    Ok(!found.is_empty())
}

fn files_with(dir: &Path, wanted: impl Fn(&[u8]) -> bool) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).with_context(|| format!("cannot list {}", dir.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.is_file() {
                let mut text = Vec::new();
                fs::File::open(&path)?.read_to_end(&mut text)?;
                if wanted(&text) {
                    found.push(path.display().to_string());
                }
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{is_in, password, value};

    #[test]
    fn values_passwords_and_tokens_are_seen_and_nothing_else_is() {
        for seen in [
            value("x"),
            password(),
            format!("token=ssm_{}", "a".repeat(49)),
        ] {
            assert!(is_in(format!("log line {seen} goes on").as_bytes()));
        }
        for unseen in ["", "ssm_operator_syncs_total 4", "ssm_"] {
            assert!(!is_in(unseen.as_bytes()));
        }
    }
}
