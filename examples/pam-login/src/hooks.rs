//! What PAM calls by name.

use std::ffi::CStr;

use pam::constants::{PamFlag, PamResultCode};
use pam::module::{PamHandle, PamHooks};

use crate::login;

struct SecondFactor;
pam::pam_hooks!(SecondFactor);

impl PamHooks for SecondFactor {
    fn sm_authenticate(
        handle: &mut PamHandle,
        arguments: Vec<&CStr>,
        flags: PamFlag,
    ) -> PamResultCode {
        login::authenticate(handle, &arguments, flags)
    }

    /// There are no credentials beside the login itself, and a failure here would refuse it.
    fn sm_setcred(_: &mut PamHandle, _: Vec<&CStr>, _: PamFlag) -> PamResultCode {
        PamResultCode::PAM_SUCCESS
    }
}
