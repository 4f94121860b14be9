//! `ssm-server config`: the settings that the server would start with, and where each is from.

use std::ffi::OsStr;
use std::fmt::Write as _;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args as _, Command};

use crate::cli::{Exit, Outcome};
use crate::config::{Config, SECRETS, Settings};

/// Prints every setting on a line of its own: its name, its value, and where that is from.
pub(crate) fn run(settings: Settings, matches: &ArgMatches) -> Outcome {
    // What would stop a start stops this.
    Config::new(settings)?;
    super::print(table(&rows(matches, |name| std::env::var_os(name).is_some())).as_bytes())?;
    Ok(Exit::Fine)
}

/// A setting's name, its value, and where that is from.
type Row = (String, String, &'static str);

fn rows(matches: &ArgMatches, is_set: impl Fn(&str) -> bool) -> Vec<Row> {
    let settings = Settings::augment_args(Command::new("settings"));
    let public = settings.get_arguments().filter_map(|setting| {
        let name = setting.get_env()?.to_string_lossy().into_owned();
        let id = setting.get_id().as_str();
        let values = matches.get_raw(id).into_iter().flatten();
        let values: Vec<_> = values.map(OsStr::to_string_lossy).collect();
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "variable",
            Some(_) | None => "default",
        };
        Some((name, values.join(","), source))
    });
    let secret = SECRETS.into_iter().map(|name| {
        if is_set(name) {
            (name.to_owned(), "[redacted]".to_owned(), "variable")
        } else {
            (name.to_owned(), String::new(), "default")
        }
    });
    public.chain(secret).collect()
}

fn table(rows: &[Row]) -> String {
    let width =
        |column: fn(&Row) -> &str| rows.iter().map(|row| column(row).len()).max().unwrap_or(0);
    let (names, values) = (width(|row| &row.0), width(|row| &row.1));
    rows.iter()
        .fold(String::new(), |mut table, (name, value, source)| {
            let _ = writeln!(table, "{name:names$}  {value:values$}  {source}");
            table
        })
}
