//! The site's database in the Redis of the library's store.

mod connection;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use secondfactor::codes::UnixTime;
use secondfactor::store::drivers::redis::{self, Client, ConnectionAddr, Script};
use secondfactor::store::{AnyStore, RedisStore};

use self::connection::Connection;
use super::{ALIKE, Database, Entry, LIST_LEN, warn_of_network};
use crate::Outcome;
use crate::user::{Change, Permissions, User, activity_list, note_from_name, note_name};

/// A name is a key with the user's id, so that it is taken in the same step.
const ADD_USER: &str = "\
if redis.call('SETNX', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[2], unpack(ARGV, 2))
redis.call('SADD', KEYS[3], ARGV[1])
return 1
";
/// The generation and the id of the login that changes the user come second and third.
const CHANGE_USER: &str = "\
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local generation, kept = unpack(redis.call('HMGET', KEYS[1], 'generation', 'kept_login'))
if ARGV[2] ~= '' and generation ~= ARGV[2] and (ARGV[3] == '' or kept ~= ARGV[3]) then return false end
if ARGV[1] == '1' then redis.call('HSET', KEYS[1], 'kept_login', ARGV[3]) end
if ARGV[4] ~= '' then redis.call('LPUSH', KEYS[2], ARGV[4]) end
if #ARGV > 4 then redis.call('HSET', KEYS[1], unpack(ARGV, 5)) end
return redis.call('HINCRBY', KEYS[1], 'generation', ARGV[1])
";

const SWAP_SESSION: &str = "\
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3])
return 1
";

const ADD_ENTRY: &str = "\
redis.call('LPUSH', KEYS[1], ARGV[1])
local all, kept, alike = redis.call('LRANGE', KEYS[1], 0, -1), {}, {}
for _, entry in ipairs(all) do
    local said = cjson.decode(entry)
    said = said.by .. ':' .. said.text
    alike[said] = (alike[said] or 0) + 1
    if alike[said] <= tonumber(ARGV[2]) and #kept < tonumber(ARGV[3]) then table.insert(kept, entry) end
end
if #kept < #all then
    redis.call('DEL', KEYS[1])
    redis.call('RPUSH', KEYS[1], unpack(kept))
end
";

/// The primary's address. After a failover the library's store, and the site's own connection, follow it by themselves.
pub(super) fn open(address: &str) -> Outcome<(AnyStore, Arc<dyn Database>)> {
    let client = client(address)?;
    let store = RedisStore::new(client.clone());
    Ok((AnyStore::new(store), Arc::new(Redis::new(client))))
}

pub(super) fn client(address: &str) -> Outcome<Client> {
    // The error of a bad address could quote it, and with it the password.
    let client = Client::open(address).map_err(|_| "the address of Redis can't be read")?;
    if let ConnectionAddr::Tcp(host, _) = client.get_connection_info().addr() {
        warn_of_network(std::slice::from_ref(host));
    }
    Ok(client)
}

pub(super) struct Redis {
    connection: Connection,
    add_user: Script,
    change_user: Script,
    swap_session: Script,
    add_entry: Script,
}

impl Redis {
    pub(super) fn new(client: Client) -> Self {
        Self {
            connection: Connection::new(client),
            add_user: Script::new(ADD_USER),
            change_user: Script::new(CHANGE_USER),
            swap_session: Script::new(SWAP_SESSION),
            add_entry: Script::new(ADD_ENTRY),
        }
    }

    fn connection(&self) -> Connection {
        self.connection.clone()
    }
}

// The braces keep all keys on one node of a cluster, as a script wants them.

fn user_key(id: &str) -> String {
    format!("{{web-login}}:user:{id}")
}

fn name_key(name: &str) -> String {
    format!("{{web-login}}:name:{name}")
}

fn organisation_key(organisation: &str) -> String {
    format!("{{web-login}}:organisation:{organisation}")
}

fn session_key(key: &str) -> String {
    format!("{{web-login}}:session:{key}")
}

fn sessions_key(account: &str) -> String {
    format!("{{web-login}}:sessions:{account}")
}

fn list_key(list: &str) -> String {
    format!("{{web-login}}:list:{list}")
}

#[async_trait]
impl Database for Redis {
    async fn ping(&self) -> Outcome {
        Ok(redis::cmd("PING")
            .query_async::<String>(&mut self.connection())
            .await
            .map(drop)?)
    }

    async fn add_user(&self, user: &User) -> Outcome<bool> {
        let fields = [
            ("id", user.id.clone()),
            ("name", user.name.clone()),
            ("password", user.password.clone()),
            ("must_change_password", flag(user.must_change_password)),
            ("organisation", user.organisation.clone()),
            ("organisation_name", user.organisation_name.clone()),
            ("is_owner", flag(user.is_owner)),
            ("permissions", user.permissions.names()),
            ("note", note_name(user.note).to_owned()),
            ("generation", user.generation.to_string()),
            ("kept_login", user.kept_login.clone()),
            ("deadline", user.deadline.to_string()),
        ];
        let mut add = self.add_user.key(name_key(&user.name));
        add.key(user_key(&user.id))
            .key(organisation_key(&user.organisation))
            .arg(&user.id);
        for (field, value) in &fields {
            add.arg(*field).arg(value);
        }
        Ok(add.invoke_async::<u32>(&mut self.connection()).await? == 1)
    }

    async fn user(&self, id: &str) -> Outcome<Option<User>> {
        let fields: HashMap<String, String> = redis::cmd("HGETALL")
            .arg(user_key(id))
            .query_async(&mut self.connection())
            .await?;
        if fields.is_empty() {
            Ok(None)
        } else {
            user(&fields).map(Some)
        }
    }

    async fn user_by_name(&self, name: &str) -> Outcome<Option<User>> {
        let id: Option<String> = redis::cmd("GET")
            .arg(name_key(name))
            .query_async(&mut self.connection())
            .await?;
        match id {
            Some(id) => self.user(&id).await,
            None => Ok(None),
        }
    }

    async fn users_in(&self, organisation: &str) -> Outcome<Vec<User>> {
        let key = organisation_key(organisation);
        let ids: Vec<String> = redis::cmd("SMEMBERS")
            .arg(key)
            .query_async(&mut self.connection())
            .await?;
        let mut users = Vec::new();
        for id in ids {
            users.extend(self.user(&id).await?);
        }
        Ok(users)
    }

    async fn change_user(&self, id: &str, change: &Change) -> Outcome<Option<u64>> {
        let fields = [
            ("password", change.password.clone()),
            (
                "must_change_password",
                change.must_change_password.map(flag),
            ),
            ("note", change.note.map(|note| note_name(note).to_owned())),
            ("permissions", change.permissions.map(Permissions::names)),
            ("deadline", change.deadline.map(|at| at.to_string())),
        ];
        let mut script = self.change_user.key(user_key(id));
        let (generation, login) = change.login_parts();
        let generation = generation.map_or_else(String::new, |generation| generation.to_string());
        let told = change
            .told
            .as_ref()
            .map(serde_json::to_string)
            .transpose()?;
        script
            .key(list_key(&activity_list(id)))
            .arg(u8::from(change.ends_sessions))
            .arg(generation)
            .arg(login)
            .arg(told.unwrap_or_default());
        for (field, value) in &fields {
            if let Some(value) = value {
                script.arg(*field).arg(value);
            }
        }
        Ok(script
            .invoke_async::<Option<u64>>(&mut self.connection())
            .await?)
    }

    async fn add_session(
        &self,
        key: &str,
        account: &str,
        body: &str,
        ends: UnixTime,
    ) -> Outcome<bool> {
        // It ends with the last of them. What it names may have ended before.
        let mut name = redis::pipe();
        name.sadd(sessions_key(account), key)
            .ignore()
            .expire_at(sessions_key(account), number(ends))
            .ignore();
        name.query_async::<()>(&mut self.connection()).await?;
        let mut set = redis::cmd("SET");
        set.arg(session_key(key)).arg(body).arg("NX");
        set.arg("EXAT").arg(ends.as_secs());
        Ok(set
            .query_async::<Option<String>>(&mut self.connection())
            .await?
            .is_some())
    }

    async fn swap_session(
        &self,
        key: &str,
        old: &str,
        body: &str,
        ends: UnixTime,
    ) -> Outcome<bool> {
        let mut swap = self.swap_session.key(session_key(key));
        swap.arg(old).arg(body).arg(ends.as_secs());
        Ok(swap.invoke_async::<u32>(&mut self.connection()).await? == 1)
    }

    async fn session(&self, key: &str) -> Outcome<Option<String>> {
        let mut get = redis::cmd("GET");
        get.arg(session_key(key));
        Ok(get.query_async(&mut self.connection()).await?)
    }

    async fn sessions_of(&self, account: &str) -> Outcome<Vec<(String, String)>> {
        let mut members = redis::cmd("SMEMBERS");
        members.arg(sessions_key(account));
        let keys: Vec<String> = members.query_async(&mut self.connection()).await?;
        let mut sessions = Vec::new();
        for key in keys {
            if let Some(body) = self.session(&key).await? {
                sessions.push((key, body));
            }
        }
        Ok(sessions)
    }

    async fn end_session(&self, key: &str) -> Outcome<Option<String>> {
        let mut take = redis::cmd("GETDEL");
        take.arg(session_key(key));
        Ok(take.query_async(&mut self.connection()).await?)
    }

    /// Redis forgets them by itself.
    async fn sweep_sessions(&self, _: UnixTime) -> Outcome {
        Ok(())
    }

    async fn add_entry(&self, list: &str, entry: &Entry) -> Outcome {
        let mut add = self.add_entry.key(list_key(list));
        add.arg(serde_json::to_string(entry)?)
            .arg(ALIKE)
            .arg(LIST_LEN);
        Ok(add.invoke_async::<()>(&mut self.connection()).await?)
    }

    async fn entries(&self, list: &str) -> Outcome<Vec<Entry>> {
        let mut range = redis::cmd("LRANGE");
        let entries: Vec<String> = range
            .arg(list_key(list))
            .arg(0)
            .arg(-1)
            .query_async(&mut self.connection())
            .await?;
        entries
            .iter()
            .map(|entry| Ok(serde_json::from_str(entry)?))
            .collect()
    }
}

fn number(at: UnixTime) -> i64 {
    i64::try_from(at.as_secs()).unwrap_or(i64::MAX)
}

fn flag(value: bool) -> String {
    u8::from(value).to_string()
}

fn user(fields: &HashMap<String, String>) -> Outcome<User> {
    let field = |name: &str| {
        fields
            .get(name)
            .cloned()
            .ok_or_else(|| format!("a user has no {name}"))
    };
    Ok(User {
        id: field("id")?,
        name: field("name")?,
        password: field("password")?,
        must_change_password: field("must_change_password")? != "0",
        organisation: field("organisation")?,
        organisation_name: field("organisation_name")?,
        is_owner: field("is_owner")? == "1",
        permissions: Permissions::from_names(field("permissions")?.split(' ')),
        note: note_from_name(&field("note")?),
        generation: field("generation")?.parse()?,
        kept_login: field("kept_login")?,
        deadline: field("deadline")?.parse()?,
    })
}
