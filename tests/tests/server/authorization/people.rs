//! People of every role, in the workspace and in the project of the moment.

use futures::future::join_all;
use serde_json::json;
use ssm_tests::caller::{Caller, fresh};
use ssm_tests::canary;

use super::everybody::Somebody;
use super::grants::Grants;
use super::world::World;

const WORKSPACE_ROLES: [&str; 4] = ["owner", "admin", "collaborator", "viewer"];
/// Those that allow anything.
const PROJECT_ROLES: [&str; 3] = ["viewer", "collaborator", "admin"];

/// Makes one of every role, signed in; and one who was, and has been disabled.
pub async fn invite(owner: &Caller) -> Vec<Somebody> {
    let of_workspace = WORKSPACE_ROLES.map(|role| (role, "none"));
    let of_project = PROJECT_ROLES.map(|role| ("viewer", role));
    let roles = [&of_workspace[..], &of_project].concat();
    let invited = roles.into_iter().map(|roles| member(owner, roles));
    let mut people = join_all(invited).await;
    let gone = member(owner, ("owner", "none")).await;
    let (username, _) = gone.password.as_ref().expect("they have signed in");
    let path = format!("/api/workspace/members/{username}");
    owner.delete(&path).await.ok();
    people.push(gone.disabled());
    people
}

/// Gives everybody their role in the project of a new world.
pub async fn take_roles(people: &[Somebody], world: &World) {
    for somebody in people {
        let (Some(role), Some((username, _))) = (somebody.project_role, &somebody.password) else {
            continue;
        };
        let path = format!("/api/workspace/projects/{}/members", world.project());
        let body = json!({"subjectType": "user", "subjectId": username, "role": role});
        world.owner().put(&path, body).await.ok();
    }
}

async fn member(owner: &Caller, (role, in_project): (&str, &'static str)) -> Somebody {
    let (username, password) = (fresh(role), canary::password());
    let body = json!({"username": username, "password": password, "workspaceRole": role});
    owner.post("/api/workspace/members", body).await.ok();
    let session = owner.sign_in(&username).await;
    let name = match in_project {
        "none" => format!("a workspace {role}"),
        in_project => format!("a workspace {role} who is {in_project} of the project"),
    };
    let grants = Grants::of_roles(role, in_project);
    let mut member = Somebody::person(&name, &session, grants, (username, password));
    member.project_role = Some(in_project).filter(|role| *role != "none");
    member
}
