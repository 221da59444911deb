//! Keeps the swaps of a server waiting.

use std::sync::{Arc, Mutex};

use secondfactor::store::drivers::deadpool_postgres::Client;
use secondfactor::store::drivers::redis;
use secondfactor::store::drivers::sqlx::{self, MySqlConnection};

use crate::daemon::Daemon;
use crate::place::{Place, connection, pool};
use crate::sqlx_pools;
use crate::support::run;

/// A connection that keeps every swap waiting as long as it is there.
pub(crate) enum Hold {
    Postgres { _client: Box<Client> },
    Redis(redis::aio::MultiplexedConnection),
    MariaDb { _connection: MySqlConnection },
}

/// What holds them, to be run once.
pub(crate) fn hold_swaps(
    place: &Place,
    held: &Arc<Mutex<Option<Hold>>>,
) -> Box<dyn FnOnce() + Send> {
    let (place, held) = (place.clone(), Arc::clone(held));
    Box::new(move || {
        let hold = run(async {
            match place {
                Place::Postgres { config } | Place::SqlxPostgres { config } => {
                    let client = pool(&config).get().await.unwrap();
                    client
                        .batch_execute("BEGIN; SELECT FROM secondfactor_record FOR UPDATE")
                        .await
                        .unwrap();
                    Hold::Postgres {
                        _client: Box::new(client),
                    }
                }
                Place::Redis { url, .. } => {
                    let mut client = connection(&url).await;
                    let mut pause = redis::cmd("CLIENT");
                    pause.arg("PAUSE").arg(600_000).arg("WRITE");
                    let () = pause.query_async(&mut client).await.unwrap();
                    Hold::Redis(client)
                }
                Place::SqlxMariaDb { url } => {
                    let mut connection =
                        sqlx_pools::mariadb(&url).acquire().await.unwrap().detach();
                    let hold =
                        sqlx::raw_sql("BEGIN; SELECT version FROM secondfactor_record FOR UPDATE");
                    hold.execute(&mut connection).await.unwrap();
                    Hold::MariaDb {
                        _connection: connection,
                    }
                }
                _ => unreachable!(),
            }
        });
        *held.lock().unwrap() = Some(hold);
    })
}

pub(crate) fn let_go(held: &Mutex<Option<Hold>>) {
    match held.lock().unwrap().take() {
        Some(Hold::Redis(mut client)) => {
            let () = run(redis::cmd("CLIENT").arg("UNPAUSE").query_async(&mut client)).unwrap();
        }
        other => drop(other),
    }
}

pub(crate) fn until_a_swap_waits(daemon: &Daemon, place: &Place) {
    match place {
        Place::Postgres { config } | Place::SqlxPostgres { config } => run(async {
            let client = pool(config).get().await.unwrap();
            let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
            while client
                .query_one(waiting, &[])
                .await
                .unwrap()
                .get::<_, i64>(0)
                == 0
            {}
        }),
        Place::SqlxMariaDb { url } => run(async {
            let pool = sqlx_pools::mariadb(url);
            let waiting =
                "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'";
            while sqlx::query_scalar::<_, i64>(waiting)
                .fetch_one(&pool)
                .await
                .unwrap()
                == 0
            {
                // The server shows what it has gathered, a tenth of a second old at most.
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }),
        _ => run(async {
            let mut client = connection(&daemon.address()).await;
            loop {
                let info: String = redis::cmd("INFO")
                    .arg("clients")
                    .query_async(&mut client)
                    .await
                    .unwrap();
                if !info.contains("blocked_clients:0") {
                    return;
                }
            }
        }),
    }
}
