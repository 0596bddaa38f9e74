//! What tokens were used for, as far as this server knows.

use super::Claims;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use voice_core::SessionId;

/// Tokens whose use is known. Only those that this server's key has signed get here, and that are good for so many
/// sessions, each until it has ended.
const MOST_TOKENS: usize = 100_000;

type Accounts = Arc<Mutex<HashMap<String, Account>>>;

/// Counts the sessions of each token.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accounts: Accounts,
}

#[derive(Debug)]
struct Account {
    expires: u64,
    /// Sessions open, and connections about to open one.
    open: u32,
    /// Sessions there were, those included.
    used: u32,
    /// Whether it has to be remembered what it was used for once nothing is open.
    is_for_so_many: bool,
}

/// The right of a token to one session. Dropping it ends the session's count among those open; one that was never
/// [begun](Self::begun) has not been used at all.
#[derive(Debug)]
pub(crate) struct Use {
    /// The session that it is for.
    pub(crate) session: SessionId,
    begun: bool,
    /// The token's account; none where it may have any number of sessions.
    account: Option<(String, Accounts)>,
    /// Told at the end whether it had begun, where other servers count it too.
    pub(super) ended: Option<oneshot::Sender<bool>>,
}

/// Why a token opens no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spent {
    /// As many are open as it may have at once.
    Busy,
    /// It has had as many as it may have.
    Used,
    /// Too many tokens are in use for this one to be counted.
    Crowded,
}

impl Ledger {
    /// Counts one more session of a token.
    ///
    /// # Errors
    /// It may have no more.
    pub(super) fn claim(&self, claims: &Claims, now: u64) -> Result<Use, Spent> {
        let counted = |account: &mut Account| {
            if claims.max_uses.is_some_and(|most| account.used >= most.get()) {
                return Err(Spent::Used);
            }
            if claims.max_sessions.is_some_and(|most| account.open >= most.get()) {
                return Err(Spent::Busy);
            }
            account.open += 1;
            account.used = account.used.saturating_add(1);
            Ok(())
        };
        self.count(claims, SessionId::random(), now, counted)
    }

    /// Counts a session that another server has counted as a use, and that goes on here.
    ///
    /// # Errors
    /// Too many tokens are in use.
    pub(super) fn carry(&self, claims: &Claims, session: SessionId, now: u64) -> Result<Use, Spent> {
        let counted = |account: &mut Account| {
            account.open += 1;
            Ok(())
        };
        let mut carried = self.count(claims, session, now, counted)?;
        carried.begun();
        Ok(carried)
    }

    fn count(
        &self,
        claims: &Claims,
        session: SessionId,
        now: u64,
        counted: impl FnOnce(&mut Account) -> Result<(), Spent>,
    ) -> Result<Use, Spent> {
        if !claims.are_counted() {
            return Ok(Use { session, begun: false, account: None, ended: None });
        }
        let mut accounts = lock(&self.accounts);
        if accounts.len() >= MOST_TOKENS && !accounts.contains_key(&claims.id) {
            accounts.retain(|_, account| account.open > 0 || account.expires > now);
            if accounts.len() >= MOST_TOKENS {
                return Err(Spent::Crowded);
            }
        }
        let is_for_so_many = claims.max_uses.is_some();
        let account = accounts.entry(claims.id.clone());
        let account = account.or_insert(Account { expires: claims.expires, open: 0, used: 0, is_for_so_many });
        account.expires = account.expires.max(claims.expires);
        counted(account)?;
        Ok(Use { session, begun: false, account: Some((claims.id.clone(), self.accounts.clone())), ended: None })
    }
}

impl Use {
    /// The session has begun.
    pub(crate) fn begun(&mut self) {
        self.begun = true;
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            // Nobody listens where the others refused, or could not be asked.
            let _ = ended.send(self.begun);
        }
        let Some((id, accounts)) = &self.account else { return };
        let mut accounts = lock(accounts);
        let Some(account) = accounts.get_mut(id) else { return };
        account.open = account.open.saturating_sub(1);
        if !self.begun {
            account.used = account.used.saturating_sub(1);
        }
        if account.open == 0 && !(account.is_for_so_many && account.used > 0) {
            accounts.remove(id);
        }
    }
}

fn lock(accounts: &Accounts) -> MutexGuard<'_, HashMap<String, Account>> {
    accounts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    fn claims(max_sessions: u32, max_uses: u32) -> Claims {
        Claims {
            id: "one".into(),
            expires: 1_000,
            begins: 0,
            made: 0,
            audience: String::new(),
            user: None,
            max_sessions: NonZeroU32::new(max_sessions),
            max_uses: NonZeroU32::new(max_uses),
            origin: None,
        }
    }

    #[test]
    fn a_token_has_as_many_sessions_at_once_and_in_all_as_it_may() {
        let ledger = Ledger::default();
        let token = claims(1, 2);
        let mut first = ledger.claim(&token, 0).unwrap();
        first.begun();
        assert_eq!(ledger.claim(&token, 0).map(drop), Err(Spent::Busy));
        drop(first);
        let mut second = ledger.claim(&token, 0).unwrap();
        second.begun();
        assert_eq!(ledger.claim(&token, 0).map(drop), Err(Spent::Used));
        drop(second);
        assert_eq!(ledger.claim(&token, 0).map(drop), Err(Spent::Used), "for good");
    }

    #[test]
    fn what_did_not_begin_is_not_used() {
        let ledger = Ledger::default();
        for _ in 0..5 {
            drop(ledger.claim(&claims(1, 1), 0).unwrap());
        }
    }

    #[test]
    fn a_session_that_came_from_another_server_is_open_and_no_further_use() {
        let ledger = Ledger::default();
        let token = claims(1, 1);
        let carried = ledger.carry(&token, SessionId::random(), 0).unwrap();
        assert_eq!(ledger.claim(&token, 0).map(drop), Err(Spent::Busy));
        drop(carried);
        assert!(ledger.claim(&token, 0).is_ok());
    }

    #[test]
    fn what_need_not_be_remembered_takes_no_memory() {
        let ledger = Ledger::default();
        let any = Claims { max_sessions: None, max_uses: None, ..claims(1, 1) };
        let once = Claims { max_uses: None, ..claims(1, 1) };
        let (mut open, mut other) = (ledger.claim(&any, 0).unwrap(), ledger.claim(&once, 0).unwrap());
        open.begun();
        other.begun();
        assert_eq!(lock(&ledger.accounts).len(), 1, "without limits there is nothing to count");
        drop((open, other));
        assert!(lock(&ledger.accounts).is_empty(), "and at once only while they are open");
    }

    #[test]
    fn only_tokens_that_have_ended_are_forgotten() {
        let ledger = Ledger::default();
        let token = |id: usize| Claims { id: id.to_string(), expires: 10 + (id as u64 % 2), ..claims(1, 1) };
        for id in 0..MOST_TOKENS {
            ledger.claim(&token(id), 0).unwrap().begun();
        }
        assert_eq!(ledger.claim(&token(MOST_TOKENS), 0).map(drop), Err(Spent::Crowded));
        assert_eq!(ledger.claim(&token(0), 0).map(drop), Err(Spent::Used));
        assert!(ledger.claim(&token(MOST_TOKENS), 10).is_ok(), "half of them have ended");
        assert_eq!(ledger.claim(&token(1), 10).map(drop), Err(Spent::Used));
        assert!(lock(&ledger.accounts).len() <= MOST_TOKENS / 2 + 1);
    }
}
