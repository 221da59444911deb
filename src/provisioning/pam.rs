//! What PAM modules keep on a server: the users file of pam_oath, and the file of Google Authenticator.

mod google_authenticator;
mod users_file;
