//! Where version 1.4 kept its data. A connection string may hold a password, and then it is no argument.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::Args;
use ssm_journal_mongodb::MongoOptions;

use crate::cli::Failure;
use crate::config::holds_password;
use crate::private_file;

/// More than any connection string has.
const MAX_BYTES: usize = 4_096;
/// The variable with a connection string.
const VARIABLE: &str = "IMPORT_FROM";

#[derive(Args)]
pub(super) struct Origin {
    /// Connection string of the MongoDB of version 1.4, without a password
    #[arg(long, value_name = "URI", conflicts_with = "from_file")]
    from: Option<String>,
    /// File with that connection string, which may have a password in it; the variable `IMPORT_FROM` holds the string itself
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Version 1.4's database of projects and secrets
    #[arg(long, value_name = "NAME", default_value = "secrets_manager_data")]
    from_data_database: String,
    /// Version 1.4's database of people and tokens
    #[arg(long, value_name = "NAME", default_value = "secrets_manager_auth")]
    from_auth_database: String,
}

impl Origin {
    /// What is to be read.
    pub(super) fn options(self) -> Result<MongoOptions, Failure> {
        let variable = std::env::var(VARIABLE).ok();
        let variable = variable.filter(|uri| !uri.is_empty());
        let uri = match (self.from, self.from_file, variable) {
            (Some(uri), None, None) if holds_password(&uri) => {
                return Err(Failure::Usage(anyhow!(
                    "--from has a password in it, which any user of this machine can see; put the connection string into a \
                     file and name that with --from-file, or into the variable {VARIABLE}, and change the password"
                )));
            }
            (Some(uri), None, None) | (None, None, Some(uri)) => uri,
            (None, Some(path), None) => {
                let read = private_file::read(&path, MAX_BYTES);
                let read = read.with_context(|| {
                    format!(
                        "the file {} with the connection string is refused",
                        path.display()
                    )
                });
                read?.trim().to_owned()
            }
            (None, None, None) => {
                return Err(Failure::Usage(anyhow!(
                    "where version 1.4 kept its data is not said; name it with --from, --from-file or the variable {VARIABLE}"
                )));
            }
            (Some(_) | None, Some(_) | None, Some(_) | None) => {
                return Err(Failure::Usage(anyhow!(
                    "of --from, --from-file and {VARIABLE} more than one is given; keep one"
                )));
            }
        };
        Ok(MongoOptions {
            uri,
            user: None,
            data: self.from_data_database,
            auth: self.from_auth_database,
        })
    }
}
