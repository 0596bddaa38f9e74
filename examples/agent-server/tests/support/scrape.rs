//! What `/metrics` says, by the name and labels of a series.

use super::TestServer;
use std::collections::BTreeMap;

/// The samples of one scrape: `name{label="value"}` → value, without the prefix of the server.
#[derive(Debug)]
pub struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    pub async fn of(server: &TestServer) -> Self {
        let answer = server.get("/metrics").send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Self::parse(answer.text())
    }

    /// Reads the text, each line of which must be one of the format's.
    pub fn parse(text: &str) -> Self {
        assert!(text.ends_with("# EOF\n"), "the text is whole");
        let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            let series = series.strip_prefix("voice_agent_").expect("the prefix");
            (series.to_owned(), value.parse().expect("a number"))
        });
        Self(samples.collect())
    }

    /// The value of a series, which must be there.
    pub fn get(&self, series: &str) -> f64 {
        self.find(series).unwrap_or_else(|| panic!("no {series} in {:#?}", self.0))
    }

    pub fn find(&self, series: &str) -> Option<f64> {
        self.0.get(series).copied()
    }

    /// All series of a name, with their labels.
    pub fn series(&self, name: &str) -> Vec<&str> {
        let of_name = |series: &&str| series.split('{').next() == Some(name);
        self.0.keys().map(String::as_str).filter(of_name).collect()
    }
}
