//! Which of the providers that can be named this build has.

use crate::config::{ConfigError, Provider, ProviderChoice, StageKind};

/// A provider of this build.
pub(super) enum Available {
    /// The engines on this machine.
    Local,
    /// Made-up answers.
    #[cfg(feature = "fakes")]
    Fake,
}

/// The one provider of a stage: the local one unless another is named.
pub(super) fn of(stage: StageKind, choices: &[ProviderChoice]) -> Result<Available, ConfigError> {
    let setting = stage.setting();
    let mut available = Vec::new();
    for choice in choices {
        let name = choice.provider;
        available.push(match name {
            Provider::Local => Available::Local,
            #[cfg(feature = "fakes")]
            Provider::Fake => Available::Fake,
            _ => return Err(ConfigError::unavailable(&format!("{setting}={name}"))),
        });
        if let Some(model) = &choice.model {
            return Err(ConfigError::new(format!("{setting}={name}:{model}: {name} has no models to choose from")));
        }
    }
    if available.len() > 1 {
        let names: Vec<_> = choices.iter().map(|choice| choice.provider.as_str()).collect();
        let all = names.join(",");
        return Err(ConfigError::new(format!("{setting}={all}: several providers are not available in this build")));
    }
    Ok(available.pop().unwrap_or(Available::Local))
}
