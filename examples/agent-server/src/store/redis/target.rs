//! Where Redis is: one server, or the nodes of a cluster.

use redis::Client;
use std::fmt;

/// `REDIS_URL`, checked. It may hold a password, so it shows nothing of itself.
#[derive(Clone)]
pub struct Target {
    pub(super) clients: Vec<Client>,
    pub(super) urls: Vec<String>,
    pub(super) is_cluster: bool,
}

impl Target {
    /// `redis://[user:password@]host[:port][/database]`, `rediss://…` for TLS, `redis+cluster://host[,host…]` or
    /// `rediss+cluster://…` for a cluster; several addresses separated by commas are a cluster as well.
    ///
    /// # Errors
    /// What is wrong, without any part of it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const SHAPE: &str =
            "must be redis://, rediss://, redis+cluster:// or rediss+cluster:// and hosts, separated by commas";
        let (scheme, rest) = text.split_once("://").ok_or(SHAPE)?;
        let (base, named_cluster) = match scheme.strip_suffix("+cluster") {
            Some(base) => (base, true),
            None => (scheme, false),
        };
        if !matches!(base, "redis" | "rediss") {
            return Err(SHAPE);
        }
        let urls: Vec<String> = rest
            .split(',')
            .map(|part| match part.trim().split_once("://") {
                Some((_, address)) => format!("{base}://{address}"),
                None => format!("{base}://{}", part.trim()),
            })
            .collect();
        // Its own message might quote the password.
        let clients: Result<Vec<Client>, _> = urls.iter().map(|url| Client::open(url.as_str())).collect();
        let clients = clients.map_err(|_| SHAPE)?;
        Ok(Self { is_cluster: named_cluster || urls.len() > 1, clients, urls })
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("is_cluster", &self.is_cluster).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_clusters_are_told_apart() {
        for (text, cluster, urls) in [
            ("redis://localhost", false, &["redis://localhost"][..]),
            ("rediss://u:p@cache.example:6380/2", false, &["rediss://u:p@cache.example:6380/2"]),
            ("redis+cluster://a", true, &["redis://a"]),
            ("redis+cluster://a:7000, b:7001", true, &["redis://a:7000", "redis://b:7001"]),
            ("rediss://a,rediss://b", true, &["rediss://a", "rediss://b"]),
        ] {
            let target = Target::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(
                (target.is_cluster, &target.urls[..]),
                (cluster, &urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>()[..]),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_its_password() {
        for text in ["localhost", "http://localhost", "redis://u:hush@host:port", "redis+cluster://", "redis://"] {
            if let Err(error) = Target::parse(text) {
                assert!(!error.contains("hush"), "{error}");
            } else {
                assert_eq!(text, "redis://", "no host is the local one");
            }
        }
        assert!(!format!("{:?}", Target::parse("redis://u:hush@host").unwrap()).contains("hush"));
    }
}
