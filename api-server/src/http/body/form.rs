//! Bodies as forms send them: `application/x-www-form-urlencoded`.

use ssm_domain::secret::Password;
use zeroize::Zeroizing;

use crate::http::errors::{ApiError, ApiResult};

/// A form, which may hold plaintext: wiped when dropped, never shown.
pub(crate) struct Form(Zeroizing<Vec<u8>>);

impl Form {
    pub(super) fn of(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The first value of a field that has to be there.
    pub(crate) fn required(&self, name: &str) -> ApiResult<Zeroizing<String>> {
        let mut fields = form_urlencoded::parse(&self.0);
        let found = fields.find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.into_owned().into())
            .ok_or_else(|| ApiError::invalid(name, "is missing"))
    }

    /// A password that has to be there.
    pub(crate) fn password(&self, name: &str) -> ApiResult<Password> {
        let mut text = self.required(name)?;
        Ok(Password::new(std::mem::take(&mut text)))
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn the_first_value_of_a_field_counts_and_an_absent_one_is_named() {
        let form = Form::of(b"a=x%26y+z&b=&a=2".to_vec().into());
        assert_eq!(*form.required("a").ok().unwrap(), "x&y z");
        assert_eq!(*form.required("b").ok().unwrap(), "");
        let error = form.required("c").err().unwrap();
        assert!(format!("{error:?}").contains("is missing"));
    }
}
