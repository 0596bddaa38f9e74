//! The conversations, by what they are about.

mod failures;
mod interruptions;
mod memory;
mod sayings;
mod sessions;
mod speculation;
mod tools;
mod turns;

use crate::talk::Talk;

/// All of them, in the order of the file.
pub(crate) fn all() -> Vec<Talk> {
    [
        turns::all(),
        interruptions::all(),
        sayings::all(),
        failures::all(),
        tools::all(),
        speculation::all(),
        memory::all(),
        sessions::all(),
    ]
    .concat()
}
