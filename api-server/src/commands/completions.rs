//! `ssm-server completions`: what makes a shell complete commands and flags.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::cli::{Exit, Outcome};

pub(crate) const EXAMPLES: &str = "\
Examples:
  ssm-server completions bash > /etc/bash_completion.d/ssm-server
  ssm-server completions zsh > \"${fpath[1]}/_ssm-server\"
  ssm-server completions fish > ~/.config/fish/completions/ssm-server.fish";

#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

/// Prints the script for a shell.
pub(crate) fn run(args: &Completions, program: &mut Command) -> Outcome {
    let (mut script, name) = (Vec::new(), program.get_name().to_owned());
    clap_complete::generate(args.shell, program, name, &mut script);
    super::print(&script)?;
    Ok(Exit::Fine)
}
