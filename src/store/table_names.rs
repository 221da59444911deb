//! The names of the tables, where an application sets them.

/// Names the tables of a store in an SQL database: all begin with one prefix.
///
/// The default is `secondfactor`, so the records are in `secondfactor_record`.
///
/// ```
/// use secondfactor::store::TableNames;
///
/// let names = TableNames::new("login.mfa")?; // in the schema `login`: `mfa_record` and so on
/// assert!(TableNames::new("mfa; DROP TABLE users").is_err());
/// # Ok::<(), secondfactor::store::TableNameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableNames {
    schema: Option<String>,
    prefix: String,
}

impl TableNames {
    /// Takes a prefix, or a schema and a prefix with a dot between.
    ///
    /// # Errors
    /// [`TableNameError`] unless each of the two has 1 to 48 characters `a` to `z`, `0` to `9` and
    /// `_`, and begins with no digit. The database then takes it as it is written.
    pub fn new(prefix: &str) -> Result<Self, TableNameError> {
        let (schema, prefix) = match prefix.split_once('.') {
            Some((schema, prefix)) => (Some(schema), prefix),
            None => (None, prefix),
        };
        if is_plain(prefix) && schema.is_none_or(is_plain) {
            let (schema, prefix) = (schema.map(str::to_owned), prefix.to_owned());
            return Ok(Self { schema, prefix });
        }
        Err(TableNameError(()))
    }

    /// Writes an SQL text for these names: `{p}` begins a table's name, `{schema}` is the schema
    /// or nothing, and `{prefix}` the prefix alone.
    pub(super) fn fill(&self, template: &str) -> String {
        let schema = self.schema.as_deref().unwrap_or_default();
        let dot = if schema.is_empty() { "" } else { "." };
        template
            .replace("{p}", &format!("{schema}{dot}{}", self.prefix))
            .replace("{schema}", schema)
            .replace("{prefix}", &self.prefix)
    }
}

impl Default for TableNames {
    fn default() -> Self {
        Self {
            schema: None,
            prefix: "secondfactor".to_owned(),
        }
    }
}

/// PostgreSQL cuts a name after 63 bytes, without an error: some are left for what is appended.
fn is_plain(name: &str) -> bool {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    (1..=48).contains(&name.len())
        && name.bytes().all(is_plain)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// Says that a name has characters that a table's name must not have here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a table name may have 1 to 48 of a-z, 0-9 and _, beginning with no digit, and one schema before it"
)]
pub struct TableNameError(());
