//! Every key of a project in every config of it.

mod opened;

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use ssm_domain::access::Action;
use ssm_domain::compare::{self, Cell, Standing};
use ssm_domain::entry::Target;
use ssm_domain::names::{Key, Slug};
use ssm_domain::rejection::Rejection;
use utoipa::ToSchema;

use self::opened::{Opened, Shown};
use super::super::secrets::render::json;
use super::admit;
use crate::http::auth::Auth;
use crate::http::errors::{ApiResult, ReadErrors};
use crate::http::path::ProjectPath;
use crate::http::query::{MAX_LIMIT, Params};

/// After how many bytes of values a page ends.
const MAX_VALUES: usize = 4 * 1024 * 1024;
/// How many bytes are opened for a page without values before it ends: each of them costs time, and no room.
const MAX_OPENED: usize = 16 * 1024 * 1024;
/// The most keys of a page without values.
const MAX_KEYS: u64 = 1_000;
/// How many cells a page has at most, unless one row has more.
const MAX_CELLS: usize = 100_000;

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
    /// Equal for equal values of the row, as they are stored; counted from 0 in the order of columns. `null` where there is no
    /// value, or where the caller does not have `secrets:read`
    group: Option<usize>,
    /// With `values=true`, the value as it is stored; `null` where there is none
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    value: Option<Shown>,
}

impl<'a> GridRow<'a> {
    /// With values where they are asked for. Cells that the caller may not read have neither a value nor a group.
    fn of(
        key: &'a Key,
        cells: &[Cell<'a>],
        may_read: impl Fn(&Cell<'_>) -> bool,
        opened: &Opened,
        values: bool,
    ) -> Result<Self, Rejection> {
        let cells = cells.iter().map(|cell| {
            let effective = cell.effective.as_ref();
            let found = opened.of_cell(cell).filter(|_| may_read(cell));
            if values && effective.is_some() && found.is_none() {
                return Err(Rejection::Unopenable(key.to_string()));
            }
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
                group: found.map(|(_, group)| *group),
                value: values.then(|| Shown(found.map(|(value, _)| value.clone()))),
            })
        });
        Ok(Self {
            key: key.as_str(),
            cells: cells.collect::<Result<_, Rejection>>()?,
        })
    }

    fn bytes(&self) -> usize {
        let values = self.cells.iter().filter_map(|cell| cell.value.as_ref());
        let values = values.filter_map(|shown| shown.0.as_ref());
        values.map(|value| value.reveal().len()).sum()
    }
}

/// Every key of a project in every config of it
///
/// Shows the configs in which the caller has `configs:read`; with `values=true`, those in which they have `secrets:read`,
/// too. There are no values unless they are asked for; which of a row are equal is told by their `group`. A page of many configs
/// may have fewer keys than asked for, although there are more.
#[utoipa::path(
    get, path = "/api/projects/{project}/compare", operation_id = "compareConfigs", tag = "Compare",
    params(
        ("project" = String, Path),
        ("values" = Option<bool>, Query, description = "The values, too, as they are stored; `false` unless told. A page may then have fewer keys than asked for, although there are more"),
        ("limit" = Option<u64>, Query, description = "How many keys: 50 unless told, 1000 at most, or 100 with values"),
        ("cursor" = Option<String>, Query, description = "The `nextCursor` of the page before"),
    ),
    responses((status = 200, body = Grid, description = "Keys by configs"), ReadErrors)
)]
pub(crate) async fn grid(auth: Auth, path: ProjectPath, params: Params) -> ApiResult<Response> {
    let values = params.flag("values", false);
    let (needed, most): (&[_], _) = match values {
        Ok(true) => (&[Action::ConfigsRead, Action::SecretsRead], MAX_LIMIT),
        Ok(false) | Err(_) => (&[Action::ConfigsRead], MAX_KEYS),
    };
    admit(&auth, &path.0, needed)?;
    let asked = Asked {
        needed,
        values: values?,
        after: params.parsed("cursor")?,
        limit: params.limit_up_to(most)?,
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
        let limit = asked.limit.min(MAX_CELLS / configs.len().max(1)).max(1);
        let keys = compare::keys(state, &configs, asked.after.as_ref(), limit + 1);
        let authority = caller.authority();
        let may_read = |cell: &Cell<'_>| authority.may(Action::SecretsRead, cell.config.place());
        let (mut rows, mut bytes, mut opened_bytes) = (Vec::new(), 0, 0);
        for key in keys.iter().take(limit) {
            let cells = compare::row(state, authority, &configs, key);
            let opened = Opened::of(key, &cells, may_read, ring);
            let row = GridRow::of(key, &cells, may_read, &opened, asked.values)?;
            bytes += row.bytes();
            opened_bytes += opened.bytes;
            rows.push(row);
            if bytes > MAX_VALUES || opened_bytes > MAX_OPENED {
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
