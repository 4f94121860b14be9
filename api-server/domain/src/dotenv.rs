//! `.env` files in and out, without any I/O. Nothing is ever expanded or executed, and no error holds a part of the
//! file: only line numbers leave this module beside the assignments themselves.
//!
//! No standard says what a `.env` file is. Four readers decide in practice: Docker Compose (compose-go), `dotenv` for
//! Node, `python-dotenv`, and `sh` with `set -a; . ./file`. What all four read to the same bytes is what [`write()`]
//! writes. Where they disagree about a file that comes in, [`parse()`] takes the reading of the majority, or of the
//! only one for which somebody can have meant it, and refuses what would otherwise be guessed.
//!
//! | in the file | read as | who reads it so |
//! |---|---|---|
//! | `A=b#c`, `A=#c` | `b#c`, `#c` | Compose, Python, sh; Node cuts at `#` |
//! | `A=b #c`, `A= #c` | `b`, empty | all; Compose wants a space before `#` and text before that |
//! | `A=$B`, `A=${B}`, `A=$(id)` | literally | nobody expands the same; here nothing is expanded |
//! | `A=it's`, `A={"a": 1}`, `A=b"c"` | literally: quotes count only as the first character | Compose, Node, Python |
//! | `A=b\n`, `A=C:\dir` | literally: no escapes without quotes | Compose, Node, Python |
//! | `A=1 B=2` | one assignment, `1 B=2` | Compose, Node, Python |
//! | `A =v`, `A= v` | `v` | Compose, Node, Python; an error to sh |
//! | white space around a key or an unquoted value | dropped, no-break spaces too; kept inside a value | Compose, Node, Python |
//! | `export A=1` | as without | all |
//! | `'…'` | verbatim, over many lines, but `\'` is `'` | Compose, Python; `\` before anything else stays, as all but Python have it |
//! | `'a'\''b'`, `'a'"'"'b'` | `a'b` | sh; the others reject or mangle it |
//! | `"…"` | over many lines; `\"` `\\` `\$` `` \` `` stand for the second character, `\n` `\r` `\t` for line feed, carriage return and tab; `\` before anything else stays | each by at least two of the four, `` \` `` by sh |
//! | `` `…` `` | verbatim, over many lines | Node; the others keep the backticks or run a command |
//! | `"x"#c`, `"x" # c` | `x` | Compose, Node, Python; sh only with the space |
//! | `"x"y`, `"x" "y"` | an error | nobody agrees |
//! | a quote that is never closed | an error at the line that opened it | Compose, Python, sh |
//! | `KEY`, `export KEY` | an error | means five different things |
//! | `="v"` | an error | Compose makes a nameless variable |
//! | `A: 1` | an error that says so | Compose and Node take it, Python and sh do not |
//! | the same key twice, even with the same value | an error naming both lines | all let the last win; in a file of secrets it is a mistake |
//! | CRLF, a lone CR | a line end, and a line feed in a quoted value | Node, Python |
//! | a BOM in front | skipped | Compose, Node, Python |
//! | NUL, bytes that are not UTF-8 | an error | no environment holds a NUL |

mod parse;
mod quotes;
mod write;

#[cfg(test)]
mod tests;

pub use parse::{Assignment, ParseError, ParseErrorKind, parse};
pub use write::{NotPortable, write};

/// The longest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;
/// The longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 253;
/// The most keys in one file.
pub const MAX_KEYS: usize = 5_000;
/// The most broken lines that are listed before reading stops, so that garbage does not make an answer larger than
/// itself.
pub const MAX_ERRORS: usize = 1_000;
