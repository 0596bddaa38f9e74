//! How facts and commands are written down where serde has to be told.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// Text that is shared.
pub(super) mod shared {
    use super::*;

    pub(in crate::conversation) fn serialize<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(in crate::conversation) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<str>, D::Error> {
        String::deserialize(deserializer).map(Into::into)
    }
}

/// Shared text, or `null`.
pub(super) fn shared_if_any<S: Serializer>(text: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_deref().serialize(serializer)
}

/// A value that is there: `null` is one, unlike a field left out.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
