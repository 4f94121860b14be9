//! Data that templates make of the keys. Pure.
//!
//! A template is written by whoever may write the resource, and so is hostile. It sees the keys that were chosen and nothing
//! else: there is no loader, so nothing to include, no clock, no chance, no file, no environment and no network. What it makes
//! is values of the Secret's data, never names, types or metadata. What it may cost is bounded before it is spent: the engine's
//! fuel bounds time and memory, the [`language`] leaves out what the fuel does not see, the output is counted while it is written,
//! and each template has a stack that is deep enough for whatever its length can nest.
//!
//! No error holds a value: of what the engine says, only kinds, lines and words of the template itself are passed on.

mod failure;
mod filters;
mod keys;
mod language;
mod limits;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use k8s_openapi::ByteString;
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use crate::crd;
use crate::format::texts;
use crate::keys::{Selected, shown};
use crate::problem::Problem;
use keys::{Keys, Root};
use limits::{Budget, Capped, on_deep_stack};

/// The data that the templates make, all of it or none.
pub fn render(
    template: &crd::Template,
    selected: &Selected<'_>,
) -> Result<BTreeMap<String, ByteString>, Problem> {
    let texts = texts(selected)?;
    if let Some((key, _)) = texts.iter().find(|(_, value)| value.contains('\0')) {
        return Err(Problem::NotText { key: shown(key) });
    }
    let keys = Arc::new(Keys::new(&texts));
    let mut budget = Budget::default();
    let mut data = BTreeMap::new();
    for (key, text) in &template.data {
        let failed = |line, why| Problem::Template {
            key: shown(key),
            line,
            why,
        };
        if text.chars().count() > crd::MAX_TEMPLATE {
            return Err(failed(None, "it is too long".to_owned()));
        }
        let made = on_deep_stack(|| one(text, &keys, budget));
        let made = made.unwrap_or_else(|| Err((None, "the template engine failed".to_owned())));
        let (value, left) = made.map_err(|(line, why)| failed(line, why))?;
        budget = left;
        data.insert(key.clone(), ByteString(value));
    }
    Ok(data)
}

/// What one template makes, and what is left for the others. The error is a line and words.
fn one(
    text: &str,
    keys: &Arc<Keys>,
    budget: Budget,
) -> Result<(Vec<u8>, Budget), (Option<usize>, String)> {
    let mut engine = engine().clone();
    let words = language::check(text, engine.syntax())?;
    let Some(words) = budget.words.checked_sub(words) else {
        let why = format!(
            "all templates together have more than {} words",
            limits::MAX_WORDS
        );
        return Err((None, why));
    };
    engine.set_fuel(Some(budget.fuel));
    let compiled = engine.template_from_str(text);
    let compiled = compiled.map_err(|error| (error.line(), failure::of_syntax(&error)))?;
    let mut output = Capped::new(budget.bytes);
    let root = Value::from_object(Root(Arc::clone(keys)));
    match compiled.render_captured_to(root, &mut output) {
        Ok(captured) => {
            let fuel = captured.state().fuel_levels().map_or(0, |(_, left)| left);
            let value = output.into_bytes();
            let bytes = budget.bytes - value.len();
            Ok((value, Budget { words, fuel, bytes }))
        }
        Err(error) => {
            let is_global = |name: &str| engine.globals().any(|(global, _)| global == name);
            let missed = keys.missed();
            let missed = missed.iter().rev().filter(|miss| !is_global(&miss.name));
            Err((error.line(), failure::of_run(&error, text, missed)))
        }
    }
}

/// The engine without what may change by itself, and without what makes one value of several; see [`language`].
fn engine() -> &'static Environment<'static> {
    static ENGINE: OnceLock<Environment<'static>> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut engine = Environment::new();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        engine.set_auto_escape_callback(|_| AutoEscape::None);
        // What is outside of tags stays as it is, to the last byte.
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
        engine.set_syntax(syntax.expect("only the delimiters could be wrong"));
        for global in ["debug", "dict", "namespace"] {
            engine.remove_global(global);
        }
        for filter in [
            "batch", "chain", "groupby", "map", "pprint", "slice", "sum", "zip",
        ] {
            engine.remove_filter(filter);
        }
        filters::add(&mut engine);
        engine
    })
}

#[cfg(test)]
mod tests;
