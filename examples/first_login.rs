//! A first login, whole: `cargo run --example first_login`.
#![allow(clippy::print_stdout)] // it is for reading

use std::time::Duration;

use secondfactor::codes::{Clock, SystemClock, Totp};
use secondfactor::store::MemoryStore;
use secondfactor::{AccountId, Code, Keyring, Label, Mfa, SealingKey};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    pollster::block_on(async {
        // At start: a store, `SqliteStore::open("accounts.db")` behind a login, and the key that seals its records. Make the
        // key once by `SealingKey::create_file`, away from the database, and load it by `SealingKey::load_file`.
        let mfa = Mfa::new(MemoryStore::new(), Keyring::new(SealingKey::generate()?));
        // With another key than before this is an error, and nothing starts.
        for finding in mfa.check().await?.findings() {
            println!("the store: {finding}");
        }
        let alice = AccountId::new("user-4711")?;

        // Opting in: show the key once, as a QR code. A code that the app shows proves that it works.
        let enrollment = mfa.enroll(&alice, Label::new("phone")?).await?;
        let uri = enrollment.key_uri("Example", "alice@example.com");
        println!("for the phone: {}", &*uri.expose_uri());
        let phone = Totp::new(enrollment.secret()); // here, we play the phone as well
        let confirmed = mfa
            .confirm(&alice, enrollment.device(), phone.at(SystemClock.now())?)
            .await?;

        // To be printed and kept, for the day on which the phone is lost.
        for code in mfa.issue_recovery_codes(&confirmed, None).await? {
            println!("recovery code: {}", &*code.expose_text());
        }

        // At each login, after the password. `?` fails closed. The phone shows its next code after half a minute.
        let typed = phone
            .at(SystemClock.now().saturating_add(Duration::from_secs(30)))?
            .to_string();
        let verified = mfa.verify(&alice, typed.parse::<Code>()?).await?;
        println!(
            "{} is in, by device {}",
            verified.account(),
            verified.device()
        );

        // RFC 6238 section 5.2: "The verifier MUST NOT accept the second attempt of the OTP".
        let again = mfa.verify(&alice, typed.parse::<Code>()?).await;
        println!(
            "the same code again: {}",
            again.err().map_or("accepted".into(), |e| e.to_string())
        );
        Ok(())
    })
}
