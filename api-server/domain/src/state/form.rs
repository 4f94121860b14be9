//! How snapshots write what entries write with absent fields left out, which only a text with names in it can do: as
//! tuples.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::access::{ActionSet, Place, Scope};
use crate::change::Reference;
use crate::id::{ConfigId, ProjectId};
use crate::names::Key;

/// Something that has a form for snapshots.
pub(super) trait Formed: Sized {
    type Form: Serialize + for<'de> Deserialize<'de>;

    fn form(&self) -> Self::Form;
    fn from_form(form: Self::Form) -> Self;
}

impl Formed for Scope {
    type Form = (ActionSet, Option<ProjectId>, Option<ConfigId>);

    fn form(&self) -> Self::Form {
        (self.actions, self.place.project_id, self.place.config_id)
    }

    fn from_form((actions, project_id, config_id): Self::Form) -> Self {
        let place = Place {
            project_id,
            config_id,
        };
        Self { actions, place }
    }
}

impl Formed for Reference {
    type Form = (Option<ConfigId>, Key);

    fn form(&self) -> Self::Form {
        (self.config_id, self.key.clone())
    }

    fn from_form((config_id, key): Self::Form) -> Self {
        Self { config_id, key }
    }
}

pub(super) fn serialize<T: Formed, S: Serializer>(
    items: &Arc<[T]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items.iter().map(T::form))
}

pub(super) fn deserialize<'de, T: Formed, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Arc<[T]>, D::Error> {
    let forms = Vec::<T::Form>::deserialize(deserializer)?;
    Ok(forms.into_iter().map(T::from_form).collect())
}

/// The same for lists that may be absent.
pub(super) mod optional {
    use super::{Arc, Deserialize, Deserializer, Formed, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(in crate::state) fn serialize<T: Formed, S: Serializer>(
        items: &Option<Arc<[T]>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let forms = items
            .as_ref()
            .map(|items| items.iter().map(T::form).collect::<Vec<_>>());
        forms.serialize(serializer)
    }

    pub(in crate::state) fn deserialize<'de, T: Formed, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Arc<[T]>>, D::Error> {
        let forms = Option::<Vec<T::Form>>::deserialize(deserializer)?;
        Ok(forms.map(|forms| forms.into_iter().map(T::from_form).collect()))
    }
}
