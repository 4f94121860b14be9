//! Every key of a project in every config of it.

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::{Serialize, Serializer};
use ssm_domain::access::Action;
use ssm_domain::compare::{self, Cell, Standing};
use ssm_domain::entry::Target;
use ssm_domain::names::{Key, Slug};
use ssm_domain::rejection::Rejection;
use ssm_domain::seal::KeyRing;
use ssm_domain::secret::SecretValue;
use utoipa::ToSchema;

use super::super::secrets::render::json;
use super::admit;
use crate::http::auth::Auth;
use crate::http::errors::{ApiResult, ReadErrors};
use crate::http::path::ProjectPath;
use crate::http::query::Params;

/// After how many bytes of values a page ends.
const MAX_VALUES: usize = 4 * 1024 * 1024;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Grid<'a> {
    /// The columns, in the order of slugs
    configs: Vec<&'a str>,
    /// The rows, in the order of keys
    keys: Vec<GridRow<'a>>,
    /// What `cursor` takes for the next page; absent where there is none
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
}

/// A key.
#[derive(Serialize, ToSchema)]
pub(crate) struct GridRow<'a> {
    #[schema(example = "DATABASE_URL")]
    key: &'a str,
    /// One for each column
    cells: Vec<GridCell<'a>>,
}

/// A key in one config.
#[derive(Serialize, ToSchema)]
pub(crate) struct GridCell<'a> {
    config: &'a str,
    /// `own`, `inherited`, `overridden` (an own value that hides one from above) or `missing`
    #[schema(example = "own")]
    state: &'static str,
    /// Whether a reference in it leads nowhere, or for ever on
    broken: bool,
    /// The config that the value is from
    source: Option<&'a str>,
    /// The nearest config whose value it hides
    overrides: Option<&'a str>,
    /// With `values=true`, the value as it is stored; `null` where there is none
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    value: Option<Opened>,
}

struct Opened(Option<SecretValue>);

impl Serialize for Opened {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0.as_ref();
        value.map(SecretValue::reveal).serialize(serializer)
    }
}

impl Opened {
    fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |value| value.reveal().len())
    }
}

impl<'a> GridRow<'a> {
    /// With values where `keys` are there to open them.
    fn of(key: &'a Key, cells: &[Cell<'a>], keys: Option<&KeyRing>) -> Result<Self, Rejection> {
        let cells = cells.iter().map(|cell| {
            let effective = cell.effective.as_ref();
            let open = |keys| effective.map(|found| found.open(key, keys)).transpose();
            let value = keys.map(open).transpose();
            let value = value.map_err(|_| Rejection::Unopenable(key.to_string()))?;
            let overrides = effective.and_then(|found| found.overrides);
            Ok(GridCell {
                config: cell.config.slug.as_str(),
                state: match cell.standing {
                    Standing::Own => "own",
                    Standing::Inherited => "inherited",
                    Standing::Overridden => "overridden",
                    Standing::Missing => "missing",
                },
                broken: cell.broken,
                source: effective.map(|found| found.source.slug.as_str()),
                overrides: overrides.map(|config| config.slug.as_str()),
                value: value.map(Opened),
            })
        });
        Ok(Self {
            key: key.as_str(),
            cells: cells.collect::<Result<_, Rejection>>()?,
        })
    }

    fn bytes(&self) -> usize {
        let values = self.cells.iter().filter_map(|cell| cell.value.as_ref());
        values.map(Opened::bytes).sum()
    }
}

/// Every key of a project in every config of it
///
/// Shows the configs in which the caller has `configs:read`; with `values=true`, those in which they have `secrets:read`,
/// too. There are no values unless they are asked for.
#[utoipa::path(
    get, path = "/api/projects/{project}/compare", operation_id = "compareConfigs", tag = "Compare",
    params(
        ("project" = String, Path),
        ("values" = Option<bool>, Query, description = "The values, too, as they are stored; `false` unless told. A page may then have fewer keys than asked for, although there are more"),
        ("limit" = Option<u64>, Query, description = "How many keys: 50 unless told, 100 at most"),
        ("cursor" = Option<String>, Query, description = "The `nextCursor` of the page before"),
    ),
    responses((status = 200, body = Grid, description = "Keys by configs"), ReadErrors)
)]
pub(crate) async fn grid(auth: Auth, path: ProjectPath, params: Params) -> ApiResult<Response> {
    let values = params.flag("values", false);
    let needed: &[_] = match values {
        Ok(true) => &[Action::ConfigsRead, Action::SecretsRead],
        Ok(false) | Err(_) => &[Action::ConfigsRead],
    };
    admit(&auth, &path.0, needed)?;
    let asked = Asked {
        needed,
        values: values?,
        after: params.parsed("cursor")?,
        limit: params.limit()?,
    };
    let page = page(&auth, &path.0, &asked)?;
    if page.has_values {
        let target = Target {
            project: Some(path.0),
            ..Target::default()
        };
        auth.record_read_of("secrets.read", target).await?;
    }
    let media_type = HeaderValue::from_static("application/json");
    Ok(([(CONTENT_TYPE, media_type)], page.body).into_response())
}

/// What is asked for.
struct Asked {
    /// What the caller has to have in a config for it to show.
    needed: &'static [Action],
    values: bool,
    after: Option<Key>,
    limit: usize,
}

/// A part of the grid that has been made.
struct Page {
    body: Vec<u8>,
    has_values: bool,
}

fn page(auth: &Auth, project: &Slug, asked: &Asked) -> ApiResult<Page> {
    let engine = &auth.app.engine;
    engine.look_inside(&auth.actor, |state, caller, ring| {
        let found = caller.project(project)?;
        let configs = compare::open_to(state, caller, found, asked.needed);
        let keys = compare::keys(state, &configs, asked.after.as_ref(), asked.limit + 1);
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for key in keys.iter().take(asked.limit) {
            let cells = compare::row(state, caller.authority(), &configs, key);
            let row = GridRow::of(key, &cells, asked.values.then_some(ring))?;
            bytes += row.bytes();
            rows.push(row);
            if bytes > MAX_VALUES {
                break;
            }
        }
        let last = rows.last().map(|row| row.key);
        let has_values = asked.values && !rows.is_empty();
        let grid = Grid {
            configs: configs.iter().map(|config| config.slug.as_str()).collect(),
            next_cursor: last.filter(|_| rows.len() < keys.len()),
            keys: rows,
        };
        Ok(Page {
            body: json(&grid)?,
            has_values,
        })
    })
}
