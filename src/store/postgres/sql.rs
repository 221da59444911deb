//! The statements, by the names of a store's tables.

use crate::store::postgresql::{CHECK, CREATE, INSERT, LIST, LOAD, REMOVE, SCHEMA, UPDATE};
use crate::store::table_names::TableNames;

pub(super) struct Sql {
    pub(super) load: String,
    pub(super) update: String,
    pub(super) insert: String,
    pub(super) remove: String,
    pub(super) list: String,
    pub(super) check: String,
    pub(super) create: String,
}

impl Sql {
    pub(super) fn new(names: &TableNames) -> Self {
        let named = |sql: &str| names.fill(sql);
        Self {
            load: named(LOAD),
            update: named(UPDATE),
            insert: named(INSERT),
            remove: named(REMOVE),
            list: named(LIST),
            check: named(CHECK),
            create: named(&CREATE.replace("{SCHEMA}", SCHEMA)),
        }
    }
}
