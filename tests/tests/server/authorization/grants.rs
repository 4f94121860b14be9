//! Who may do what, as the contract says it. It is written down here a second time so that the two have to agree.

/// Every action.
pub const ACTIONS: [&str; 23] = [
    "projects:read",
    "projects:write",
    "configs:read",
    "configs:write",
    "secrets:read",
    "secrets:write",
    "secrets:delete",
    "secrets:export",
    "tokens:read",
    "tokens:write",
    "tokens:revoke",
    "audit:read",
    "users:manage",
    "workspace:settings:read",
    "workspace:settings:manage",
    "workspace:members:read",
    "workspace:members:manage",
    "workspace:groups:read",
    "workspace:groups:manage",
    "workspace:project-members:read",
    "workspace:project-members:manage",
    "workspace:mappings:read",
    "workspace:mappings:manage",
];

/// Actions that are about no project, so that holding one shows none.
const OF_THE_WORKSPACE: [&str; 9] = [
    "users:manage",
    "workspace:settings:read",
    "workspace:settings:manage",
    "workspace:members:read",
    "workspace:members:manage",
    "workspace:groups:read",
    "workspace:groups:manage",
    "workspace:mappings:read",
    "workspace:mappings:manage",
];

/// A place in the world of a trial, where an action happens or a grant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// The workspace.
    Everywhere,
    /// The project that paths name.
    Project,
    /// The config of it that paths name.
    Config,
    /// Another config of the same project, from which the one that paths name inherits nothing.
    Sibling,
    /// Another project.
    Foreign,
}

impl Spot {
    /// Every place.
    pub const ALL: [Self; 5] = [
        Self::Everywhere,
        Self::Project,
        Self::Config,
        Self::Sibling,
        Self::Foreign,
    ];

    fn covers(self, other: Self) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Project => matches!(other, Self::Project | Self::Config | Self::Sibling),
            Self::Config | Self::Sibling | Self::Foreign => self == other,
        }
    }

    fn meets(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }
}

/// What somebody may do, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grants(Vec<(&'static str, Spot)>);

impl Grants {
    /// Each of `actions` at `spot`.
    pub fn of(actions: &[&'static str], spot: Spot) -> Self {
        Self(actions.iter().map(|action| (*action, spot)).collect())
    }

    /// What a role in the workspace gives together with one in the project.
    pub fn of_roles(workspace: &str, project: &str) -> Self {
        let everywhere = match workspace {
            "owner" => ACTIONS.to_vec(),
            "admin" => all_but(&[
                "users:manage",
                "workspace:settings:manage",
                "workspace:members:manage",
            ]),
            _ => vec!["workspace:members:read"],
        };
        let viewer = [
            "projects:read",
            "configs:read",
            "secrets:read",
            "secrets:export",
            "audit:read",
        ];
        let collaborator = [&viewer[..], &["configs:write", "secrets:write"]].concat();
        let here = match project {
            "viewer" => viewer.to_vec(),
            "collaborator" => collaborator,
            "admin" => [&collaborator[..], &["secrets:delete"]].concat(),
            _ => Vec::new(),
        };
        Self::of(&everywhere, Spot::Everywhere).and(Self::of(&here, Spot::Project))
    }

    /// These and the others.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Each place with the actions that hold there.
    pub fn by_spot(&self) -> impl Iterator<Item = (Spot, Vec<&'static str>)> {
        Spot::ALL.into_iter().filter_map(|spot| {
            let here = self.0.iter().filter(|(_, at)| *at == spot);
            let actions: Vec<_> = here.map(|(action, _)| *action).collect();
            (!actions.is_empty()).then_some((spot, actions))
        })
    }

    /// Whether the place may be known of.
    pub fn shows(&self, spot: Spot) -> bool {
        spot == Spot::Everywhere
            || self
                .0
                .iter()
                .any(|(action, at)| !OF_THE_WORKSPACE.contains(action) && at.meets(spot))
    }

    /// Whether the place's name may be read: one's own scopes name the places that they are for.
    pub fn names(&self, spot: Spot) -> bool {
        self.shows(spot) || self.0.iter().any(|(_, at)| at.meets(spot))
    }

    fn allows(&self, action: &str, spot: Spot) -> bool {
        self.0
            .iter()
            .any(|(held, at)| *held == action && at.covers(spot))
    }

    fn holds(&self, action: &str) -> bool {
        self.0.iter().any(|(held, _)| *held == action)
    }
}

/// Every action but these.
pub fn all_but(without: &[&str]) -> Vec<&'static str> {
    ACTIONS
        .into_iter()
        .filter(|action| !without.contains(action))
        .collect()
}

/// What an operation asks of its caller.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// Nothing at all.
    Nothing,
    /// A token that is alive.
    Token,
    /// To be a person, not a machine.
    Person,
    /// A username and its password, and then to pass each of these.
    Password(&'static [Step]),
    /// To pass each of these, in this order.
    All(&'static [Step]),
}

/// One thing that is looked at.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// To know of the place, and to be allowed the action there.
    May(&'static str, Spot),
    /// To know of the place.
    Know(Spot),
    /// To be a person, not a machine.
    BeAPerson,
    /// To hold one of these anywhere, in which case the answer is made of where it holds. People may always ask.
    Hold(&'static [&'static str]),
    /// To be allowed the last of these for all of a token that is for the place; one of them lets it be known.
    Handle(&'static [&'static str], Spot),
}

/// What somebody proves to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Nothing, or something that is worth nothing any more.
    None,
    /// A machine.
    Service,
    /// A person.
    Person,
}

/// How an operation answers somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does it.
    Allowed,
    /// 401.
    Unauthenticated,
    /// 404, as if what they name were not there.
    Hidden,
    /// 403.
    Forbidden,
}

/// How an operation that asks for `need` answers somebody with these grants.
pub fn verdict(need: Need, proof: Proof, grants: &Grants) -> Verdict {
    match (need, proof) {
        (Need::Nothing, _) => Verdict::Allowed,
        (_, Proof::None) | (Need::Password(_), Proof::Service) => Verdict::Unauthenticated,
        (Need::Token, _) | (Need::Person, Proof::Person) => Verdict::Allowed,
        (Need::Person, Proof::Service) => Verdict::Forbidden,
        (Need::All(steps) | Need::Password(steps), _) => steps
            .iter()
            .map(|step| passes(*step, proof, grants))
            .find(|verdict| *verdict != Verdict::Allowed)
            .unwrap_or(Verdict::Allowed),
    }
}

fn passes(step: Step, proof: Proof, grants: &Grants) -> Verdict {
    let told = |known, allowed| match (known, allowed) {
        (false, _) => Verdict::Hidden,
        (true, false) => Verdict::Forbidden,
        (true, true) => Verdict::Allowed,
    };
    match step {
        Step::May(action, spot) => told(grants.shows(spot), grants.allows(action, spot)),
        Step::Know(spot) => told(grants.shows(spot), true),
        Step::BeAPerson => told(true, proof == Proof::Person),
        Step::Hold(actions) => told(
            true,
            proof == Proof::Person || actions.iter().any(|action| grants.holds(action)),
        ),
        Step::Handle(actions, spot) => {
            let mut allowed = actions.iter().map(|action| grants.allows(action, spot));
            let last = allowed.next_back().unwrap_or(false);
            told(last || allowed.any(|allowed| allowed), last)
        }
    }
}
