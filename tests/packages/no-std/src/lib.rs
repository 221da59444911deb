//! A program without std that uses the library without features.
//!
//! It is only built, never run. It has its own panic handler, and there can be but one: as soon as anything in the tree
//! links std, the compiler refuses with E0152, "found duplicate lang item `panic_impl`".
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

use secondfactor::Code;
use secondfactor::codes::{Secret, Totp, UnixTime, Window};

/// `alloc` wants an allocator; this one never has anything.
struct Empty;

// SAFETY: null says that the allocation failed, so there is never a block to free.
unsafe impl GlobalAlloc for Empty {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Empty = Empty;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// Whether the code of a time passes at that time.
#[unsafe(no_mangle)]
pub extern "C" fn secondfactor_no_std(now: u64) -> bool {
    let Ok(secret) = Secret::from_bytes(b"12345678901234567890") else {
        return false;
    };
    let totp = Totp::new(&secret);
    let now = UnixTime::from_secs(now);
    let Ok(code): Result<Code, _> = totp.at(now) else {
        return false;
    };
    totp.verify(code, now, Window::DEFAULT, None).is_some()
}
