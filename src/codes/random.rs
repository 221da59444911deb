//! Random bytes from the operating system.

/// The operating system gave no random bytes. Nothing new can be made until it does.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: try again later")]
pub struct RngError(#[source] rand::rngs::SysError);

pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), RngError> {
    use rand::TryRng as _;
    rand::rngs::SysRng.try_fill_bytes(bytes).map_err(RngError)
}
