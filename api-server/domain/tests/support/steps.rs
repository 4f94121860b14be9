//! Random commands over so few names that they keep running into each other.

mod changing;

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use ssm_domain::access::{Action, ActionSet};
use ssm_domain::caller::Actor;
use ssm_domain::command::Draft;
use ssm_domain::configs::DeleteConfig;
use ssm_domain::id::{ConfigId, ProjectId, TokenId};
use ssm_domain::projects::DeleteProject;
use ssm_domain::rejection::Rejection;
use ssm_domain::secrets::{ExpectedRevision, Written};
use ssm_domain::state::State;
use ssm_domain::time::Timestamp;
use ssm_domain::tokens::{Holder, IssueToken, RevokeToken, ScopeRequest};

use super::{World, create_config, create_project, path, slug, write};

pub use changing::Changing;

pub const PROJECTS: [&str; 2] = ["web", "api"];
pub const CONFIGS: [&str; 4] = ["base", "dev", "prod", "eu"];
pub const KEYS: [&str; 4] = ["A", "B", "C", "D"];
const VALUES: [&str; 3] = ["", "one", "two"];

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum By {
    Owner,
    System,
    Anonymous,
    /// The holder of one of the tokens that were issued, counted modulo their number.
    Token(usize),
}

/// A scope to be asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub actions: Option<Vec<Action>>,
    pub project: Option<&'static str>,
    pub config: Option<&'static str>,
}

/// Which revision a writer believes in.
#[derive(Debug, Clone, Copy)]
pub enum Belief {
    None,
    Right,
    Wrong,
    OtherEpoch,
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Step {
    CreateProject(&'static str),
    DeleteProject(&'static str),
    CreateConfig {
        at: String,
        parent: Option<&'static str>,
    },
    DeleteConfig(String),
    Change(Changing),
    Write {
        at: String,
        set: Vec<(&'static str, &'static str)>,
        delete: Vec<&'static str>,
        belief: Belief,
    },
    Issue {
        personal: bool,
        scopes: Vec<Wanted>,
        hours: Option<u64>,
    },
    Revoke(usize),
    Wait,
}

/// What a step is answered with.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Nothing,
    Project(ProjectId),
    Config(ConfigId),
    /// A config, and its revision with that.
    Updated(ConfigId, u64),
    Written(Written),
    Issued(TokenId, Option<Timestamp>),
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

fn config_path() -> impl Strategy<Value = String> {
    (one_of(&PROJECTS), one_of(&CONFIGS))
        .prop_map(|(project, config)| format!("{project}/{config}"))
}

fn wanted() -> impl Strategy<Value = Wanted> {
    const ACTIONS: [Action; 9] = [
        Action::ProjectsWrite,
        Action::ConfigsWrite,
        Action::SecretsRead,
        Action::SecretsWrite,
        Action::SecretsDelete,
        Action::TokensRead,
        Action::TokensWrite,
        Action::TokensRevoke,
        Action::UsersManage,
    ];
    let actions = proptest::sample::subsequence(&ACTIONS[..], 0..=ACTIONS.len());
    (
        proptest::option::weighted(0.8, actions),
        proptest::option::weighted(0.7, one_of(&PROJECTS)),
        proptest::option::weighted(0.4, one_of(&CONFIGS)),
    )
        .prop_map(|(actions, project, config)| Wanted {
            actions,
            project,
            config,
        })
}

pub fn by() -> impl Strategy<Value = By> {
    prop_oneof![
        20 => Just(By::Owner),
        20 => (0..8usize).prop_map(By::Token),
        2 => Just(By::System),
        1 => Just(By::Anonymous),
    ]
}

fn writing() -> impl Strategy<Value = Step> {
    let belief = prop_oneof![
        12 => Just(Belief::None),
        3 => Just(Belief::Right),
        1 => Just(Belief::Wrong),
        1 => Just(Belief::OtherEpoch),
    ];
    let set = vec((one_of(&KEYS), one_of(&VALUES)), 0..3);
    let delete = prop_oneof![3 => Just(Vec::new()), 1 => vec(one_of(&KEYS), 1..3)];
    (config_path(), set, delete, belief).prop_map(|(at, set, delete, belief)| Step::Write {
        at,
        set,
        delete,
        belief,
    })
}

fn issuing() -> impl Strategy<Value = Step> {
    let service = proptest::option::weighted(0.5, 0..60u64).prop_map(|hours| (false, hours));
    let personal = proptest::option::weighted(0.9, 0..30u64).prop_map(|hours| (true, hours));
    let scopes = prop_oneof![1 => Just(Vec::new()), 15 => vec(wanted(), 1..3)];
    (prop_oneof![service, personal], scopes).prop_map(|((personal, hours), scopes)| Step::Issue {
        personal,
        scopes,
        hours,
    })
}

pub fn step() -> impl Strategy<Value = Step> {
    let inheriting = (config_path(), proptest::option::of(one_of(&CONFIGS)));
    prop_oneof![
        3 => one_of(&PROJECTS).prop_map(Step::CreateProject),
        1 => one_of(&PROJECTS).prop_map(Step::DeleteProject),
        8 => inheriting.prop_map(|(at, parent)| Step::CreateConfig { at, parent }),
        3 => config_path().prop_map(Step::DeleteConfig),
        22 => changing::changing().prop_map(Step::Change),
        24 => writing(),
        10 => issuing(),
        2 => (0..8usize).prop_map(Step::Revoke),
        1 => Just(Step::Wait),
    ]
}

/// A random run, who asks for what: first enough to have something to run into, then anything.
pub fn run(longest: usize) -> impl Strategy<Value = Vec<(By, Step)>> {
    vec((by(), step()), 1..longest).prop_map(|steps| {
        let mut run = furnishing();
        run.extend(steps);
        run
    })
}

/// A few projects, configs and tokens, made by the owner.
pub fn furnishing() -> Vec<(By, Step)> {
    let config = |at: &str, parent| Step::CreateConfig {
        at: at.into(),
        parent,
    };
    let token = |actions: &[Action], project, config| Step::Issue {
        personal: false,
        scopes: vec![Wanted {
            actions: Some(actions.into()),
            project,
            config,
        }],
        hours: None,
    };
    let steps = [
        Step::CreateProject("web"),
        Step::CreateProject("api"),
        config("web/base", None),
        config("web/dev", Some("base")),
        config("web/prod", Some("base")),
        config("web/eu", Some("prod")),
        config("api/base", None),
        token(Action::ALL, Some("web"), None),
        token(
            &[Action::ConfigsWrite, Action::SecretsWrite],
            Some("web"),
            None,
        ),
        token(&[Action::SecretsWrite], Some("web"), Some("eu")),
        token(
            &[Action::SecretsRead, Action::TokensRead],
            Some("api"),
            None,
        ),
    ];
    steps.map(|step| (By::Owner, step)).into()
}

/// The actor, given the tokens that were issued so far.
pub fn actor(world: &World, by: By, tokens: &[TokenId]) -> Actor {
    match by {
        By::Owner => world.owner(),
        By::System => Actor::System,
        By::Token(nth) if !tokens.is_empty() => Actor::Token(tokens[nth % tokens.len()]),
        By::Anonymous | By::Token(_) => Actor::Anonymous,
    }
}

/// Decides a step; [`Step::Wait`] changes nothing by itself.
pub fn decide(
    world: &mut World,
    step: &Step,
    actor: &Actor,
    tokens: &[TokenId],
) -> Result<Draft<Answer>, Rejection> {
    decide_believing(world, &world.state.clone(), step, actor, tokens)
}

/// Decides a step for somebody who believes the revisions to be those of `believed`.
pub fn decide_believing(
    world: &mut World,
    believed: &State,
    step: &Step,
    actor: &Actor,
    tokens: &[TokenId],
) -> Result<Draft<Answer>, Rejection> {
    match step {
        Step::CreateProject(slug) => world
            .decide(&create_project(slug), actor)
            .map(|draft| answered(draft, |made| Answer::Project(made.id))),
        Step::DeleteProject(name) => world
            .decide(&DeleteProject { slug: slug(name) }, actor)
            .map(|draft| answered(draft, |()| Answer::Nothing)),
        Step::CreateConfig { at, parent } => world
            .decide(&create_config(at, *parent), actor)
            .map(|draft| answered(draft, |made| Answer::Config(made.id))),
        Step::DeleteConfig(at) => world
            .decide(&DeleteConfig { path: path(at) }, actor)
            .map(|draft| answered(draft, |()| Answer::Nothing)),
        Step::Change(change) => changing::decide(world, change, actor),
        Step::Write {
            at,
            set,
            delete,
            belief,
        } => {
            let mut command = write(at, set, delete);
            command.expected = expected(believed, at, *belief);
            world
                .decide(&command, actor)
                .map(|draft| answered(draft, Answer::Written))
        }
        Step::Issue {
            personal,
            scopes,
            hours,
        } => {
            let command = IssueToken {
                holder: if *personal {
                    Holder::Myself
                } else {
                    Holder::Service("ci".parse().unwrap())
                },
                scopes: scopes.iter().map(request).collect(),
                cidrs: Vec::new(),
                ttl: hours.map(Duration::from_hours),
            };
            world.decide(&command, actor).map(|draft| {
                answered(draft, |issued| {
                    Answer::Issued(issued.token_id, issued.expires_at)
                })
            })
        }
        Step::Revoke(nth) => {
            let token_id = match tokens {
                [] => TokenId::MIN,
                tokens => tokens[nth % tokens.len()],
            };
            world
                .decide(&RevokeToken { token_id }, actor)
                .map(|draft| answered(draft, |()| Answer::Nothing))
        }
        Step::Wait => unreachable!("waiting is no command"),
    }
}

fn answered<A>(draft: Draft<A>, answer: impl FnOnce(A) -> Answer) -> Draft<Answer> {
    let (draft, given) = draft.split();
    let mut mapped = Draft::new(draft.actor, draft.action, draft.target, answer(given));
    mapped.changes = draft.changes;
    mapped.values = draft.values;
    mapped.records = draft.records;
    mapped.destroyed = draft.destroyed;
    mapped
}

fn expected(state: &State, at: &str, belief: Belief) -> Option<ExpectedRevision> {
    let epoch = state.journal()?.epoch;
    let revision = state
        .config_at(&path(at))
        .map_or(0, |config| config.revision);
    match belief {
        Belief::None => None,
        Belief::Right => Some(ExpectedRevision { epoch, revision }),
        Belief::Wrong => Some(ExpectedRevision {
            epoch,
            revision: revision + 1,
        }),
        Belief::OtherEpoch => Some(ExpectedRevision {
            epoch: ssm_domain::id::Epoch::MIN,
            revision,
        }),
    }
}

fn request(wanted: &Wanted) -> ScopeRequest {
    ScopeRequest {
        actions: wanted.actions.as_deref().map(ActionSet::of),
        project: wanted.project.map(slug),
        config: wanted.config.map(slug),
    }
}
