//! Secrets that a command needs: from variables, files, standard input or a prompt, never from arguments, which any user
//! of the machine can see.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use anyhow::{Context as _, Result, anyhow};
use ssm_domain::credential::check_new_password;
use ssm_domain::names::Username;
use ssm_domain::secret::Password;
use zeroize::Zeroizing;

use crate::cli::Failure;
use crate::private_file;

/// The most bytes of a token's file.
const MAX_TOKEN: usize = 4_096;
/// The most bytes of a line with a secret.
const MAX_LINE: u64 = 4_096;

/// The token that calls the server.
pub(crate) fn token() -> Result<ssm_client::Token, Failure> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let text = match (variable("SSM_TOKEN"), variable("SSM_TOKEN_FILE")) {
        (Some(_), Some(_)) => {
            return Err(Failure::Usage(anyhow!(
                "SSM_TOKEN and SSM_TOKEN_FILE are both set; keep one of them"
            )));
        }
        (Some(token), None) => token.into(),
        (None, Some(path)) => private_file::read(path.as_ref(), MAX_TOKEN)
            .with_context(|| format!("the token file {path} is refused"))?,
        (None, None) => line("Token: ")?,
    };
    match text.trim() {
        "" => Err(Failure::Usage(anyhow!(
            "a token is needed: set SSM_TOKEN or SSM_TOKEN_FILE, or give it on standard input"
        ))),
        token => Ok(ssm_client::Token::new(token)),
    }
}

/// A new password for `username`; asked for twice where somebody types it.
pub(crate) fn new_password(username: &Username) -> Result<Password, Failure> {
    let text = line("New password: ")?;
    if io::stdin().is_terminal() && *line("The same again: ")? != *text {
        return Err(Failure::Failed(anyhow!(
            "the two passwords are not the same"
        )));
    }
    let password = Password::new(text.to_string());
    match check_new_password(&password, username) {
        Ok(()) => Ok(password),
        Err(why) => Err(Failure::Usage(anyhow!("the password {why}"))),
    }
}

/// One line, without its end: typed unseen, or the first of standard input.
fn line(prompt: &str) -> Result<Zeroizing<String>> {
    if io::stdin().is_terminal() {
        let typed = rpassword::prompt_password(prompt).context("nothing can be typed in here")?;
        return Ok(Zeroizing::new(typed));
    }
    let mut line = Zeroizing::new(String::new());
    io::stdin()
        .lock()
        .take(MAX_LINE)
        .read_line(&mut line)
        .context("standard input cannot be read")?;
    let text = line.strip_suffix('\n').unwrap_or(&line);
    Ok(Zeroizing::new(
        text.strip_suffix('\r').unwrap_or(text).to_owned(),
    ))
}
