//! Requests to valgrind: its manual, section 3.1, and valgrind.h. Nothing happens outside of it.

use std::arch::asm;
use std::cell::Cell;

use secondfactor::{Code, RecoveryCode};

const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
const MAKE_MEM_DEFINED: usize = 0x4d43_0002;

pub fn is_there() -> bool {
    client_request(RUNNING_ON_VALGRIND, 0, 0) != 0
}

/// How many branches and addresses were reported that depend on undefined bytes.
pub fn reports() -> usize {
    client_request(COUNT_ERRORS, 0, 0)
}

pub fn mark_undefined(bytes: &[u8]) {
    client_request(MAKE_MEM_UNDEFINED, bytes.as_ptr().addr(), bytes.len());
}

/// A code is its value, then how many digits it has, which is no secret. That this order is right, a twin shows.
pub fn mark_code(mut code: Code) -> Code {
    client_request(
        MAKE_MEM_UNDEFINED,
        std::ptr::from_mut(&mut code).addr(),
        size_of::<u32>(),
    );
    code
}

/// A recovery code is its symbols. That they are there, a twin shows.
pub fn mark_recovery_code(code: &RecoveryCode) {
    client_request(
        MAKE_MEM_UNDEFINED,
        std::ptr::from_ref(code).addr(),
        size_of::<RecoveryCode>(),
    );
}

thread_local! {
    static VERDICTS: Cell<usize> = const { Cell::new(0) };
}

/// What the library gives out: from here on it may be branched on. Verdicts, of one byte, are counted.
pub fn declassify(bytes: &mut [u8]) {
    client_request(MAKE_MEM_DEFINED, bytes.as_mut_ptr().addr(), bytes.len());
    if bytes.len() == 1 {
        VERDICTS.set(VERDICTS.get() + 1);
    }
}

/// How many verdicts were declassified since this was last asked.
pub fn take_verdicts() -> usize {
    VERDICTS.take()
}

fn client_request(code: usize, address: usize, len: usize) -> usize {
    let arguments = [code, address, len, 0, 0, 0];
    let mut result = 0_usize;
    // SAFETY: four rotations by 128 bits in all, and an exchange of a register with itself: no effect on their own.
    unsafe {
        asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") result,
            options(nostack),
        );
    }
    result
}
