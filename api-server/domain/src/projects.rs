//! Projects: a name, configs, and a data key of its own.

use crate::access::{Action, Place};
use crate::caller::{Actor, Caller};
use crate::command::{Command, Draft, Env, RecordName};
use crate::entry::{Change, Target};
use crate::id::ProjectId;
use crate::names::{Description, DisplayName, Slug};
use crate::rejection::{Noun, Rejection};
use crate::secrets::Edit;
use crate::state::{Project, State};
use crate::time::Timestamp;

/// A project as a command left it, whatever has come since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectWritten {
    /// Its id.
    pub id: ProjectId,
    /// Its name in paths.
    pub slug: Slug,
    /// Its name for people.
    pub name: DisplayName,
    /// What it is about.
    pub description: Option<Description>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Makes a project.
pub struct CreateProject {
    /// Its name in paths.
    pub slug: Slug,
    /// Its name for people; the slug where there is none.
    pub name: Option<DisplayName>,
    /// What it is about.
    pub description: Option<Description>,
}

impl Command for CreateProject {
    type Answer = ProjectWritten;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<ProjectWritten>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        caller.require(Action::ProjectsWrite, Place::EVERYWHERE)?;
        if state.project_at(&self.slug).is_some() {
            return Err(Rejection::AlreadyExists(Noun::Project));
        }
        let project_id = ProjectId::random(env.rng);
        let wrapped = env
            .keys
            .create(env.rng, project_id, state.root_key()?)
            .map_err(|_| Rejection::KeyMissing)?;
        let record = wrapped.auth_record();
        let (slug, name) = (&self.slug, self.name.clone());
        let made = ProjectWritten {
            id: project_id,
            slug: slug.clone(),
            name: name.unwrap_or_else(|| DisplayName::of(slug)),
            description: self.description.clone(),
            created_at: env.written_at(state),
        };
        let added = Change::ProjectAdded {
            project_id,
            slug: made.slug.clone(),
            name: made.name.clone(),
            description: made.description.clone(),
            data_key: wrapped.named_by(&record),
        };
        let mut draft = Draft::new(caller.name(), "projects.write", target(slug), made);
        draft.changes.push(added);
        draft.records.push(record);
        Ok(draft)
    }
}

/// Calls a project otherwise.
pub struct UpdateProject {
    /// Its name in paths.
    pub slug: Slug,
    /// Its new name for people.
    pub name: Option<DisplayName>,
    /// What it is about.
    pub description: Edit<Description>,
}

impl Command for UpdateProject {
    type Answer = ProjectWritten;

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<ProjectWritten>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let project = caller.project(&self.slug)?;
        caller.require(Action::ProjectsWrite, Place::project(project.id))?;
        let written = ProjectWritten {
            id: project.id,
            slug: project.slug.clone(),
            name: self.name.clone().unwrap_or_else(|| project.name.clone()),
            description: self.description.over(project.description.clone()),
            created_at: project.created_at,
        };
        let is_new = written.name != project.name || written.description != project.description;
        let updated = Change::ProjectUpdated {
            project_id: project.id,
            name: written.name.clone(),
            description: written.description.clone(),
        };
        let target = target(&self.slug);
        let mut draft = Draft::new(caller.name(), "projects.update", target, written);
        draft.changes.extend(is_new.then_some(updated));
        Ok(draft)
    }
}

/// Deletes a project with its configs, revokes the tokens that are for it, and destroys its data key.
pub struct DeleteProject {
    /// Its name in paths.
    pub slug: Slug,
}

impl Command for DeleteProject {
    type Answer = ();

    fn decide(
        &self,
        state: &State,
        actor: &Actor,
        env: &mut Env<'_>,
    ) -> Result<Draft<()>, Rejection> {
        let caller = Caller::identify(state, actor, env.now)?;
        let project = caller.project(&self.slug)?;
        caller.require(Action::ProjectsWrite, Place::project(project.id))?;
        let target = target(&self.slug);
        let mut draft = Draft::new(caller.name(), "projects.delete", target, ());
        draft.changes.push(Change::ProjectDeleted {
            project_id: project.id,
        });
        draft
            .changes
            .extend(tokens_for(state, project).map(|token_id| Change::TokenRevoked { token_id }));
        let keys = project.data_keys.iter().map(|data_key| &data_key.key);
        let records = keys.map(|key| RecordName::key(key.record_id));
        draft.destroyed.extend(records);
        Ok(draft)
    }
}

/// An entry's target that is a project.
fn target(slug: &Slug) -> Target {
    Target {
        project: Some(slug.clone()),
        ..Target::default()
    }
}

/// The tokens that are good for this project only, and so for nothing once it is gone.
fn tokens_for<'a>(
    state: &'a State,
    project: &'a Project,
) -> impl Iterator<Item = crate::id::TokenId> + 'a {
    let only_here = |token: &&crate::state::Token| {
        token.revoked_at.is_none()
            && token
                .scopes
                .iter()
                .all(|scope| scope.place.project_id == Some(project.id))
    };
    state.tokens().filter(only_here).map(|token| token.id)
}
