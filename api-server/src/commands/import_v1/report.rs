//! What somebody is told of an import: what comes along, what does not and why, and what is left to do. Values are never in
//! it, and of names only those that are names here.

use std::fmt::Write as _;

use ssm_domain::names::Username;

/// The most lines of one kind that are shown.
const MOST_SHOWN: usize = 200;
/// The most characters of a name that are shown: a key with its project and config fits.
const LONGEST_NAME: usize = 400;

/// What an import comes to, before or after it is carried out.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// How much comes along.
    pub counts: Counts,
    /// What does not come along.
    pub lost: Vec<Note>,
    /// What comes along otherwise than it was.
    pub changed: Vec<Note>,
    /// Tokens that were good for something, to be issued anew.
    pub tokens: Vec<String>,
    /// How many tokens were revoked.
    pub revoked_tokens: usize,
    /// Who comes along.
    pub people: People,
    /// How many entries the former key-value store has.
    pub kv: u64,
    /// Collections that nothing is known of.
    pub unknown: Vec<String>,
}

/// Who comes along.
#[derive(Debug, Default)]
pub(super) struct People {
    /// Owners, who have to come in first.
    pub owners: Vec<Username>,
    /// Everybody else who could sign in.
    pub others: Vec<Username>,
    /// Whoever was disabled there, too.
    pub disabled: Vec<Username>,
}

/// How much comes along.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub projects: usize,
    pub configs: usize,
    pub secrets: usize,
    pub references: usize,
    pub members: usize,
    pub groups: usize,
    pub group_members: usize,
    pub roles: usize,
    pub mappings: usize,
    pub settings: usize,
    pub events: usize,
}

/// Something about one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// The collection that it is in.
    pub collection: &'static str,
    /// What it is called.
    pub name: String,
    /// What there is to say.
    pub why: String,
}

impl Report {
    /// Something does not come along.
    pub(super) fn lose(
        &mut self,
        collection: &'static str,
        name: &(impl ToString + ?Sized),
        why: &(impl ToString + ?Sized),
    ) {
        self.lost.push(Note::new(collection, name, why));
    }

    /// Something comes along otherwise than it was.
    pub(super) fn change(
        &mut self,
        collection: &'static str,
        name: &(impl ToString + ?Sized),
        why: &(impl ToString + ?Sized),
    ) {
        self.changed.push(Note::new(collection, name, why));
    }

    /// The whole of it as text.
    pub(super) fn text(&self) -> String {
        let mut text = "What comes along:\n".to_owned();
        for (what, count, more) in self.counts.lines() {
            let _ = writeln!(text, "  {count:>7}  {what}{more}");
        }
        let lost = "\nWhat does NOT come along:\n";
        notes(&mut text, lost, &self.lost);
        let changed = "\nWhat comes along otherwise than it was:\n";
        notes(&mut text, changed, &self.changed);
        if self.kv > 0 || !self.unknown.is_empty() {
            text += "\nWhat is left aside:\n";
        }
        if self.kv > 0 {
            let _ = writeln!(
                text,
                "  {} entries of kv, the former key-value store, which has no place here",
                self.kv
            );
        }
        for name in &self.unknown {
            let name = visible(name);
            let _ = writeln!(text, "  the collection {name}, of which nothing is known");
        }
        self.push_tokens(&mut text);
        self.push_people(&mut text);
        text
    }

    fn push_tokens(&self, text: &mut String) {
        if self.tokens.is_empty() && self.revoked_tokens == 0 {
            return;
        }
        *text += "\nTokens cannot be carried over. Issue those anew that are needed:\n";
        list(text, &self.tokens, Clone::clone);
        if self.revoked_tokens > 0 {
            let _ = writeln!(text, "  {} that were revoked", self.revoked_tokens);
        }
    }

    fn push_people(&self, text: &mut String) {
        let People {
            owners,
            others,
            disabled,
        } = &self.people;
        let first = owners.first().or(others.first()).or(disabled.first());
        let Some(first) = first else {
            *text += "\nNobody comes along: the first who signs up is the owner\n";
            return;
        };
        *text += "\nPasswords cannot be carried over, so everybody is disabled until they get a new one. Before the server is \
                  started, at least for one owner, and with the same settings as the import:\n";
        let _ = writeln!(text, "  ssm-server admin reset-password {first}");
        if owners.is_empty() {
            *text += "  No owner could sign in; this makes one: ssm-server admin create NAME --role owner\n";
        }
        for (what, who) in [
            ("owners", owners),
            ("others", others),
            ("disabled before, too", disabled),
        ] {
            if !who.is_empty() {
                let names: Vec<_> = who.iter().map(Username::as_str).collect();
                let _ = writeln!(text, "  {what}: {}", names.join(", "));
            }
        }
    }
}

impl Note {
    fn new(
        collection: &'static str,
        name: &(impl ToString + ?Sized),
        why: &(impl ToString + ?Sized),
    ) -> Self {
        let (name, why) = (name.to_string(), why.to_string());
        Self {
            collection,
            name,
            why,
        }
    }
}

impl Counts {
    fn lines(&self) -> [(&'static str, usize, String); 9] {
        let references = format!(", {} of them with references", self.references);
        let inside = format!(", with {} people in them", self.group_members);
        let none = String::new;
        [
            ("projects", self.projects, none()),
            ("configs", self.configs, none()),
            ("secrets", self.secrets, references),
            (
                "members",
                self.members,
                ", disabled until they get a password".to_owned(),
            ),
            ("groups", self.groups, inside),
            ("roles in projects", self.roles, none()),
            ("group mappings", self.mappings, none()),
            ("settings of the workspace", self.settings, none()),
            (
                "audit events",
                self.events,
                ", marked as imported".to_owned(),
            ),
        ]
    }
}

fn notes(text: &mut String, title: &str, notes: &[Note]) {
    if notes.is_empty() {
        return;
    }
    *text += title;
    list(text, notes, |note| {
        let name = visible(&note.name);
        format!("{} {name}: {}", note.collection, note.why)
    });
}

/// What there is of one kind, as far as anybody would read it.
fn list<T>(text: &mut String, all: &[T], line: impl Fn(&T) -> String) {
    for one in all.iter().take(MOST_SHOWN) {
        let _ = writeln!(text, "  {}", line(one));
    }
    if all.len() > MOST_SHOWN {
        let _ = writeln!(text, "  … and {} more", all.len() - MOST_SHOWN);
    }
}

/// A name that nobody checked, so that it does nothing to a terminal.
pub(super) fn visible(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control());
    shown.take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_NAME, Report};

    #[test]
    fn what_a_document_is_called_does_nothing_to_a_terminal() {
        let mut report = Report::default();
        report.lose("projects", "\u{1b}[2J\rweb\n", "slug is missing");
        report.lose("projects", &"x".repeat(1_000), "slug is missing");
        let text = report.text();
        assert!(
            text.contains("  projects [2Jweb: slug is missing\n"),
            "{text}"
        );
        assert!(text.contains(&format!(" {}: slug", "x".repeat(LONGEST_NAME))));
        assert!(!text.contains(['\u{1b}', '\r']));
    }
}
