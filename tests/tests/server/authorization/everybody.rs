//! Who tries: nobody, a token that is dead, machines with every action in every place, and people.

use ssm_tests::caller::Caller;

use super::grants::{ACTIONS, Grants, Need, Proof, Spot, Step, Verdict, all_but, verdict};
use super::world::World;

/// Somebody who tries.
#[derive(Clone)]
pub struct Somebody {
    /// How failures name them.
    pub name: String,
    /// What they prove to be.
    pub proof: Proof,
    /// What they may do.
    pub grants: Grants,
    /// How they call. A machine's token is made where it is needed.
    caller: Option<Caller>,
    /// What they sign in with.
    pub password: Option<(String, String)>,
    /// Their role in the project of the moment, where they have one.
    pub project_role: Option<&'static str>,
}

impl Somebody {
    /// Somebody who is nobody: without a token, or with one that is dead.
    pub fn nobody(name: &str, caller: &Caller) -> Self {
        Self {
            name: name.to_owned(),
            proof: Proof::None,
            grants: Grants::default(),
            caller: Some(caller.clone()),
            password: None,
            project_role: None,
        }
    }

    /// A person who has signed in.
    pub fn person(name: &str, caller: &Caller, grants: Grants, password: (String, String)) -> Self {
        Self {
            name: name.to_owned(),
            proof: Proof::Person,
            grants,
            caller: Some(caller.clone()),
            password: Some(password),
            project_role: None,
        }
    }

    /// The same person once they are disabled: their session is nobody's.
    pub fn disabled(self) -> Self {
        Self {
            name: format!("{} who is disabled", self.name),
            proof: Proof::None,
            grants: Grants::default(),
            ..self
        }
    }

    fn machine(grants: Grants) -> Self {
        let scopes: Vec<_> = grants
            .by_spot()
            .map(|(spot, actions)| match actions.len() {
                0..=3 => format!("{} at {spot:?}", actions.join(" ")),
                many => format!("{many} actions at {spot:?}"),
            })
            .collect();
        Self {
            name: format!("a token for {}", scopes.join(" and ")),
            proof: Proof::Service,
            grants,
            caller: None,
            password: None,
            project_role: None,
        }
    }

    /// How they call in this world.
    pub async fn caller(&self, world: &World) -> Caller {
        match &self.caller {
            Some(caller) => caller.clone(),
            None => world.machine(&self.grants).await,
        }
    }

    /// How an operation answers them.
    pub fn verdict(&self, need: Need) -> Verdict {
        verdict(need, self.proof, &self.grants)
    }
}

/// The machines that try an operation with this need.
pub fn machines(need: Need) -> Vec<Somebody> {
    let mut all: Vec<Grants> = Spot::ALL
        .iter()
        .flat_map(|spot| ACTIONS.iter().map(|action| Grants::of(&[*action], *spot)))
        .collect();
    all.push(Grants::of(&ACTIONS, Spot::Foreign));
    all.push(Grants::of(&ACTIONS, Spot::Sibling));
    all.push(Grants::of(&ACTIONS, Spot::Everywhere));
    if let Need::All(steps) = need {
        let wanted = steps.iter().filter_map(|step| match step {
            Step::May(action, spot) => Some((*action, *spot)),
            Step::Handle(actions, spot) => Some((*actions.last()?, *spot)),
            Step::Know(_) | Step::Hold(_) | Step::BeAPerson => None,
        });
        // Exactly what is needed; and everything everywhere, but for one action that is.
        let exact = wanted
            .clone()
            .map(|(action, spot)| Grants::of(&[action], spot));
        all.extend(exact.reduce(Grants::and));
        all.extend(wanted.map(|(action, _)| Grants::of(&all_but(&[action]), Spot::Everywhere)));
    }
    all.dedup();
    all.into_iter().map(Somebody::machine).collect()
}
