//! Takes over what other modules keep, so that their users keep their phones.

use std::fs;

use secondfactor::provisioning::{Token, TokenError};
use secondfactor::{Label, NewDevice};

use crate::Outcome;
use crate::command::{Command, require_user};
use crate::terminal::say;

impl Command {
    /// The file does not say whose it is.
    pub(crate) fn import_google(&self, label: &str, file: &str) -> Outcome {
        let token = Token::read_google_authenticator(&fs::read(file)?)?;
        self.import(vec![NewDevice::from_token(Label::new(label)?, &token)?])
    }

    /// A line that can't be read may be this user's, so nothing is taken over then.
    pub(crate) fn import_oath(&self, label: &str, file: &str) -> Outcome {
        let tokens: Result<Vec<Token>, TokenError> =
            Token::read_users_file(&fs::read(file)?).collect();
        let tokens = tokens?;
        let of_user = tokens
            .iter()
            .filter(|token| token.owner() == Some(&self.name));
        let devices: Outcome<Vec<NewDevice>> = of_user
            .zip(1_u32..)
            .map(|(token, number)| {
                let label = match number {
                    1 => label.to_owned(),
                    _ => format!("{label} {number}"),
                };
                Ok(NewDevice::from_token(Label::new(label)?, token)?)
            })
            .collect();
        self.import(devices?)
    }

    fn import(&self, devices: Vec<NewDevice>) -> Outcome {
        require_user(&self.name)?;
        if devices.is_empty() {
            return Err("the file has no device of this user".into());
        }
        self.mfa
            .danger_import_unproven(&self.account, &self.actor, devices, None)?;
        let name = &self.name;
        say(format_args!(
            "Done. The other module may have accepted the present codes, so wait for two minutes. Then, with {name} and the phone: \
             secondfactor-pam codes {name}"
        ))
    }
}
